/** The trace of a request of the REST API. */
import { Method } from '../native/values.js';
import type { NativeTrace, RequestFacts } from '../tracing/native-traces.js';
import {
  servableAttributes,
  TRACEPARENT,
  type RequestTrace,
  type TraceAttributes,
  type Tracer,
} from '../tracing/tracer.js';
import type { Exchange } from './exchange.js';
import type { HttpRequest } from './http.js';
import type { Route } from './routes.js';

const READ_PATHS: ReadonlyMap<Route['kind'], string> = new Map([
  ['status', '/v1/models/{model}'],
  ['metadata', '/v1/models/{model}/metadata'],
  ['list', '/v1/models'],
]);

/** By their Method. */
const ACTIONS: readonly string[] = Object.keys(Method);

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
  trace.set(outcomeOf(Number.parseInt(status, 10) || 0));
  trace.end(failureOf(status));
}

/** The same of a request that the native transport has run. */
export function recordedExchange(trace: NativeTrace): RequestFacts {
  const { method, status, message: line, model, version, requestId, path } = trace;
  const route = inferPath(ACTIONS[method] ?? '');
  return {
    name: `POST ${route}`,
    attributes: {
      'http.request.method': 'POST',
      'url.path': path,
      'http.route': route,
      ...servableAttributes(model, version),
      ...(requestId !== '' && { 'tensorgate.request_id': requestId }),
      ...outcomeOf(status),
    },
    failure: failureOf(line),
  };
}

/** `status` 0: the client did not wait for it. */
function outcomeOf(status: number): TraceAttributes {
  return status === 0 ? { 'error.type': 'client gone' } : { 'http.response.status_code': status };
}

function failureOf(status: string): string | null {
  return status.startsWith('5') ? status : null;
}

/** Empty where it is no path of ours. */
function pathOf(asked: Route): string {
  if (asked.kind === 'infer') return inferPath(asked.action);
  return READ_PATHS.get(asked.kind) ?? '';
}

function inferPath(action: string): string {
  return `/v1/models/{model}:${action}`;
}
