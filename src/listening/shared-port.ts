/**
 * SharedPort: a port on which gRPC and HTTP/1.1 are served both, with or without TLS: what ALPN or the first
 * bytes of a connection say decides which transport gets it. For a port that few connect to.
 */
import { createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';

import type { SslConfig } from '../config/ssl-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { addressText, type Address } from './addresses.js';
import type { LentSockets } from './lent-sockets.js';
import { secretsOf, tlsOptions } from './native-tls.js';

/** How HTTP/2 begins, and no request of HTTP/1.1. */
const PREFACE = 'PRI ';
/** Until it has said what it speaks. */
const SILENCE_MILLIS = 20_000;
const MOST_UNDECIDED = 256;

export interface Carriers {
  readonly http2: LentSockets;
  readonly http1: LentSockets;
}

export class SharedPort {
  readonly #ssl: SslConfig | null;
  readonly #carriers: Carriers;
  readonly #servers = new Set<Server | TlsServer>();
  readonly #undecided = new Set<Socket>();

  constructor(ssl: SslConfig | null, carriers: Carriers) {
    this.#ssl = ssl;
    this.#carriers = carriers;
  }

  /** @throws ServingError UNAVAILABLE */
  listen(address: Address): Promise<void> {
    const server = this.#newServer();
    this.#servers.add(server);
    return new Promise((resolve, reject) => {
      server.once('error', ({ message }: Error) => {
        const text = `cannot listen on ${addressText(address)}: ${message}`;
        reject(new ServingError(StatusCode.UNAVAILABLE, text));
      });
      server.listen(address, () => {
        server.removeAllListeners('error');
        server.on('error', () => undefined); // no descriptors: the next connection may fare better
        resolve();
      });
    });
  }

  /** Other certificates, for new connections. REQUIRES: TLS. */
  renew(ssl: SslConfig): void {
    for (const server of this.#servers) {
      if ('setSecureContext' in server) server.setSecureContext(secretsOf(ssl));
    }
  }

  /** Accepts no more connections. */
  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#undecided) socket.destroy();
  }

  #newServer(): Server | TlsServer {
    if (this.#ssl === null) return createServer({ noDelay: true }, (socket) => this.#sniff(socket));
    const options = { ...tlsOptions(this.#ssl), ALPNProtocols: ['h2', 'http/1.1'], noDelay: true };
    const server = createTlsServer(options, (socket: TLSSocket) => {
      if (socket.alpnProtocol === 'h2') this.#carriers.http2.lend(socket);
      else if (socket.alpnProtocol === 'http/1.1') this.#carriers.http1.lend(socket);
      else this.#sniff(socket);
    });
    server.on('tlsClientError', (_error, socket) => {
      socket.destroy();
    });
    return server;
  }

  #sniff(socket: Socket): void {
    if (this.#undecided.size >= MOST_UNDECIDED) {
      socket.destroy();
      return;
    }
    this.#undecided.add(socket);
    let head: Buffer = Buffer.alloc(0);
    const forget = (): void => {
      this.#undecided.delete(socket);
      socket.off('data', take).off('error', end).off('close', end).off('timeout', end);
      socket.setTimeout(0);
    };
    const end = (): void => {
      forget();
      socket.destroy();
    };
    const take = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes]);
      const begin = head.subarray(0, PREFACE.length).toString('latin1');
      if (begin.length < PREFACE.length && PREFACE.startsWith(begin)) return;
      forget();
      const { http1, http2 } = this.#carriers;
      (begin === PREFACE ? http2 : http1).lend(socket, head);
    };
    socket.setTimeout(SILENCE_MILLIS);
    socket.on('data', take).on('error', end).on('close', end).on('timeout', end);
  }
}
