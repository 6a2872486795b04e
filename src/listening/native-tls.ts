/**
 * NativeTls: TLS in front of a native transport. Node's own TLS carries the connections, lent to the addon. Slower than cleartext, and
 * as well kept as Node's TLS is.
 */
import { createServer, type SecureContextOptions, type Server, type TlsOptions } from 'node:tls';

import type { SslConfig } from '../config/ssl-config.js';
import { addon } from '../native/addon.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Address } from './addresses.js';
import type { LentSockets } from './lent-sockets.js';

const HANDSHAKE_MILLIS = 20_000;

export interface NativeTlsOptions {
  /** Other threads may listen on the same ports. */
  readonly shares: boolean;
  /** As ALPN has it. */
  readonly protocols: readonly string[];
}

export class NativeTls {
  readonly #lent: LentSockets;
  #ssl: SslConfig;
  readonly #options: NativeTlsOptions;
  readonly #servers = new Set<Server>();

  constructor(lent: LentSockets, ssl: SslConfig, options: NativeTlsOptions) {
    this.#lent = lent;
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
        ...tlsOptions(this.#ssl),
        ALPNProtocols: [...protocols],
        noDelay: true,
      },
      (socket) => this.#lent.lend(socket),
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
}

/** Of a TLS server, but for its protocols. */
export function tlsOptions(ssl: SslConfig): TlsOptions {
  return {
    ...secretsOf(ssl),
    requestCert: ssl.clientCa !== null,
    rejectUnauthorized: ssl.clientCa !== null,
    handshakeTimeout: HANDSHAKE_MILLIS,
  };
}

export function secretsOf({ serverKey, serverCert, clientCa }: SslConfig): SecureContextOptions {
  return { key: serverKey, cert: serverCert, ...(clientCa === null ? null : { ca: clientCa }) };
}
