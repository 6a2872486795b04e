/**
 * RunTimes: how long batches take by their rows, learnt from the runs. Sizes are kept by powers of two;
 * what is not known is guessed from the nearest size that is.
 */

/**
 * The weight of the newest run; the others fade. Whatever disturbs a run makes it longer, so one that is
 * faster than known says more than one that is slower.
 */
const FASTER = 0.2;
const SLOWER = 0.05;
/** So many runs at first count by the fastest: the first of a size is a slow one, as a rule. */
const FIRST_RUNS = 3;

interface Known {
  millis: number;
  rows: number;
  runs: number;
}

export class RunTimes {
  readonly #bySize: (Known | undefined)[] = [];

  add(rows: number, millis: number): void {
    const size = sizeOf(rows);
    const known = this.#bySize[size];
    if (known === undefined) {
      this.#bySize[size] = { millis, rows, runs: 1 };
      return;
    }
    const isFaster = millis * known.rows < known.millis * rows;
    let weight = isFaster ? FASTER : SLOWER;
    if (known.runs < FIRST_RUNS) weight = isFaster ? 1 : 0;
    // A run that was interrupted for long says nothing about the size.
    const bounded = Math.min(millis, 4 * known.millis);
    known.millis += (bounded - known.millis) * weight;
    known.rows += (rows - known.rows) * weight;
    ++known.runs;
  }

  /** What was learnt of the size class of `rows` does not hold any more. */
  forget(rows: number): void {
    this.#bySize[sizeOf(rows)] = undefined;
  }

  /** Runs seen of the size class of `rows`. */
  runs(rows: number): number {
    return this.#bySize[sizeOf(rows)]?.runs ?? 0;
  }

  /** Milliseconds per row in the size class of `rows`; null where none has run. */
  perRow(rows: number): number | null {
    const known = this.#bySize[sizeOf(rows)];
    return known === undefined ? null : known.millis / known.rows;
  }

  /**
   * Milliseconds for `rows`: of that size, else as the sizes below let expect, else those of the next
   * one above; 0 where none has run.
   */
  expected(rows: number): number {
    const size = sizeOf(rows);
    let below = size;
    while (below >= 0 && this.#bySize[below] === undefined) --below;
    const known = this.#bySize[below];
    if (known === undefined) return this.#bySize.find((other) => other !== undefined)?.millis ?? 0;
    if (below === size) return known.millis;
    const perRow = known.millis / known.rows;
    return known.millis + (rows - known.rows) * Math.min(perRow, this.#slopeUpTo(below));
  }

  /** Milliseconds that each row more costs; what a row costs in all where that is not known. */
  #slopeUpTo(size: number): number {
    const [upper, lower] = [this.#bySize[size], this.#bySize[size - 1]];
    if (upper === undefined || lower === undefined || upper.rows <= lower.rows) return Infinity;
    return Math.max(0, (upper.millis - lower.millis) / (upper.rows - lower.rows));
  }
}

/** 0: one row or none; 1: two; 2: three and four; and so on. */
function sizeOf(rows: number): number {
  return rows <= 1 ? 0 : 32 - Math.clz32(rows - 1);
}
