/**
 * NativeListener: what the servers over the addon's transports have in common: where they listen, with or
 * without TLS, their routes, and their end. The requests are for the server that has it.
 */
import type { SslConfig } from '../config/ssl-config.js';
import { addon } from '../native/addon.js';
import {
  SOCKET_EVENT_LENGTH,
  SocketEventKind,
  type Deliver,
  type NativeRoutes,
  type NativeSocketEvent,
  type NativeTransport,
} from '../native/transport.js';
import { NativeTls } from './native-tls.js';

export interface NativeListenerOptions {
  readonly ssl: SslConfig | null;
  /** TCP ports are shared with the servers of other threads. */
  readonly shares: boolean;
  /** As ALPN has it. */
  readonly protocol: 'h2' | 'http/1.1';
}

export class NativeListener {
  readonly transport: NativeTransport;
  readonly #tls: NativeTls | null;
  #onClosed: () => void = () => undefined;
  readonly #closed = new Promise<void>((resolve) => {
    this.#onClosed = resolve;
  });

  constructor(open: (deliverSockets: Deliver) => NativeTransport, options: NativeListenerOptions) {
    this.transport = open(this.#take);
    this.#tls = options.ssl === null ? null : new NativeTls(this.transport, options.ssl, options);
  }

  /** `port` −1: `host` is the path of a Unix socket. Null, or what went wrong. */
  async listen(host: string, port: number): Promise<string | null> {
    return this.#tls === null
      ? addon().transportListen(this.transport, host, port)
      : this.#tls.listen(host, port);
  }

  /** Requests that have come in. */
  get requests(): number {
    return addon().transportOpenedRequests(this.transport);
  }

  /** What the transport may answer by itself; replaces what it had. */
  route(routes: NativeRoutes): void {
    addon().transportRoutes(this.transport, routes);
  }

  /** Accepts nothing more; resolves when all that came in has its answer. */
  async close(): Promise<void> {
    this.#tls?.close();
    addon().transportClose(this.transport);
    await this.#closed;
  }

  /** Closes every connection. */
  destroy(): void {
    this.#tls?.close();
    addon().transportDestroy(this.transport);
  }

  readonly #take = (events: readonly unknown[]): void => {
    for (let i = 0; i < events.length; i += SOCKET_EVENT_LENGTH) {
      const event = events.slice(i, i + SOCKET_EVENT_LENGTH) as unknown as NativeSocketEvent;
      if (event[0] === SocketEventKind.closed) this.#onClosed();
      else this.#tls?.take(event);
    }
  };
}
