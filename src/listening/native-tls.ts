/**
 * NativeTls: TLS in front of a native transport. Node's own TLS carries the connections; what is
 * decrypted goes to the addon, and what the addon sends comes back here. Slower than cleartext, and
 * as well kept as Node's TLS is.
 */
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';

import { identityOf } from '../access/credentials.js';
import type { SslConfig } from '../config/ssl-config.js';
import { addon } from '../native/addon.js';
import {
  SocketEventKind,
  type NativeSocketEvent,
  type NativeTransport,
} from '../native/transport.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Address } from './addresses.js';

const HANDSHAKE_MILLIS = 20_000;

export interface NativeTlsOptions {
  /** Other threads may listen on the same ports. */
  readonly shares: boolean;
  /** As ALPN has it. */
  readonly protocols: readonly string[];
}

export class NativeTls {
  readonly #transport: NativeTransport;
  #ssl: SslConfig;
  readonly #options: NativeTlsOptions;
  readonly #servers = new Set<Server>();
  readonly #sockets = new Map<number, TLSSocket>();
  #lastId = 0;

  constructor(transport: NativeTransport, ssl: SslConfig, options: NativeTlsOptions) {
    this.#transport = transport;
    this.#ssl = ssl;
    this.#options = options;
  }

  /** Null, or what went wrong. */
  listen(address: Address): Promise<string | null> {
    const { shares, protocols } = this.#options;
    const socket =
      shares && 'port' in address ? addon().openSharedPort(address.host, address.port) : null;
    if (typeof socket === 'string') return Promise.resolve(socket);
    const server = createServer(
      {
        ...secretsOf(this.#ssl),
        requestCert: this.#ssl.clientCa !== null,
        rejectUnauthorized: this.#ssl.clientCa !== null,
        ALPNProtocols: [...protocols],
        handshakeTimeout: HANDSHAKE_MILLIS,
        noDelay: true,
      },
      (socket) => this.#accept(socket),
    );
    server.on('tlsClientError', (_error, socket) => {
      socket.destroy();
    });
    this.#servers.add(server);
    return new Promise((resolve) => {
      server.once('error', (error: Error) => resolve(error.message));
      const listening = (): void => {
        server.removeAllListeners('error');
        resolve(null);
      };
      if (socket !== null) server.listen({ fd: socket }, listening);
      else server.listen(address, listening);
    });
  }

  /** For new connections. @throws ServingError FAILED_PRECONDITION: whether clients are asked for theirs stays */
  renew(ssl: SslConfig): void {
    if ((ssl.clientCa === null) !== (this.#ssl.clientCa === null)) {
      const message = 'client_verify takes another value at a restart only';
      throw new ServingError(StatusCode.FAILED_PRECONDITION, message);
    }
    this.#ssl = ssl;
    for (const server of this.#servers) server.setSecureContext(secretsOf(ssl));
  }

  /** Accepts no more connections. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  /** REQUIRES: an event about a socket. */
  take([kind, id, bytes]: NativeSocketEvent): void {
    const socket = this.#sockets.get(id);
    switch (kind) {
      case SocketEventKind.lentOutput:
        socket?.write(bytes as Buffer, (error) => {
          if (!error && this.#sockets.has(id)) addon().transportWritten(this.#transport, id);
        });
        break;
      case SocketEventKind.lentPause:
        socket?.pause();
        break;
      case SocketEventKind.lentResume:
        socket?.resume();
        break;
      case SocketEventKind.lentShutDown:
        socket?.end();
        break;
      case SocketEventKind.lentClose: // what was written before goes out
        this.#sockets.delete(id);
        socket?.end(() => socket.destroy());
        break;
      case SocketEventKind.closed:
    }
  }

  #accept(socket: TLSSocket): void {
    const id = ++this.#lastId;
    socket.allowHalfOpen = true; // as in cleartext: the addon says when it ends
    this.#sockets.set(id, socket);
    addon().transportLend(this.#transport, id);
    if (this.#ssl.clientCa !== null) {
      const { subjectaltname } = socket.getPeerCertificate();
      addon().transportIdentify(this.#transport, id, identityOf(subjectaltname));
    }
    socket.on('data', (bytes: Buffer) => {
      if (this.#sockets.has(id)) addon().transportReceive(this.#transport, id, bytes);
    });
    const takeBack = (): void => {
      if (this.#sockets.delete(id)) addon().transportTakeBack(this.#transport, id);
    };
    socket.on('error', takeBack);
    socket.on('end', () => {
      if (this.#sockets.has(id)) addon().transportEnd(this.#transport, id);
    });
    socket.on('close', takeBack);
  }
}

function secretsOf({ serverKey, serverCert, clientCa }: SslConfig): SecureContextOptions {
  return { key: serverKey, cert: serverCert, ...(clientCa === null ? null : { ca: clientCa }) };
}
