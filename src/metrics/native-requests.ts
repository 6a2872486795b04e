/** Requests that the native gRPC transport answered without JavaScript, as RequestMetrics counts them. */
import { GRPC_ENTRY, type RequestMetrics } from './request-metrics.js';
import type { RunStatistics } from './run-metrics.js';

export function countNativeRequests(metrics: RequestMetrics, { models }: RunStatistics): void {
  for (const [name, , , , , predict, classify, regress] of models) {
    if (predict !== null) metrics.counted(name, GRPC_ENTRY.predict, predict);
    if (classify !== null) metrics.counted(name, GRPC_ENTRY.classify, classify);
    if (regress !== null) metrics.counted(name, GRPC_ENTRY.regress, regress);
  }
}
