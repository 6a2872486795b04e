/**
 * Company: whether the requests of a version come one by one, or so many at a time that they had better
 * wait for each other and share runs. Where they do not, a request costs less without a task and a batch.
 */

/** While batches have fewer tasks on average, requests are taken to come one by one. */
const CROWD = 2;
const BATCH_WEIGHT = 1 / 16;

/**
 * As binding/runtime/direct_admission.h has it, of requests that never come here: now and then some come
 * together at any load, and to queue those would only make it last longer.
 */
const DIRECT_PER_THREAD = 4;
const DIRECT_WEIGHT = 1 / 64;
const MOST_AT_ONCE = 8;

export class Company {
  /** Requests without a task that may be in flight on average. */
  readonly mostDirect: number;
  #tasks = 0;
  #tasksOfBatch = 1; // on average
  #direct = 0;
  #directOnAverage = 0;

  constructor(threads: number) {
    this.mostDirect = DIRECT_PER_THREAD * threads;
  }

  /** Requests come one by one, and no task is here that one without a task would overtake. */
  get isNone(): boolean {
    return this.#tasks === 0 && this.#tasksOfBatch < CROWD;
  }

  /** Whether a request that comes now may run without a task. */
  admit(): boolean {
    this.#directOnAverage += (this.#direct - this.#directOnAverage) * DIRECT_WEIGHT;
    if (!this.isNone || this.#directOnAverage >= this.mostDirect) return false;
    return this.#direct < MOST_AT_ONCE * this.mostDirect;
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
