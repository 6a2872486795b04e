/**
 * Requests in flight of each loaded version, whoever answers them; read when a page is asked for. How long they
 * took, in all and in each stage, the addon adds to the page by itself: see binding/model/request_metrics.h.
 */
import type { ScalarFamily, ScalarSample } from './families.js';

/** `inFlight`: name, version and number, of each version. */
export function inFlightFamily(inFlight: readonly (string | number)[]): ScalarFamily {
  const samples: ScalarSample[] = [];
  for (let i = 0; i < inFlight.length; i += 3) {
    const [name, version, value] = inFlight.slice(i, i + 3) as [string, string, number];
    samples.push({ labelValues: [name, version], value });
  }
  return {
    kind: 'gauge',
    name: '/tensorgate/requests_in_flight',
    labelNames: ['model_name', 'version'],
    samples: () => samples,
  };
}
