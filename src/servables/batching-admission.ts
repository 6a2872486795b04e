/**
 * BatchingAdmission: decides which requests of a version are batched and which run alone. Where they come one by
 * one, a request costs less without a task and a batch; where many are there at a time, they had better wait for
 * each other and share runs.
 */

import type { DirectLimits } from '../native/saved-model.js';
import { LOW_CONCURRENCY } from './queueing-gain.js';

/** While batches have fewer tasks on average, requests are taken to come one by one. */
const TOGETHER = 2;
const BATCH_WEIGHT = 1 / 16;

/**
 * Requests without a task, as binding/model/direct_admission.h has it of those that never come here: now
 * and then some come together at any load, and to queue those would only make it last longer. Where runs
 * are long that holds, too: fewer at once made larger batches of what had been small, and the p99 longer.
 */
const AT_ONCE = 32; // for each thread; on average LOW_CONCURRENCY
const DIRECT_WEIGHT = 1 / 64;

const NONE: DirectLimits = { average: 0, atOnce: 0 };

export class BatchingAdmission {
  /** Of those that come here. */
  readonly #ownLimits: DirectLimits;
  /** Of those that need not. */
  readonly #limits: DirectLimits | null;
  #tasks = 0;
  #tasksOfBatch = 1; // on average
  #direct = 0;
  #directOnAverage = 0;

  /** `concurrency`: requests in flight for each thread from which those had better come here that else do not. */
  constructor(threads: number, concurrency: number) {
    const atOnce = AT_ONCE * threads;
    this.#ownLimits = { average: LOW_CONCURRENCY * threads, atOnce };
    this.#limits = concurrency === Infinity ? null : { average: concurrency * threads, atOnce };
  }

  /** Now, of requests that need not come here; null: there are none, ever. */
  get limits(): DirectLimits | null {
    return this.#limits === null || this.#isNone ? this.#limits : NONE;
  }

  /** Requests come one by one, and no task is here that one without a task would overtake. */
  get #isNone(): boolean {
    return this.#tasks === 0 && this.#tasksOfBatch < TOGETHER;
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
