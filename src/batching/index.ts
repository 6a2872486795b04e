/** Batching as a library: who runs with whom, and when. Knows nothing of tensors or of TensorFlow. */
export { AutoQueue, type AutoQueueOptions } from './auto-queue.js';
export type {
  Batch,
  BatchClock,
  BatchHandler,
  BatchOutcome,
  BatchPart,
  BatchTask,
} from './batch.js';
export { BatchScheduler, type ScheduledQueue } from './batch-scheduler.js';
export { BatchStatistics } from '../metrics/batching-metrics.js';
export type { BatchingQueue } from './batching-queue.js';
export { queueOptions, type BatchingParameters, type QueueOptions } from './queue-options.js';
export { SharedThreads } from './shared-threads.js';
export { systemBatchClock } from './system-clock.js';
export { TunedQueue } from './tuned-queue.js';
