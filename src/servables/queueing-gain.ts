/**
 * Whether requests of a version are better off in a queue, where they may share a run, than with a run for
 * each that JavaScript hears nothing of. By what the trial of its rows measured at load.
 */
import type { NativeRowTrial } from '../native/binding.js';

/**
 * What a request costs more on its way through JavaScript, as measured: on one core it must gain more than
 * that by sharing a run. The event loop is one thread, though, and run threads beside it do so many more
 * runs meanwhile.
 */
const LOOP_NANOS = 12_000;
/** Beside a run of this length it is little, and batches of more than two may gain what two do not. */
const LONG_RUN_NANOS = 20 * LOOP_NANOS;

/** `threads`: of the run pool. */
export function gainsByQueueing(trial: readonly NativeRowTrial[], threads: number): boolean {
  const leastGain = LOOP_NANOS * Math.max(1, threads - 1);
  return trial.some(
    ([, , oneRowNanos, twoRowsNanos]) =>
      oneRowNanos > LONG_RUN_NANOS || 2 * oneRowNanos - twoRowsNanos > leastGain,
  );
}
