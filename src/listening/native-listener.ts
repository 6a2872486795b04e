/**
 * NativeListener: what the servers over the addon's transports have in common: where they listen, with or
 * without TLS, their routes, and their end. The requests are for the server that has it.
 */
import type { SslConfig } from '../config/ssl-config.js';
import type { AccessLog } from '../log/access-log.js';
import { addon } from '../native/addon.js';
import {
  SOCKET_EVENT_LENGTH,
  SocketEventKind,
  type Deliver,
  type NativeRoutes,
  type NativeSocketEvent,
  type NativeTransport,
} from '../native/transport.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { addressText, type Address } from './addresses.js';
import { takeEach } from './events.js';
import { LentSockets } from './lent-sockets.js';
import { NativeTls } from './native-tls.js';

/** In place of a port. */
const UNIX_SOCKET = -1;

export interface NativeListenerOptions {
  readonly ssl: SslConfig | null;
  /** TCP ports are shared with the servers of other threads. */
  readonly shares: boolean;
  /** As ALPN has it. */
  readonly protocols: readonly string[];
  /** Null: there is none. */
  readonly accessLog: AccessLog | null;
}

export class NativeListener {
  readonly transport: NativeTransport;
  /** For those whose bytes come from elsewhere than the addon's own listeners. */
  readonly lent: LentSockets;
  readonly #tls: NativeTls | null;
  #onClosed: () => void = () => undefined;
  readonly #closed = new Promise<void>((resolve) => {
    this.#onClosed = resolve;
  });

  constructor(open: (deliverSockets: Deliver) => NativeTransport, options: NativeListenerOptions) {
    this.transport = open(this.#take);
    this.lent = new LentSockets(this.transport);
    if (options.accessLog !== null) this.#keepAccess(options.accessLog);
    this.#tls = options.ssl === null ? null : new NativeTls(this.lent, options.ssl, options);
  }

  /** @throws ServingError UNAVAILABLE */
  async listen(address: Address): Promise<void> {
    const [host, port] =
      'path' in address ? [address.path, UNIX_SOCKET] : [address.host, address.port];
    const failure =
      this.#tls === null
        ? addon().transportListen(this.transport, host, port)
        : await this.#tls.listen(address);
    if (failure === null) return;
    const message = `cannot listen on ${addressText(address)}: ${failure}`;
    throw new ServingError(StatusCode.UNAVAILABLE, message);
  }

  /** Of a request that is not over, as HttpExchange.peer() has it. */
  peerOf(request: number): string {
    return addon().transportPeer(this.transport, request) ?? '';
  }

  /** Requests that have come in. */
  get requests(): number {
    return addon().transportOpenedRequests(this.transport);
  }

  /** What the transport may answer by itself; replaces what it had. */
  route(routes: NativeRoutes): void {
    addon().transportRoutes(this.transport, routes);
  }

  /** Other certificates, for new connections. REQUIRES: TLS. @throws ServingError */
  renew(ssl: SslConfig): void {
    this.#tls?.renew(ssl);
  }

  /** Serves on, while clients are told to go on elsewhere. */
  leave(): void {
    addon().transportLeave(this.transport);
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

  /** Of what the transport answers by itself. */
  #keepAccess(accessLog: AccessLog): void {
    const { transport } = this;
    addon().transportKeepAccess(transport, accessLog.sample, accessLog.slowMillis);
    accessLog.addSource({
      take: () => addon().transportTakeAccess(transport),
      takeLeftOut: () => addon().transportAccessLeftOut(transport),
    });
  }

  readonly #take = (events: readonly unknown[]): void => {
    takeEach<NativeSocketEvent>(events, SOCKET_EVENT_LENGTH, (event) => {
      if (event[0] === SocketEventKind.closed) this.#onClosed();
      else this.lent.take(event);
    });
  };
}
