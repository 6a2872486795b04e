/** What is told of response caches: counts of the versions that are loaded, which go with them. */
import type { ScalarFamily, ScalarSample } from './families.js';

const OUTCOMES = ['hit', 'shared', 'miss', 'refreshed'];
/** As `cacheCounts` of the addon has them: name, version, the outcomes, evictions, entries, bytes. */
const LENGTH = 2 + OUTCOMES.length + 3;

export function cacheFamilies(counts: readonly (string | number)[]): ScalarFamily[] {
  const requests: ScalarSample[] = [];
  const evictions: ScalarSample[] = [];
  const entries: ScalarSample[] = [];
  const bytes: ScalarSample[] = [];
  for (let at = 0; at + LENGTH <= counts.length; at += LENGTH) {
    const [name, version] = counts.slice(at, at + 2) as [string, string];
    const numbers = counts.slice(at + 2, at + LENGTH) as number[];
    const labelValues = [name, version];
    OUTCOMES.forEach((outcome, i) => {
      requests.push({ labelValues: [...labelValues, outcome], value: numbers[i] ?? 0 });
    });
    [evictions, entries, bytes].forEach((samples, i) => {
      samples.push({ labelValues, value: numbers[OUTCOMES.length + i] ?? 0 });
    });
  }
  const prefix = '/tensorgate/response_cache';
  return [
    family('counter', `${prefix}_request_count`, requests, ['outcome']),
    family('counter', `${prefix}_eviction_count`, evictions),
    family('gauge', `${prefix}_entries`, entries),
    family('gauge', `${prefix}_bytes`, bytes),
  ];
}

function family(
  kind: 'counter' | 'gauge',
  name: string,
  samples: readonly ScalarSample[],
  more: readonly string[] = [],
): ScalarFamily {
  const labelNames = ['model_name', 'version', ...more];
  return { kind, name, labelNames, samples: () => samples };
}
