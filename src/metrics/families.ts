/**
 * Counter, Gauge and Histogram: metric families, each with a cell of numbers per combination of label
 * values. Whoever counts often keeps the cell: counting is then an addition. Event loop only.
 */
export interface ScalarSample {
  readonly labelValues: readonly string[];
  readonly value: number;
}

export interface HistogramSample {
  readonly labelValues: readonly string[];
  /** Values per limit, then those beyond the last limit; not cumulative. */
  readonly buckets: ArrayLike<number>;
  readonly sum: number;
}

/** What the exporter reads. `name` is upstream's: `/tensorflow/serving/request_count`. */
export type Family = ScalarFamily | HistogramFamily;

export interface ScalarFamily {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly labelNames: readonly string[];
  samples(): Iterable<ScalarSample>;
}

export interface HistogramFamily {
  readonly kind: 'histogram';
  readonly name: string;
  readonly labelNames: readonly string[];
  /** Ascending. */
  readonly limits: readonly number[];
  samples(): Iterable<HistogramSample>;
}

/** The order of cells: by label values, the first label first. */
export function byLabelValues(
  a: { readonly labelValues: readonly string[] },
  b: { readonly labelValues: readonly string[] },
): number {
  for (let i = 0; i < a.labelValues.length; ++i) {
    const [left = '', right = ''] = [a.labelValues[i], b.labelValues[i]];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

abstract class Cells<C extends { readonly labelValues: readonly string[] }> {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly #cells = new Map<string, C>();

  constructor(name: string, labelNames: readonly string[]) {
    this.name = name;
    this.labelNames = labelNames;
  }

  /** The cell of these label values, made at the first call. */
  cell(...labelValues: string[]): C {
    const key = JSON.stringify(labelValues);
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      cell = this.newCell(labelValues);
      this.#cells.set(key, cell);
    }
    return cell;
  }

  samples(): Iterable<C> {
    return this.#cells.values();
  }

  /** Forgets the others: whoever keeps a cell of theirs counts for nobody. */
  keep(isKept: (labelValues: readonly string[]) => boolean): void {
    for (const [key, cell] of this.#cells) {
      if (!isKept(cell.labelValues)) this.#cells.delete(key);
    }
  }

  protected abstract newCell(labelValues: readonly string[]): C;
}

export class ScalarCell implements ScalarSample {
  readonly labelValues: readonly string[];
  value = 0;

  constructor(labelValues: readonly string[]) {
    this.labelValues = labelValues;
  }

  add(amount: number): void {
    this.value += amount;
  }

  set(value: number): void {
    this.value = value;
  }
}

export class Counter extends Cells<Omit<ScalarCell, 'set'>> implements ScalarFamily {
  readonly kind = 'counter';
  protected newCell(labelValues: readonly string[]): ScalarCell {
    return new ScalarCell(labelValues);
  }
}

export class Gauge extends Cells<ScalarCell> implements ScalarFamily {
  readonly kind = 'gauge';
  protected newCell(labelValues: readonly string[]): ScalarCell {
    return new ScalarCell(labelValues);
  }
}

export class HistogramCell implements HistogramSample {
  readonly labelValues: readonly string[];
  readonly buckets: Float64Array;
  sum = 0;
  readonly #limits: readonly number[];

  constructor(labelValues: readonly string[], limits: readonly number[]) {
    this.labelValues = labelValues;
    this.buckets = new Float64Array(limits.length + 1);
    this.#limits = limits;
  }

  /** A value counts in the first bucket whose limit is greater, as upstream. */
  record(value: number): void {
    let low = 0;
    let high = this.#limits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#limits[middle] as number) > value) high = middle;
      else low = middle + 1;
    }
    (this.buckets[low] as number) += 1;
    this.sum += value;
  }
}

export class Histogram extends Cells<HistogramCell> implements HistogramFamily {
  readonly kind = 'histogram';
  readonly limits: readonly number[];

  constructor(name: string, labelNames: readonly string[], limits: readonly number[]) {
    super(name, labelNames);
    this.limits = limits;
  }

  protected newCell(labelValues: readonly string[]): HistogramCell {
    return new HistogramCell(labelValues, this.limits);
  }
}

/** What was counted elsewhere, as it is now. */
export function counterFamily(
  name: string,
  labelNames: readonly string[],
  samples: readonly ScalarSample[],
): ScalarFamily {
  return { kind: 'counter', name, labelNames, samples: () => samples };
}

export function histogramFamily(
  name: string,
  labelNames: readonly string[],
  limits: readonly number[],
  samples: readonly HistogramSample[],
): HistogramFamily {
  return { kind: 'histogram', name, labelNames, limits, samples: () => samples };
}

/** `first`, `first × growth`, …: `count` limits, multiplied up as upstream does. */
export function exponentialLimits(first: number, growth: number, count: number): number[] {
  const limits: number[] = [];
  for (let limit = first; limits.length < count; limit *= growth) limits.push(limit);
  return limits;
}

/** Upstream's limits of latencies in microseconds; binding/model/run_statistics.cc has the same. */
export const LATENCY_LIMITS: readonly number[] = exponentialLimits(10, 1.8, 33);
