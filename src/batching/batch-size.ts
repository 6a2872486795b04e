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
/** Every so many full batches the sizes beside the chosen one are measured again. */
const MEASURE_AGAIN_AFTER = 500;

export class BatchSize {
  readonly #maxRows: number;
  readonly #budgetMillis: number;
  readonly #times = new RunTimes();
  #chosen = 1;
  #tried = 1; // the largest size that may run
  #fullBatches = 0;
  #measureLarger = true;

  /** `budgetMillis`: how long a batch of several tasks may run. */
  constructor(maxRows: number, budgetMillis: number) {
    this.#maxRows = maxRows;
    this.#budgetMillis = budgetMillis;
  }

  /** Rows that the next batch may have while so many wait. */
  limit(waitingRows: number): number {
    if (this.#times.runs(this.#tried) < ENOUGH_RUNS) {
      return waitingRows >= this.#tried ? this.#tried : this.#chosen;
    }
    if (waitingRows >= this.#chosen && ++this.#fullBatches >= MEASURE_AGAIN_AFTER) {
      this.#fullBatches = 0;
      this.#measureLarger = !this.#measureLarger;
      const double = this.#chosen * 2;
      if (!this.#measureLarger) return Math.max(1, this.#chosen / 2);
      return waitingRows >= double && this.#mayRun(double) ? double : this.#chosen;
    }
    return this.#chosen;
  }

  /** Milliseconds that `rows` take, by what is known; 0 where nothing is. */
  expected(rows: number): number {
    return this.#times.expected(rows);
  }

  learn(rows: number, millis: number): void {
    this.#times.add(rows, millis);
    this.#choose();
  }

  #choose(): void {
    let best = Infinity;
    for (let size = 1; size <= this.#tried; size *= 2) {
      if (this.#counts(size)) best = Math.min(best, this.#times.perRow(size) ?? Infinity);
    }
    let size = 1;
    while (size < this.#tried && !this.#isNearly(size, best)) size *= 2;
    this.#chosen = this.#counts(size) ? size : 1;
    const double = this.#tried * 2;
    if (this.#times.runs(this.#tried) < ENOUGH_RUNS) return;
    if (this.#isCheaperThanHalf(this.#tried) && this.#mayRun(double)) this.#tried = double;
  }

  #counts(size: number): boolean {
    if (size > 1 && this.#times.runs(size) < ENOUGH_RUNS) return false;
    return size === 1 || this.#times.expected(size) <= this.#budgetMillis;
  }

  #isNearly(size: number, best: number): boolean {
    if (!this.#counts(size)) return false;
    const perRow = this.#times.perRow(size);
    return perRow !== null && perRow <= best * NEARLY;
  }

  #isCheaperThanHalf(size: number): boolean {
    if (size === 1) return true;
    const half = this.#times.perRow(size / 2);
    const whole = this.#times.perRow(size);
    return half === null || whole === null || whole <= half * WORTH_DOUBLING;
  }

  #mayRun(size: number): boolean {
    return size <= this.#maxRows && this.#times.expected(size) <= this.#budgetMillis;
  }
}
