/**
 * Gunther's law of scaling: N servers give N / (1 + serial (N - 1) + crosstalk N (N - 1)) times what one gives.
 * Without crosstalk it is Amdahl's. `serial` is the share of the work that only one can do at a time; `crosstalk`
 * what each has to do for each other one, which in the end makes more servers slower.
 */

export interface ScalingPoint {
  readonly servers: number;
  /** UNITS: any, the same for all. */
  readonly rate: number;
}

export interface ScalingLaw {
  /** Of one. */
  readonly rate: number;
  readonly serial: number;
  readonly crosstalk: number;
}

/**
 * The law of the least squares, or null where there are fewer than two points. REQUIRES: the first point is of one
 * server. With two points there is no telling both losses apart: all is serial then. What measures better than N
 * times is no loss.
 */
export function fitScalingLaw([one, ...more]: readonly ScalingPoint[]): ScalingLaw | null {
  if (one === undefined || more.length === 0) return null;
  // N X(1) / X(N) - 1 = serial (N - 1) + crosstalk N (N - 1): a plane through the origin.
  const rows = more.map(({ servers: n, rate }) => ({
    a: n - 1,
    b: n * (n - 1),
    loss: (n * one.rate) / rate - 1,
  }));
  const sum = (term: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((total, row) => total + term(row), 0);
  const [aa, ab, bb] = [sum(({ a }) => a * a), sum(({ a, b }) => a * b), sum(({ b }) => b * b)];
  const [al, bl] = [sum(({ a, loss }) => a * loss), sum(({ b, loss }) => b * loss)];
  const determinant = aa * bb - ab * ab;
  const { rate } = one;
  if (more.length > 1 && determinant > 0) {
    const serial = (al * bb - bl * ab) / determinant;
    const crosstalk = (bl * aa - al * ab) / determinant;
    if (serial >= 0 && crosstalk >= 0) return { rate, serial, crosstalk };
    if (serial < 0) return { rate, serial: 0, crosstalk: Math.max(0, bl / bb) };
  }
  return { rate, serial: Math.max(0, al / aa), crosstalk: 0 };
}

/** UNITS: those of the points. */
export function rateOf({ rate, serial, crosstalk }: ScalingLaw, servers: number): number {
  const others = servers - 1;
  return (rate * servers) / (1 + serial * others + crosstalk * servers * others);
}

/** How many servers give the most; Infinity: each further one gives more. */
export function mostUseful({ serial, crosstalk }: ScalingLaw): number {
  return crosstalk === 0 ? Infinity : Math.max(1, Math.floor(Math.sqrt((1 - serial) / crosstalk)));
}
