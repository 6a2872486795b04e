/**
 * BatchSize: the largest batch that is worth its time, learnt from the runs of one queue. Batches may
 * double as long as a row gets cheaper by that and the run stays within the latency budget; the size is
 * then the smallest one that is nearly as cheap as the best. Where a row costs the same in any batch,
 * that is one task at a time, which answers the first of them soonest.
 */
import { RunTimes } from './run-times.js';

/** A size counts when it has run so often. */
const ENOUGH_RUNS = 3;
/** Nearly as cheap as the best: within 3 %. */
const NEARLY = 1.03;
/** Doubling goes on where it made a row cheaper by 2 % at least. */
const WORTH_DOUBLING = 0.98;
/** What a batch costs beside its run: to form it, to wake a thread, to hear of its end. */
const BATCH_MILLIS = 0.02;
/** After so many full batches a size beside the chosen one is measured again, at first and later. */
const MEASURE_AGAIN_AFTER = 16;
const MEASURE_AGAIN_AT_MOST = 512;

export class BatchSize {
  readonly #maxRows: number;
  readonly #budgetMillis: number;
  readonly #times = new RunTimes();
  #chosen = 1;
  /** The size to be measured, 0: none; and whether larger or smaller ones follow where it is better. */
  #measured = 1;
  #upwards = true;
  #fullBatches = 0;
  #measureAgainAfter = MEASURE_AGAIN_AFTER;

  /** `budgetMillis`: how long a batch of several tasks may run. */
  constructor(maxRows: number, budgetMillis: number) {
    this.#maxRows = maxRows;
    this.#budgetMillis = budgetMillis;
  }

  /**
   * Rows that the next batch may have while so many wait. A size to be measured is a limit even while
   * fewer wait: clients that ask again when answered would otherwise come in batches of the chosen size,
   * and more than that would never wait.
   */
  limit(waitingRows: number): number {
    if (waitingRows >= this.#chosen && ++this.#fullBatches >= this.#measureAgainAfter) {
      this.#fullBatches = 0;
      this.#measureAgainAfter = Math.min(MEASURE_AGAIN_AT_MOST, this.#measureAgainAfter * 2);
      this.#upwards = !this.#upwards;
      this.#measure(this.#upwards ? this.#chosen * 2 : this.#chosen / 2);
    }
    return this.#measured > 0 ? this.#measured : this.#chosen;
  }

  /** Whether a batch of what waits would not become larger by waiting. */
  isFull(waitingRows: number): boolean {
    return this.#measured === 0 && waitingRows >= this.#chosen;
  }

  /** What `limit` would say, without counting as a batch. */
  get usual(): number {
    return this.#chosen;
  }

  /** Milliseconds that `rows` take, by what is known; 0 where nothing is. */
  expected(rows: number): number {
    return this.#times.expected(rows);
  }

  learn(rows: number, millis: number): void {
    this.#times.add(rows, millis);
    // A task may have more rows than the size to be measured: the smallest there is is then its own.
    const most = this.#upwards && this.#measured > 0 ? Math.min(rows, this.#maxRows) : 0;
    while (this.#measured < most) this.#measured *= 2;
    const before = this.#chosen;
    this.#chosen = this.#best();
    if (this.#measured === 0 || this.#times.runs(this.#measured) < ENOUGH_RUNS) return;
    const measured = this.#measured;
    this.#measured = 0;
    this.#fullBatches = 0;
    if (this.#upwards && this.#isCheaperThanHalf(measured)) this.#measure(measured * 2);
    if (!this.#upwards && this.#chosen < before) this.#measure(this.#chosen / 2);
  }

  #measure(size: number): void {
    this.#measured = 0;
    if (size < 1 || size > this.#maxRows) return;
    this.#times.forget(size);
    if (this.#times.expected(size) <= this.#budgetMillis || size === 1) this.#measured = size;
  }

  #best(): number {
    let best = Infinity;
    for (let size = 1; size <= this.#maxRows; size *= 2) {
      if (this.#counts(size)) best = Math.min(best, this.#perRow(size) ?? Infinity);
    }
    for (let size = 1; size <= this.#maxRows; size *= 2) {
      const perRow = this.#perRow(size);
      if (this.#counts(size) && perRow !== null && perRow <= best * NEARLY) return size;
    }
    return 1;
  }

  #counts(size: number): boolean {
    if (this.#times.runs(size) < ENOUGH_RUNS) return false;
    return size === 1 || this.#times.expected(size) <= this.#budgetMillis;
  }

  #isCheaperThanHalf(size: number): boolean {
    if (size === 1) return true;
    const half = this.#perRow(size / 2);
    const whole = this.#perRow(size);
    return half === null || whole === null || whole <= half * WORTH_DOUBLING;
  }

  #perRow(size: number): number | null {
    const perRow = this.#times.perRow(size);
    return perRow === null ? null : perRow + BATCH_MILLIS / size;
  }
}
