/** BatchClock of the process. */
import type { BatchClock } from './batch.js';

export const systemBatchClock: BatchClock = {
  now: () => performance.now(),
  after: (millis, callback) => {
    const timer = setTimeout(callback, millis); // Node waits a millisecond at least
    return () => clearTimeout(timer);
  },
  soon: (callback) => {
    setImmediate(callback);
  },
};
