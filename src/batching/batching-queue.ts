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

  /** When a batch can be taken: now or earlier: at once; Infinity: not before another task comes. */
  readyAt(): number;

  /**
   * The next batch, without the tasks that need not run any more, which go to `drop`. Null where none
   * is ready, or none is left of it. `idleThreads` counts those that could take one at once; 0: all are
   * busy, and only a batch that would not grow by waiting is given.
   */
  take(now: number, idleThreads: number, drop: DropTask<T>): Batch<T> | null;

  /** From here on no batch waits for more tasks. */
  flush(): void;

  /** How a batch of this queue ended. */
  learn(batch: Batch<T>, outcome: BatchOutcome): void;
}

export type DropTask<T> = (task: BatchTask<T>, error: ServingError) => void;

/** Why a task need not run; null where it must. */
export function needless(task: BatchTask<unknown>, now: number): ServingError | null {
  if (task.isGone?.() === true) {
    return new ServingError(StatusCode.CANCELLED, 'The client has gone.');
  }
  if (task.deadline > now) return null;
  return new ServingError(
    StatusCode.RESOURCE_EXHAUSTED,
    'Run() timeout exceeded while waiting in batching queue', // upstream's words
  );
}
