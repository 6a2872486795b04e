/**
 * How much of its time an event loop had something to do: what libuv counts anyway. The calling thread's; each
 * I/O thread has its own.
 */
import { performance } from 'node:perf_hooks';

import { counterFamily, type Family } from './families.js';

/** `thread`: `main`, or which I/O thread. */
export function eventLoopFamilies(thread: string): Family[] {
  const { active, idle } = performance.eventLoopUtilization();
  return Object.entries({ active, idle }).map(([what, millis]) => {
    const samples = [{ labelValues: [thread], value: Math.round(millis * 1000) }];
    return counterFamily(`/tensorgate/event_loop_${what}_microseconds`, ['thread'], samples);
  });
}
