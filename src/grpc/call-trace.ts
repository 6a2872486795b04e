/** The trace of a call. Probes have none: they would be most of it. */
import { StatusCode, type ServingError } from '../status/serving-error.js';
import { spanFailure } from '../status/span-failure.js';
import type { NativeTrace, RequestFacts } from '../tracing/native-traces.js';
import {
  servableAttributes,
  type RequestTrace,
  type TraceAttributes,
  type Tracer,
} from '../tracing/tracer.js';
import type { UnaryMethod } from './method.js';

/** `isSampled` as Tracer.begin has it; `tracer` null: none. */
export function callTrace(
  tracer: Tracer | null,
  { path, isLogged }: UnaryMethod,
  traceparent: string,
  isSampled: boolean | null,
): RequestTrace | null {
  if (tracer === null || !isLogged) return null;
  const name = nameOf(path);
  const trace = tracer.begin(name, traceparent, isSampled);
  trace?.set(attributesOf(name));
  return trace;
}

export function endCallTrace(trace: RequestTrace | null, error: ServingError | null): void {
  if (trace === null) return;
  trace.set(outcomeOf(error?.code ?? StatusCode.OK));
  trace.end(spanFailure(error));
}

/** The same of a call that the native transport has run; `methods` as it knows them. */
export function recordedCall(
  methods: readonly UnaryMethod[],
  { method, status: code, message, model, version }: NativeTrace,
): RequestFacts {
  const name = nameOf(methods[method]?.path ?? '');
  return {
    name,
    attributes: {
      ...attributesOf(name),
      ...servableAttributes(model, version),
      ...outcomeOf(code),
    },
    failure: spanFailure({ code: code as StatusCode, message }),
  };
}

function nameOf(path: string): string {
  return path.slice(1);
}

function attributesOf(name: string): TraceAttributes {
  const slash = name.lastIndexOf('/');
  return {
    'rpc.system': 'grpc',
    'rpc.service': name.slice(0, slash),
    'rpc.method': name.slice(slash + 1),
  };
}

function outcomeOf(code: number): TraceAttributes {
  return { 'rpc.grpc.status_code': code };
}
