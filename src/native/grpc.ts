/** The addon's gRPC transport: what JavaScript tells it, and the events that it tells JavaScript. */
import type { AccessSurface } from './access.js';
import type { Deliver, NativeTransport } from './transport.js';
import type { NativeFailure } from './values.js';

export const GrpcStreaming = { none: 0, replies: 1, both: 2 } as const;
export type GrpcStreaming = (typeof GrpcStreaming)[keyof typeof GrpcStreaming];

/** UNITS: milliseconds, 0 is never; bytes, negative is no limit. */
export interface NativeGrpcOptions {
  /** [path, streaming, the Method that may be run without JavaScript or −1, path, …] */
  readonly methods: readonly (string | number)[];
  /** The only field of the metadata that a call comes with; empty: none. */
  readonly keptHeader: string;
  readonly asTensorContent: boolean;
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  /** Requests of all connections together. */
  readonly maxBufferedBytes: number;
  /** That limit and the ports are shared with the transports of other threads. */
  readonly shares: boolean;
  /** Whose access control is asked. */
  readonly surface: AccessSurface;
  readonly maxConcurrentStreams: number;
  readonly keepaliveMillis: number;
  readonly keepaliveTimeoutMillis: number;
  readonly maxAgeMillis: number;
  readonly maxAgeGraceMillis: number;
  readonly maxIdleMillis: number;
}

export const GrpcEventKind = {
  /**
   * A call, by a number of its own, or 0 where nobody waits for it any more. With its request, unless
   * both sides stream; with a failure where its run has failed already.
   */
  call: 0,
  message: 1,
  halfClose: 2,
  /** Of streams: over, whoever ended it. */
  gone: 3,
} as const;
export type GrpcEventKind = (typeof GrpcEventKind)[keyof typeof GrpcEventKind];

/** All but the first three are of a call. */
export type NativeGrpcEvent = readonly [
  kind: GrpcEventKind,
  id: number,
  message: Buffer | null,
  method: number,
  timeoutMillis: number,
  requestId: string,
  keptHeader: string | null,
  /** Of a compressed message; null: it is not compressed. */
  encoding: string | null,
  failure: NativeFailure | null,
  /** Of `Authorization: Bearer`, else of X-API-Key; empty: none. */
  credential: string,
  /** As transportIdentify was told, each byte a character; empty: nothing. */
  identity: string,
  /** Of a call that is to be traced, empty without one; null: it is not to be traced. */
  traceparent: string | null,
  /** Since it was to run by itself; 0: it was not. */
  ageMillis: number,
  /** The metadata of that name; empty: none. */
  cacheControl: string,
];
export const GRPC_EVENT_LENGTH = 14;

export interface NativeGrpc {
  /** Null, or the symbol that the Node executable lacks. */
  grpcMissing(): string | null;
  grpcOpen(options: NativeGrpcOptions, deliver: Deliver, deliverSockets: Deliver): NativeTransport;

  /** A call that is over takes nothing any more; nothing is thrown. */
  grpcIsOpen(transport: NativeTransport, call: number): boolean;
  /** With `isLast`, the call ends with OK. */
  grpcSend(transport: NativeTransport, call: number, bytes: Uint8Array, isLast: boolean): void;
  /** `details`: base64 of a google.rpc.Status, or empty. */
  grpcEnd(
    transport: NativeTransport,
    call: number,
    code: number,
    message: string,
    details: string,
  ): void;
}
