/**
 * NativeTls: TLS in front of the native transport. Node's own TLS carries the connections; what is
 * decrypted goes to the addon, and what the addon sends comes back here. Slower than cleartext, and
 * as well kept as Node's TLS is.
 */
import { createServer, type Server, type TLSSocket } from 'node:tls';

import type { SslConfig } from '../config/ssl-config.js';
import { addon } from '../native/addon.js';
import type { NativeTransport } from '../native/grpc.js';

const HANDSHAKE_MILLIS = 20_000;

export class NativeTls {
  readonly #transport: NativeTransport;
  readonly #ssl: SslConfig;
  readonly #shares: boolean;
  readonly #servers = new Set<Server>();
  readonly #sockets = new Map<number, TLSSocket>();
  #lastId = 0;

  /** `shares`: other threads may listen on the same ports. */
  constructor(transport: NativeTransport, ssl: SslConfig, shares: boolean) {
    this.#transport = transport;
    this.#ssl = ssl;
    this.#shares = shares;
  }

  /** `port` −1: `host` is the path of a Unix socket. Resolves to null, or to what went wrong. */
  listen(host: string, port: number): Promise<string | null> {
    const { serverKey, serverCert, clientCa } = this.#ssl;
    const socket = this.#shares && port >= 0 ? addon().openSharedPort(host, port) : null;
    if (typeof socket === 'string') return Promise.resolve(socket);
    const server = createServer(
      {
        key: serverKey,
        cert: serverCert,
        ...(clientCa === null ? null : { ca: clientCa }),
        requestCert: clientCa !== null,
        rejectUnauthorized: clientCa !== null,
        ALPNProtocols: ['h2'],
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
      else if (port < 0) server.listen(host, listening);
      else server.listen(port, host, listening);
    });
  }

  /** Accepts no more connections. */
  close(): void {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
  }

  write(id: number, bytes: Buffer): void {
    const socket = this.#sockets.get(id);
    socket?.write(bytes, (error) => {
      if (!error && this.#sockets.has(id)) addon().grpcWritten(this.#transport, id);
    });
  }

  /** What was written before goes out. */
  end(id: number): void {
    const socket = this.#sockets.get(id);
    this.#sockets.delete(id);
    socket?.end(() => socket.destroy());
  }

  #accept(socket: TLSSocket): void {
    const id = ++this.#lastId;
    this.#sockets.set(id, socket);
    addon().grpcLend(this.#transport, id);
    socket.on('data', (bytes: Buffer) => {
      if (this.#sockets.has(id)) addon().grpcReceive(this.#transport, id, bytes);
    });
    const takeBack = (): void => {
      if (this.#sockets.delete(id)) addon().grpcTakeBack(this.#transport, id);
    };
    socket.on('error', takeBack);
    socket.on('end', takeBack);
    socket.on('close', takeBack);
  }
}
