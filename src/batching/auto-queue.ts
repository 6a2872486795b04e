/**
 * AutoQueue: batches without a parameter. Work-conserving: a thread that is free takes what is there at
 * once, so that a lone task never waits for others; while all threads are busy, tasks gather and the next
 * batch is larger by itself. How large it may get is learnt (BatchSize).
 *
 * Refuses early: a task that would miss its deadline behind those that wait, and any beyond the capacity,
 * is answered UNAVAILABLE with the time after which to try again.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import { BatchSize } from './batch-size.js';
import { BatchStatistics } from '../metrics/batching-metrics.js';
import type { Batch, BatchOutcome, BatchPart, BatchTask } from './batch.js';
import { needless, type BatchingQueue, type DropTask } from './batching-queue.js';

export interface AutoQueueOptions {
  /** Tasks that may wait. */
  readonly capacity: number;
  /** How long a batch of several tasks may run. */
  readonly budgetMillis: number;
  readonly maxBatchRows: number;
  /** Threads of the scheduler, for the guess of how long a task will wait. */
  readonly threads: number;
  /** Batches are padded up to one of these, powers of two in ascending order; empty: none is. */
  readonly sizes?: readonly number[];
}

/** A run shorter than this is not worth waking a second thread for. */
const SPREAD_MILLIS = 0.2;
/** After tasks turned out not to be mergeable, so many batches of one pass before the next attempt. */
const ALONE_AT_FIRST = 64;
const ALONE_AT_MOST = 65536;

interface Entry<T> {
  readonly task: BatchTask<T>;
  readonly since: number;
}

export class AutoQueue<T> implements BatchingQueue<T> {
  readonly statistics: BatchStatistics;
  readonly #options: AutoQueueOptions;
  readonly #size: BatchSize;
  /** By shape, oldest first; the shape whose first task is the oldest comes first. */
  readonly #byShape = new Map<number, Entry<T>[]>();
  #depth = 0;
  #rows = 0;
  #alone = 0; // batches of one to come
  #nextAlone = ALONE_AT_FIRST;

  /** `statistics` may be shared by several queues. */
  constructor(options: AutoQueueOptions, statistics = new BatchStatistics()) {
    this.statistics = statistics;
    this.#options = options;
    this.#size = new BatchSize(options.maxBatchRows, options.budgetMillis);
  }

  get depth(): number {
    return this.#depth;
  }

  enqueue(task: BatchTask<T>, now: number): void {
    const { capacity } = this.#options;
    if (this.#depth >= capacity) {
      this.#refuse(`The batching queue is full: ${this.#depth} tasks wait.`);
    }
    if (task.deadline !== Infinity && this.#depth > 0) {
      const wait = this.#waitMillis() + this.#size.expected(task.rows);
      if (now + wait > task.deadline) {
        this.#refuse(
          `The deadline would pass in the batching queue: ${this.#depth} tasks wait, ` +
            `about ${Math.ceil(wait)} ms.`,
        );
      }
    }
    const entry = { task, since: now };
    const entries = this.#byShape.get(task.shape);
    if (entries === undefined) this.#byShape.set(task.shape, [entry]);
    else entries.push(entry);
    this.statistics.taskRows.record(task.rows);
    ++this.#depth;
    this.#rows += task.rows;
  }

  readyAt(): number {
    return this.#depth > 0 ? -Infinity : Infinity;
  }

  take(now: number, idleThreads: number, drop: DropTask<T>): Batch<T> | null {
    const oldest = this.#byShape.entries().next();
    if (oldest.done === true) return null;
    if (idleThreads === 0 && !this.#size.isFull(this.#rows)) return null;
    const [shape, entries] = oldest.value;
    const limit = this.#limit(idleThreads);
    const parts: BatchPart<T>[] = [];
    let rows = 0;
    let taken = 0;
    for (const { task, since } of entries) {
      const reason = needless(task, now);
      if (reason !== null) {
        ++taken;
        this.#rows -= task.rows;
        drop(task, reason);
        continue;
      }
      // A task without rows has nothing to be split off a batch: it runs alone.
      if (parts.length > 0 && (rows + task.rows > limit || task.rows === 0)) break;
      ++taken;
      parts.push({ task, begin: 0, rows: task.rows });
      rows += task.rows;
      this.statistics.waitMicros.record((now - since) * 1000);
      if (task.rows === 0) break;
    }
    this.#depth -= taken;
    this.#rows -= rows;
    // What is left goes behind the other shapes, so that none starves.
    this.#byShape.delete(shape);
    if (taken < entries.length) this.#byShape.set(shape, entries.slice(taken));
    if (parts.length === 0) return null;
    const paddedRows = rows === 0 ? 0 : this.#padded(rows);
    this.statistics.formed(rows, paddedRows);
    return { parts, rows, paddedRows, expectedMillis: this.#size.expected(paddedRows) };
  }

  learn(batch: Batch<T>, outcome: BatchOutcome): void {
    if (outcome.result === 'ran') this.#size.learn(batch.paddedRows, outcome.millis);
    if (outcome.result !== 'unmergeable') return;
    this.#alone = this.#nextAlone;
    this.#nextAlone = Math.min(ALONE_AT_MOST, this.#nextAlone * 2);
  }

  flush(): void {
    // Nothing here waits for more.
  }

  /** More rows than any size has are those of one large task. */
  #padded(rows: number): number {
    return this.#options.sizes?.find((size) => size >= rows) ?? rows;
  }

  #limit(idleThreads: number): number {
    if (this.#alone > 0) {
      --this.#alone;
      return 1;
    }
    const limit = this.#size.limit(this.#rows);
    if (idleThreads <= 1 || this.#size.expected(Math.min(limit, this.#rows)) < SPREAD_MILLIS) {
      return limit;
    }
    return Math.min(limit, Math.ceil(this.#rows / idleThreads));
  }

  /** How long a task that comes now waits for those before it. */
  #waitMillis(): number {
    const limit = Math.min(this.#rows, this.#size.usual);
    const batches = Math.ceil(this.#rows / Math.max(1, limit));
    return (batches * this.#size.expected(limit)) / this.#options.threads;
  }

  #refuse(message: string): never {
    ++this.statistics.refused;
    throw new ServingError(StatusCode.UNAVAILABLE, message, [], {
      retryAfterMillis: Math.max(1, Math.ceil(this.#waitMillis())),
    });
  }
}
