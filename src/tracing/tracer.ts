/**
 * Tracer: which requests have a trace, and where their spans go. One of each thread. What others know of it:
 * only open-telemetry.ts knows the SDK, and is loaded where tracing is on.
 */
import type { NativeStageSpans } from '../native/binding.js';
import type { RunTrace } from '../native/run-trace.js';

/** The W3C header, and the same of gRPC's metadata. */
export const TRACEPARENT = 'traceparent';

export type TraceAttributes = Readonly<Record<string, string | number | boolean>>;

/** Of what answers a request. */
export function servableAttributes(name: string, version: bigint | string): TraceAttributes {
  return { 'tensorgate.model': name, 'tensorgate.version': version.toString() };
}

/** The span of one request. */
export interface RequestTrace extends RunTrace {
  /** `name` has few values: a span's name says the kind of a request, its attributes say which. */
  rename(name: string): void;
  /** What is known by now. */
  set(attributes: TraceAttributes): void;
  /** It is over; `failure` is why it is the server's failure, null where it is none. Once. */
  end(failure: string | null): void;
}

/** A request whose trace is told when it is over. UNITS: nanoseconds, as in NativeStageSpans. */
export interface RecordedRequest {
  readonly name: string;
  /** The W3C header, empty without. */
  readonly traceparent: string;
  readonly began: number;
  readonly ended: number;
  readonly stages: NativeStageSpans;
  readonly attributes: TraceAttributes;
  /** As RequestTrace.end has it. */
  readonly failure: string | null;
}

export interface Tracer {
  /**
   * A request has come. `traceparent` is the W3C header, empty without; `isSampled` what the addon has
   * decided about it, null where it has not been asked. Null: it has no trace.
   */
  begin(name: string, traceparent: string, isSampled: boolean | null): RequestTrace | null;
  /** From here on what it gives is asked for a few times a second, and has spans. */
  addSource(take: () => readonly RecordedRequest[]): void;
  /** Sends what is left; resolves after some seconds even if that cannot be done. */
  close(): Promise<void>;
}

export interface TracerOptions {
  /** A URL without the path of traces. */
  readonly endpoint: string;
  readonly protocol: 'http/protobuf' | 'grpc';
}
