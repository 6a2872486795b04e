/** The vocabulary of batching: a task is one request, a batch is what one run executes. */
import type { ServingError } from '../status/serving-error.js';

export interface BatchTask<T> {
  /** Whatever runs: the queue only passes it on. */
  readonly item: T;
  /** The common dimension 0 of its tensors, >= 0. */
  readonly rows: number;
  /** Only tasks of equal shape are merged. */
  readonly shape: number;
  /** On the clock, in milliseconds; Infinity: none. */
  readonly deadline: number;
  /** Whether nobody waits for the answer any more; asked when its batch is formed. */
  readonly isGone?: () => boolean;
}

/** Rows `begin` to `begin + rows` of a task: all of them, unless a large task was split. */
export interface BatchPart<T> {
  readonly task: BatchTask<T>;
  readonly begin: number;
  readonly rows: number;
}

export interface Batch<T> {
  readonly parts: readonly BatchPart<T>[];
  readonly rows: number;
  /** The rows to run, >= `rows`: missing ones are padded, and dropped again. */
  readonly paddedRows: number;
  /** By what earlier ones took; 0: not known. */
  readonly expectedMillis: number;
}

/** How a run ended, for those who learn from it. */
export interface BatchOutcome {
  /** How long the session ran, in milliseconds. */
  readonly millis: number;
  /**
   * `failed`: the run says nothing about its time. `unmergeable`: the tasks ran alone, and well, after
   * they could not run together.
   */
  readonly result: 'ran' | 'failed' | 'unmergeable';
}

export interface BatchHandler<T> {
  /** Runs the batch and answers its tasks; `done` is called once, later. Must not throw. */
  run(batch: Batch<T>, done: (outcome: BatchOutcome) => void): void;
  /** Answers a task that will never run. Must not throw. */
  drop(task: BatchTask<T>, error: ServingError): void;
}

/** Time as queues see it, in milliseconds, so that tests can hold it still. */
export interface BatchClock {
  now(): number;
  /** Calls back once after `millis`; the returned function forgets it. */
  after(millis: number, callback: () => void): () => void;
  /** Calls back once after what the event loop has in hand. */
  soon(callback: () => void): void;
}
