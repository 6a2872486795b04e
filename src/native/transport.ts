/** What the addon's transports have in common, whatever their protocol: listeners, connections, routes. */

/** An open transport: opaque, and closed when it is collected. */
export type NativeTransport = object & { readonly nativeTransport: never };

/** Gets events one after the other in a flat array, once per turn of the loop. */
export type Deliver = (events: readonly unknown[]) => void;

export const SocketEventKind = {
  /** Bytes for a socket of JavaScript's. */
  lentOutput: 0,
  /** Nothing more is to come of it for a while, and again. */
  lentPause: 1,
  lentResume: 2,
  /** Nothing follows what it was given; what the client still sends is read. */
  lentShutDown: 3,
  lentClose: 4,
  /** After transportClose: the last connection is gone. */
  closed: 5,
} as const;
export type SocketEventKind = (typeof SocketEventKind)[keyof typeof SocketEventKind];

export type NativeSocketEvent = readonly [kind: SocketEventKind, id: number, bytes: Buffer | null];
export const SOCKET_EVENT_LENGTH = 3;

/** [name, id of the latest version or 0, [version, id, …], [label, id, …], name, …] */
export type NativeRoutes = readonly (string | number | readonly (bigint | string | number)[])[];

/**
 * A traced request that ran without JavaScript, as it stands in transportTakeTraces(). UNITS: nanoseconds, as in
 * NativeStageSpans.
 */
export const NativeTraceField = {
  /** gRPC: its number among the methods; REST: a Method. */
  method: 0,
  /** Of the client; empty: none. */
  traceparent: 1,
  began: 2,
  ended: 3,
  /** HTTP's, 0 where the client has gone; or gRPC's code. */
  status: 4,
  /** HTTP's status line, or what goes with gRPC's code. */
  message: 5,
  model: 6,
  version: 7,
  requestId: 8,
  /** REST's. */
  path: 9,
  stages: 10,
} as const;
export const NATIVE_TRACE_LENGTH = 18;

export interface NativeTransports {
  /** `port` −1: a Unix socket. Null, or what went wrong. */
  transportListen(transport: NativeTransport, address: string, port: number): string | null;
  /**
   * A socket bound to a port that other threads of this process may have, too, before it listens: its
   * descriptor, or what went wrong.
   */
  openSharedPort(address: string, port: number): number | string;
  /** A part of the buffered bytes; false where there is no room. */
  transportTakeBytes(transport: NativeTransport, bytes: number): boolean;
  transportGiveBytes(transport: NativeTransport, bytes: number): void;
  /** Requests that have come in on it. */
  transportOpenedRequests(transport: NativeTransport): number;
  /** Replaces all routes. Requests that they do not cover come as events. */
  transportRoutes(transport: NativeTransport, routes: NativeRoutes): void;

  /**
   * The IP address and port of the client behind a request that came as an event; empty over a Unix socket.
   * Null where the request is over.
   */
  transportPeer(transport: NativeTransport, request: number): string | null;

  /** From here on, what it answers by itself is kept for the access log, within a bound. */
  transportKeepAccess(transport: NativeTransport, sample: number, slowMillis: number): void;
  /** Whole lines of it, as AccessLog writes them. */
  transportTakeAccess(transport: NativeTransport): string;
  /** How many there were beyond the bound, since the last call. */
  transportAccessLeftOut(transport: NativeTransport): number;

  /** From here on, it runs traced requests by itself, too, and keeps their times, within a bound. */
  transportKeepTraces(transport: NativeTransport): void;
  /** Of those that have ended since the last call, one after the other: see NativeTraceField. */
  transportTakeTraces(transport: NativeTransport): readonly unknown[];

  /** A connection whose bytes JavaScript carries, by a number from 1 on. `peer`: as transportPeer tells it. */
  transportLend(transport: NativeTransport, socket: number, peer: string): void;
  transportReceive(transport: NativeTransport, socket: number, bytes: Uint8Array): void;
  /** Who the client is by its certificate: SHA-256s, 32 bytes each, as accessFind takes them. */
  transportIdentify(transport: NativeTransport, socket: number, digests: Uint8Array): void;
  /** The client sends no more. */
  transportEnd(transport: NativeTransport, socket: number): void;
  /** The last lentOutput is written; only then comes another. */
  transportWritten(transport: NativeTransport, socket: number): void;
  transportTakeBack(transport: NativeTransport, socket: number): void;

  /** Serves on, and answers over HTTP/1.1 say that their connections close. */
  transportLeave(transport: NativeTransport): void;
  /** Accepts nothing more; `closed` follows. */
  transportClose(transport: NativeTransport): void;
  transportDestroy(transport: NativeTransport): void;
}
