/**
 * RestServer: the HTTP listener in front of the REST API, as its owner sees it, whatever carries it.
 * `native/server.ts` has the addon's, `uws/server.ts` the one over uWebSockets.
 */
import type { SslConfig } from '../config/ssl-config.js';
import type { Address } from '../listening/addresses.js';
import type { RestApiOptions } from './api.js';

export interface RestServer {
  /** Requests that have come in. */
  readonly requests: number;
  /** May be called again, for further addresses. @throws ServingError UNAVAILABLE when it cannot be bound */
  listen(address: Address): Promise<void>;
  /** Serves on; each answer says that its connection closes, so that none is in use when the server closes. */
  leave(): void;
  /** Accepts no more connections; resolves when every request that came in has its answer. */
  close(): Promise<void>;
  /** Closes every connection, answered or not. */
  destroy(): void;
}

export interface RestServerOptions extends RestApiOptions {
  /** Of a request line with its header fields. Without effect over uWebSockets, as the next two. */
  readonly maxHeaderBytes: number;
  readonly maxConnections: number;
  /** 0: for ever. */
  readonly idleTimeoutSeconds: number;
  /** All bodies that are held at once. */
  readonly maxBufferedBytes: number;
  /** What this server shares with those of other threads, besides the port; null: nothing, alone. */
  readonly sharing: RestSharing | null;
  /** Null is plain HTTP. */
  readonly ssl: SslConfig | null;
}

export interface RestSharing {
  /** The bytes of all bodies that are held; in shared memory. */
  readonly bufferedBytes: BigInt64Array;
}
