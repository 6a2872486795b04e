/** BatchStatistics: what a queue has done, for metrics. Counts only; read at any time. */

/** Upper limits of the buckets of rows; the last bucket has none. */
export const ROW_LIMITS: readonly number[] = Array.from({ length: 15 }, (_, i) => 2 ** i);
/** Of the time in the queue, in microseconds: 10 × 1.8^i. */
export const WAIT_LIMITS: readonly number[] = Array.from({ length: 33 }, (_, i) => 10 * 1.8 ** i);

export class Distribution {
  readonly buckets: number[];
  sum = 0;
  readonly #limits: readonly number[];

  constructor(limits: readonly number[]) {
    this.#limits = limits;
    this.buckets = new Array<number>(limits.length + 1).fill(0);
  }

  /** In the first bucket whose limit is greater, as upstream. */
  add(value: number): void {
    let low = 0;
    let high = this.#limits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value < (this.#limits[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.buckets[low] = (this.buckets[low] as number) + 1;
    this.sum += value;
  }
}

export class BatchStatistics {
  /** Rows of each task. */
  readonly taskRows = new Distribution(ROW_LIMITS);
  /** Rows of each batch, padding included. */
  readonly batchRows = new Distribution(ROW_LIMITS);
  /** Rows of padding of each batch. */
  readonly paddingRows = new Distribution(ROW_LIMITS);
  /** From enqueueing to the start of the run, in microseconds, of each task. */
  readonly waitMicros = new Distribution(WAIT_LIMITS);
  /** Tasks refused, and tasks dropped while they waited. */
  refused = 0;
  dropped = 0;
}
