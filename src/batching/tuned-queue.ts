/**
 * TunedQueue: batches as upstream forms them, by parameters set by hand: a batch is closed when the next
 * task does not fit, and ready when it is closed, full, or its first task has waited for the timeout.
 *
 * Beyond upstream: tasks of unequal shape wait in batches of their own instead of failing each other, a
 * batch is ready early where its earliest deadline needs that, and late tasks are dropped one by one.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import { BatchStatistics } from '../metrics/batching-metrics.js';
import type { Batch, BatchOutcome, BatchPart, BatchTask } from './batch.js';
import { needless, type BatchingQueue, type DropTask } from './batching-queue.js';
import type { QueueOptions } from './queue-options.js';
import { RunTimes } from './run-times.js';

/** Of the time that a task has, what is kept for its answer to arrive: a tenth, and some. */
const ANSWER_SHARE = 0.1;
const ANSWER_MILLIS = 2;

class Waiting<T> {
  parts: { task: BatchTask<T>; begin: number; rows: number; since: number }[] = [];
  rows = 0;
  closed = false;
  readonly shape: number;
  readonly openedAt: number;
  /** When its run must be over for the sake of every deadline. */
  due = Infinity;

  constructor(shape: number, openedAt: number) {
    this.shape = shape;
    this.openedAt = openedAt;
  }

  add(task: BatchTask<T>, begin: number, rows: number, since: number): void {
    this.parts.push({ task, begin, rows, since });
    this.rows += rows;
    if (task.deadline === Infinity) return;
    const margin = (task.deadline - since) * ANSWER_SHARE + ANSWER_MILLIS;
    this.due = Math.min(this.due, task.deadline - margin);
  }
}

export class TunedQueue<T> implements BatchingQueue<T> {
  readonly statistics: BatchStatistics;
  readonly #options: QueueOptions;
  readonly #times = new RunTimes();
  #batches: Waiting<T>[] = []; // oldest first
  #depth = 0;
  #flushed = false;

  /** `statistics` may be shared by several queues. */
  constructor(options: QueueOptions, statistics = new BatchStatistics()) {
    this.statistics = statistics;
    this.#options = options;
  }

  get depth(): number {
    return this.#depth;
  }

  enqueue(task: BatchTask<T>, now: number): void {
    const { maxTaskRows, split } = this.#options;
    if (task.rows > maxTaskRows) {
      this.#refuse(
        StatusCode.INVALID_ARGUMENT,
        `Task size ${task.rows} is larger than maximum input batch size ${maxTaskRows}`,
      );
    }
    if (split) this.#addInPieces(task, now);
    else this.#addWhole(task, now);
    this.statistics.taskRows.record(task.rows);
    ++this.#depth;
  }

  readyAt(): number {
    let earliest = Infinity;
    for (const batch of this.#batches) earliest = Math.min(earliest, this.#readyAt(batch));
    return earliest;
  }

  take(now: number, idleThreads: number, drop: DropTask<T>): Batch<T> | null {
    if (idleThreads === 0) return null; // upstream's threads are as many as it says
    const index = this.#batches.findIndex((batch) => this.#readyAt(batch) <= now);
    const [batch] = index < 0 ? [] : this.#batches.splice(index, 1);
    if (batch === undefined) return null;
    const parts: BatchPart<T>[] = [];
    let rows = 0;
    for (const part of batch.parts) {
      const { task, begin, since } = part;
      const isLast = begin + part.rows === task.rows;
      // Of a split task some pieces may have run already: the others belong to the same answer.
      const reason = begin === 0 && isLast ? needless(task, now) : null;
      if (reason !== null) {
        --this.#depth;
        drop(task, reason);
        continue;
      }
      if (isLast) --this.#depth;
      parts.push({ task, begin, rows: part.rows });
      rows += part.rows;
      this.statistics.waitMicros.record((now - since) * 1000);
    }
    if (parts.length === 0) return null;
    const paddedRows = this.#options.allowedRows.find((allowed) => allowed >= rows) ?? rows;
    this.statistics.formed(rows, paddedRows);
    return { parts, rows, paddedRows, expectedMillis: this.#times.expected(paddedRows) };
  }

  learn(batch: Batch<T>, outcome: BatchOutcome): void {
    if (outcome.result === 'ran') this.#times.add(batch.paddedRows, outcome.millis);
  }

  flush(): void {
    this.#flushed = true;
  }

  #readyAt(batch: Waiting<T>): number {
    const { maxBatchRows, timeoutMillis } = this.#options;
    if (this.#flushed || batch.closed || batch.rows >= maxBatchRows) return -Infinity;
    const timeout = batch.openedAt + timeoutMillis;
    if (batch.due === Infinity) return timeout;
    return Math.min(timeout, batch.due - this.#times.expected(batch.rows));
  }

  #open(shape: number): Waiting<T> | null {
    const last = this.#batches.findLast((batch) => batch.shape === shape);
    return last === undefined || last.closed ? null : last;
  }

  #addWhole(task: BatchTask<T>, now: number): void {
    const { maxBatchRows, maxBatches } = this.#options;
    let open = this.#open(task.shape);
    if (open === null || open.rows + task.rows > maxBatchRows) {
      const count = this.#batches.length;
      if (count >= maxBatches) {
        this.#refuse(
          StatusCode.UNAVAILABLE,
          'The batch scheduling queue to which this task was submitted is full; currently ' +
            `${count} batches enqueued and max_enqueued_batches is ${maxBatches}`,
        );
      }
      open = this.#another(open, task.shape, now);
    }
    open.add(task, 0, task.rows, now);
  }

  #addInPieces(task: BatchTask<T>, now: number): void {
    const { maxBatchRows, maxBatches } = this.#options;
    let open = this.#open(task.shape);
    // Upstream always has an open batch, and counts it.
    const count = this.#batches.length + (open === null ? 1 : 0);
    const openRows = open?.rows ?? 0;
    const capacity = (maxBatches - count) * maxBatchRows + (maxBatchRows - openRows);
    if (task.rows > capacity) {
      this.#refuse(
        StatusCode.UNAVAILABLE,
        'The batch scheduling queue to which this task was submitted is full; task size is ' +
          `${task.rows} but scheduling capacity is only ${capacity} (num_enqueued_batches=${count}, ` +
          `max_enqueued_batches=${maxBatches}, open_batch_size=${openRows}, ` +
          `max_execution_batch_size=${maxBatchRows})`,
      );
    }
    let begin = 0;
    do {
      if (open === null || open.rows >= maxBatchRows) open = this.#another(open, task.shape, now);
      const rows = Math.min(task.rows - begin, maxBatchRows - open.rows);
      open.add(task, begin, rows, now);
      begin += rows;
    } while (begin < task.rows);
  }

  #another(open: Waiting<T> | null, shape: number, now: number): Waiting<T> {
    if (open !== null) open.closed = true;
    const batch = new Waiting<T>(shape, now);
    this.#batches.push(batch);
    return batch;
  }

  #refuse(code: StatusCode, message: string): never {
    ++this.statistics.refused;
    throw new ServingError(code, message);
  }
}
