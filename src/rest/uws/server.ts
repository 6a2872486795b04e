/**
 * UwsRestServer: the REST API over uWebSockets. Owns the listener and its connections. One thread,
 * uWebSockets' event loop, which is Node's.
 */
import type { HttpRequest, HttpResponse, TemplatedApp, us_listen_socket } from 'uWebSockets.js';

import { addressText, type Address } from '../../listening/addresses.js';
import { ServingError, StatusCode } from '../../status/serving-error.js';
import { RestApi } from '../api.js';
import { BufferBudget } from '../../listening/buffer-budget.js';
import type { RestServer, RestServerOptions } from '../server.js';
import { ClientVerification } from './client-verification.js';
import { UwsHttpExchange, type UwsExchangeHost } from './http-exchange.js';
import { UwsHttpRequest } from './http-request.js';
import { uWS } from './library.js';
import { sslApp } from './ssl-app.js';

/**
 * LIBUS_LISTEN_EXCLUSIVE_PORT, which the package has but its types misplace. Without it a second
 * server would share the port and take half of the requests.
 */
const EXCLUSIVE_PORT = 1;
const SHARED_PORT = 0;

/** What its types leave out. */
interface AppWithHosts {
  listen(
    host: string,
    port: number,
    options: number,
    listening: (socket: us_listen_socket | false) => void,
  ): void;
}

export class UwsRestServer implements RestServer, UwsExchangeHost {
  readonly budget: BufferBudget;
  draining = false;
  readonly #api: RestApi;
  readonly #app: TemplatedApp;
  /** In front of the app where clients must show a certificate. */
  readonly #verification: ClientVerification | null;
  /** Other threads listen on the port, too. */
  readonly #sharesPort: boolean;
  readonly #sockets: us_listen_socket[] = [];
  #open = 0;
  #requests = 0;
  #drained: (() => void) | null = null;

  constructor(options: RestServerOptions) {
    // Otherwise every answer carries a header with the library's name.
    (uWS as unknown as { _cfg(mode: 'silent'): void })._cfg('silent');
    const { ssl, sharing } = options;
    const verifies = ssl !== null && ssl.clientCa !== null;
    this.#verification = verifies ? new ClientVerification(ssl) : null;
    this.#app = ssl === null || verifies ? uWS.App() : sslApp(ssl);
    this.#sharesPort = sharing !== null;
    this.budget = new BufferBudget(options.maxBufferedBytes, sharing?.bufferedBytes);
    this.#api = new RestApi(options, this.budget);
    this.#app.any('/*', this.#handle);
  }

  get requests(): number {
    return this.#requests;
  }

  async listen(address: Address): Promise<void> {
    const verification = this.#verification;
    if (verification === null) await this.#listen(address);
    else {
      if (this.#sockets.length === 0) await this.#listen({ path: verification.path });
      await verification.listen(address, this.#sharesPort);
    }
  }

  #listen(address: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      const listening = (socket: us_listen_socket | false): void => {
        if (socket !== false) {
          this.#sockets.push(socket);
          resolve();
        } else {
          const message = `cannot listen on ${addressText(address)}`;
          reject(new ServingError(StatusCode.UNAVAILABLE, message));
        }
      };
      if ('path' in address) this.#app.listen_unix(listening, address.path);
      else {
        const options = this.#sharesPort ? SHARED_PORT : EXCLUSIVE_PORT;
        const { host, port } = address;
        (this.#app as unknown as AppWithHosts).listen(host, port, options, listening);
      }
    });
  }

  leave(): void {
    this.draining = true;
  }

  async close(): Promise<void> {
    this.leave();
    this.#verification?.close();
    for (const socket of this.#sockets.splice(0)) uWS.us_listen_socket_close(socket);
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.destroy();
  }

  destroy(): void {
    this.#api.close();
    this.#app.close();
    this.#verification?.destroy();
  }

  ended(): void {
    if (--this.#open === 0) this.#drained?.();
  }

  readonly #handle = (response: HttpResponse, request: HttpRequest): void => {
    const asked = new UwsHttpRequest(request);
    ++this.#open;
    ++this.#requests;
    this.#api.handle(asked, new UwsHttpExchange(response, this, asked.method === 'HEAD'));
  };
}
