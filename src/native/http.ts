/** The addon's REST transport: what JavaScript tells it, and the events that it tells JavaScript. */
import type { AccessSurface } from './access.js';
import type { Deliver, NativeTransport } from './transport.js';
import type { NativeFailure } from './values.js';

/** UNITS: bytes, milliseconds, seconds; of times 0 is never. */
export interface NativeHttpOptions {
  /** Request line and header fields. */
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
  /** Bodies of all connections together. */
  readonly maxBufferedBytes: number;
  readonly maxConnections: number;
  readonly idleSeconds: number;
  /** Of requests of inference, until they are handed over. */
  readonly timeoutMillis: number;
  /** Answers from this length on are handed over, to be compressed; 0 is none. */
  readonly gzipMinBytes: number;
  /** Lines of each answer that is not JavaScript's. */
  readonly headers: string;
  /** What the paths begin with of other requests whose bodies are wanted; empty: none. */
  readonly bodyPaths: string;
  /** The limit of buffered bytes and the ports are shared with the transports of other threads. */
  readonly shares: boolean;
  /** Whose access control is asked. */
  readonly surface: AccessSurface;
}

export const HttpEventKind = {
  /** A request, by a number of its own, or 0 where nobody waits for it any more. */
  request: 0,
  /** Nobody waits for its answer any more. */
  gone: 1,
} as const;
export type HttpEventKind = (typeof HttpEventKind)[keyof typeof HttpEventKind];

/** Why a body is not there, as BodyRefusal of binding/http1/connection.h. */
export const BodyRefusal = { none: 0, tooLarge: 1, noMemory: 2, tooSlow: 3, deadline: 4 } as const;
export type BodyRefusal = (typeof BodyRefusal)[keyof typeof BodyRefusal];

/** All but the first two are of a request. */
export type NativeHttpEvent = readonly [
  kind: HttpEventKind,
  id: number,
  method: string,
  target: string,
  /** `name:value\n` for each field, names in lower case. */
  fields: string,
  body: Buffer,
  /** 1: the body is its answer, which the addon has made. */
  hasReply: number,
  refusal: BodyRefusal,
  /** Where its run has failed already. */
  failure: NativeFailure | null,
  /** As transportIdentify was told, each byte a character; empty: nothing. */
  identity: string,
  /** 1: it is to be traced. */
  isTraced: number,
  /** Since it was to run by itself; 0: it was not. */
  ageMillis: number,
  /** Of the request then. */
  bodyBytes: number,
];
export const HTTP_EVENT_LENGTH = 13;

export interface NativeHttp {
  /** Null, or what the Node executable lacks. */
  httpMissing(): string | null;
  httpOpen(options: NativeHttpOptions, deliver: Deliver, deliverSockets: Deliver): NativeTransport;
  /**
   * Once for a request; one that nobody waits for takes nothing. `status` is such as `200 OK`, `headers` has
   * whole lines. Length, date and what is said about the connection are the addon's.
   */
  httpAnswer(
    transport: NativeTransport,
    request: number,
    status: string,
    headers: string,
    body: string | Uint8Array,
    close: boolean,
  ): void;
}
