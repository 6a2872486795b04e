/**
 * Company: whether the requests of a version come one by one, or so many at a time that they had better
 * wait for each other and share runs. Where they do not, a request costs less without a task and a batch.
 */

import type { DirectLimits } from '../native/saved-model.js';
import { SMALL_CROWD } from './queueing-gain.js';

/** While batches have fewer tasks on average, requests are taken to come one by one. */
const CROWD = 2;
const BATCH_WEIGHT = 1 / 16;

/**
 * Requests without a task, as binding/model/direct_admission.h has it of those that never come here: now
 * and then some come together at any load, and to queue those would only make it last longer. Where runs
 * are long that holds, too: fewer at once made batches of crowds that had been short, and the p99 longer.
 */
const AT_ONCE = 32; // for each thread; on average SMALL_CROWD
const DIRECT_WEIGHT = 1 / 64;

const NONE: DirectLimits = { average: 0, atOnce: 0 };

export class Company {
  /** Of those that come here. */
  readonly #ownLimits: DirectLimits;
  /** Of those that need not. */
  readonly #limits: DirectLimits | null;
  #tasks = 0;
  #tasksOfBatch = 1; // on average
  #direct = 0;
  #directOnAverage = 0;

  /** `crowd`: requests in flight for each thread from which those had better come here that else do not. */
  constructor(threads: number, crowd: number) {
    const atOnce = AT_ONCE * threads;
    this.#ownLimits = { average: SMALL_CROWD * threads, atOnce };
    this.#limits = crowd === Infinity ? null : { average: crowd * threads, atOnce };
  }

  /** Now, of requests that need not come here; null: there are none, ever. */
  get limits(): DirectLimits | null {
    return this.#limits === null || this.#isNone ? this.#limits : NONE;
  }

  /** Requests come one by one, and no task is here that one without a task would overtake. */
  get #isNone(): boolean {
    return this.#tasks === 0 && this.#tasksOfBatch < CROWD;
  }

  /** Whether a request that comes now may run without a task. */
  admit(): boolean {
    this.#directOnAverage += (this.#direct - this.#directOnAverage) * DIRECT_WEIGHT;
    const { average, atOnce } = this.#ownLimits;
    return this.#isNone && this.#directOnAverage < average && this.#direct < atOnce;
  }

  directBegan(): void {
    ++this.#direct;
  }

  directEnded(): void {
    --this.#direct;
  }

  taskCame(): void {
    ++this.#tasks;
  }

  tasksWent(count: number): void {
    this.#tasks -= count;
  }

  batchFormed(tasks: number): void {
    this.#tasksOfBatch += (tasks - this.#tasksOfBatch) * BATCH_WEIGHT;
  }
}
