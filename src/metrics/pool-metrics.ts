/** The run pool as it is when a page is asked for. */
import type { Family } from './families.js';

/** As the addon gives it. */
export type RunPool = readonly [threads: number, busy: number, waiting: number];

export function poolFamilies([threads, busy, waiting]: RunPool): Family[] {
  const gauge = (name: string, value: number): Family => ({
    kind: 'gauge',
    name: `/tensorgate/run_${name}`,
    labelNames: [],
    samples: () => [{ labelValues: [], value }],
  });
  return [
    gauge('pool_threads', threads),
    gauge('pool_busy_threads', busy),
    gauge('queue_depth', waiting),
  ];
}
