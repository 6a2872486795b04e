/**
 * ClientVerification: the HTTPS listener where clients must show a certificate, which uWebSockets cannot
 * require. Node's TLS checks it and hands the bytes on to the app, which listens on a Unix socket that
 * nobody else can reach. Slower than uWebSockets' own TLS: each byte is copied twice more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';

import type { SslConfig } from '../../config/ssl-config.js';
import { addon } from '../../native/addon.js';
import { addressText, type Address } from '../../listening/addresses.js';
import { ServingError, StatusCode } from '../../status/serving-error.js';

export class ClientVerification {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tensorgate-rest-')); // mode 0700
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** REQUIRES: `ssl.clientCa` is set. */
  constructor({ serverKey, serverCert, clientCa }: SslConfig) {
    this.#server = createServer(
      {
        key: serverKey,
        cert: serverCert,
        ca: clientCa ?? [],
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: ['http/1.1'],
      },
      this.#pass,
    );
  }

  /** Where the app is to listen. */
  get path(): string {
    return join(this.#folder, 'rest');
  }

  /**
   * `shares`: other threads of this process may listen there, too. Once.
   * @throws ServingError UNAVAILABLE when it cannot be bound
   */
  listen(address: Address, shares: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string, cause?: Error): void => {
        const message = `cannot listen on ${addressText(address)}: ${reason}`;
        reject(new ServingError(StatusCode.UNAVAILABLE, message, [], { cause }));
      };
      this.#server.once('error', (cause: Error) => fail(cause.message, cause));
      const isShared = shares && 'port' in address;
      const socket = isShared ? addon().openSharedPort(address.host, address.port) : null;
      if (typeof socket === 'string') fail(socket);
      else this.#server.listen(socket === null ? address : { fd: socket }, resolve);
    });
  }

  /** Accepts no more connections; those that are open go on. */
  close(): void {
    this.#server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends every connection. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  readonly #pass = (client: TLSSocket): void => {
    const app = connect(this.path);
    for (const [from, to] of [
      [client, app],
      [app, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay();
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  };
}
