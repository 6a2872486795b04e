/** The trace of a request of the REST API. */
import { TRACEPARENT, type RequestTrace, type Tracer } from '../tracing/tracer.js';
import type { Exchange } from './exchange.js';
import type { HttpRequest } from './http.js';
import type { Route } from './routes.js';

const READ_PATHS: ReadonlyMap<Route['kind'], string> = new Map([
  ['status', '/v1/models/{model}'],
  ['metadata', '/v1/models/{model}/metadata'],
  ['list', '/v1/models'],
]);

/** Named by HTTP's method until it is known what is asked for. */
export function exchangeTrace(tracer: Tracer, request: HttpRequest): RequestTrace | null {
  const { method, path, isTraced } = request;
  const trace = tracer.begin(method, request.header(TRACEPARENT), isTraced);
  trace?.set({ 'http.request.method': method, 'url.path': path });
  return trace;
}

/** Only what is the server's failure is one of the span, as the conventions of OpenTelemetry have it. */
export function endExchangeTrace(
  trace: RequestTrace,
  { status, asked, requestId }: Exchange,
): void {
  const path = asked === null ? '' : pathOf(asked);
  if (path !== '') {
    trace.rename(`${asked?.kind === 'infer' ? 'POST' : 'GET'} ${path}`);
    trace.set({ 'http.route': path });
  }
  if (requestId !== '') trace.set({ 'tensorgate.request_id': requestId });
  if (status === '') trace.set({ 'error.type': 'client gone' });
  else trace.set({ 'http.response.status_code': Number.parseInt(status, 10) });
  trace.end(status.startsWith('5') ? status : null);
}

/** Empty where it is no path of ours. */
function pathOf(asked: Route): string {
  if (asked.kind === 'infer') return `/v1/models/{model}:${asked.action}`;
  return READ_PATHS.get(asked.kind) ?? '';
}
