/**
 * BatchingQueue: the tasks of one servable and one tensor signature that wait for a thread, and who of
 * them runs with whom. Threads are the BatchScheduler's. Everything here belongs to one JavaScript
 * thread; nothing waits.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { BatchStatistics } from '../metrics/batching-metrics.js';
import type { Batch, BatchOutcome, BatchTask } from './batch.js';

export interface BatchingQueue<T> {
  readonly statistics: BatchStatistics;
  /** Tasks that wait. */
  readonly depth: number;

  /**
   * @throws ServingError INVALID_ARGUMENT for a task that no batch can hold, UNAVAILABLE where the
   *   queue is full; the task is then the caller's again
   */
  enqueue(task: BatchTask<T>, now: number): void;

  /** Forgets a task whose client has gone; false where it runs already or is unknown. */
  cancel(task: BatchTask<T>): boolean;

  /** When a batch can be taken: now or earlier: at once; Infinity: not before another task comes. */
  readyAt(): number;

  /**
   * The next batch, without the tasks that came too late, which go to `late`. Null where none is
   * ready, or none is left of it. `idleThreads` counts those that could take one now, at least one.
   */
  take(now: number, idleThreads: number, late: (task: BatchTask<T>) => void): Batch<T> | null;

  /** How a batch of this queue ended. */
  learn(batch: Batch<T>, outcome: BatchOutcome): void;
}

/** Upstream's words for a task whose time was over before its batch was formed. */
export function expired(): ServingError {
  return new ServingError(
    StatusCode.RESOURCE_EXHAUSTED,
    'Run() timeout exceeded while waiting in batching queue',
  );
}
