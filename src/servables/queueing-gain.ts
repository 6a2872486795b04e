/**
 * From how many requests in flight on those of a version are better off in a queue, where they may share a
 * run, than with a run for each that JavaScript hears nothing of. By what the trial of its rows measured
 * at load.
 */
import type { SignatureRows } from '../native/binding.js';

/** Where two that share a run save so much, even small batches make up for the way through JavaScript. */
export const LOW_CONCURRENCY = 4;
const MUCH_NANOS = 12_000;
/** Where it is less, large ones do: each request then brings as much, and the way costs a part of it. */
const HIGH_CONCURRENCY = 16;
const LITTLE_NANOS = 6_000;
/** Beside a run of this length the way is little, and batches of more than two may gain what two do not. */
const LONG_RUN_NANOS = 240_000;

/**
 * Requests in flight on average for each of the run pool's `threads`; Infinity: never. The event loop is one
 * thread, and run threads beside it do so many more runs while it queues a request.
 */
export function concurrencyThatGains(
  signatures: readonly SignatureRows[],
  threads: number,
): number {
  const besideLoop = Math.max(1, threads - 1);
  const concurrencies = signatures.map(([, refusal, , oneRowNanos, twoRowsNanos]) => {
    if (refusal !== '') return Infinity;
    // Nothing could be measured, as it is where inputs are strings of a kind of their own.
    if (oneRowNanos === 0) return LOW_CONCURRENCY;
    if (oneRowNanos > LONG_RUN_NANOS) return LOW_CONCURRENCY;
    const saved = (2 * oneRowNanos - twoRowsNanos) / besideLoop;
    if (saved > MUCH_NANOS) return LOW_CONCURRENCY;
    return saved > LITTLE_NANOS ? HIGH_CONCURRENCY : Infinity;
  });
  return Math.min(...concurrencies);
}
