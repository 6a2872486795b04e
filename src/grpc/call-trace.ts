/** The trace of a call. Probes have none: they would be most of it. */
import { statusName, StatusCode, type ServingError } from '../status/serving-error.js';
import type { RequestTrace, Tracer } from '../tracing/tracer.js';
import type { UnaryMethod } from './method.js';

/** What the conventions of OpenTelemetry count as the server's failure; others are its client's. */
const FAILURES: ReadonlySet<StatusCode> = new Set([
  StatusCode.UNKNOWN,
  StatusCode.DEADLINE_EXCEEDED,
  StatusCode.UNIMPLEMENTED,
  StatusCode.INTERNAL,
  StatusCode.UNAVAILABLE,
  StatusCode.DATA_LOSS,
]);

/** `isSampled` as Tracer.begin has it; `tracer` null: none. */
export function callTrace(
  tracer: Tracer | null,
  { path, isLogged }: UnaryMethod,
  traceparent: string,
  isSampled: boolean | null,
): RequestTrace | null {
  if (tracer === null || !isLogged) return null;
  const name = path.slice(1);
  const trace = tracer.begin(name, traceparent, isSampled);
  const slash = name.lastIndexOf('/');
  trace?.set({
    'rpc.system': 'grpc',
    'rpc.service': name.slice(0, slash),
    'rpc.method': name.slice(slash + 1),
  });
  return trace;
}

export function endCallTrace(trace: RequestTrace | null, error: ServingError | null): void {
  if (trace === null) return;
  const code = error?.code ?? StatusCode.OK;
  trace.set({ 'rpc.grpc.status_code': code });
  trace.end(FAILURES.has(code) ? `${statusName(code)}: ${error?.message ?? ''}` : null);
}
