/** Requests that the native transports answered without JavaScript, as RequestMetrics counts them. */
import { GRPC_ENTRY, REST_ENTRY, type RequestMetrics } from './request-metrics.js';
import type { RunStatistics } from './run-metrics.js';

/** In the order of RunStatistics. */
const ENTRIES = [
  GRPC_ENTRY.predict,
  GRPC_ENTRY.classify,
  GRPC_ENTRY.regress,
  REST_ENTRY.predict,
  REST_ENTRY.classify,
  REST_ENTRY.regress,
];

export function countNativeRequests(metrics: RequestMetrics, { models }: RunStatistics): void {
  for (const [name, , , , , ...requests] of models) {
    for (const [i, entry] of ENTRIES.entries()) {
      const counted = requests[i];
      if (counted !== null && counted !== undefined) metrics.counted(name, entry, counted);
    }
  }
}
