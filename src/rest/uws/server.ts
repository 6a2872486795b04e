/**
 * UwsRestServer: the REST API over uWebSockets. Owns the listener and its connections. One thread,
 * uWebSockets' event loop, which is Node's.
 */
import uWS, {
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type us_listen_socket,
} from 'uWebSockets.js';

import { ServingError, StatusCode } from '../../status/serving-error.js';
import { RestApi } from '../api.js';
import { BufferBudget } from '../buffer-budget.js';
import type { RestServer, RestServerOptions } from '../server.js';
import { ClientVerification } from './client-verification.js';
import { UwsHttpExchange, type UwsExchangeHost } from './http-exchange.js';
import { UwsHttpRequest } from './http-request.js';
import { sslApp } from './ssl-app.js';

/**
 * LIBUS_LISTEN_EXCLUSIVE_PORT, which the package has but its types misplace. Without it a second
 * server would share the port and take half of the requests.
 */
const EXCLUSIVE_PORT = 1;

export class UwsRestServer implements RestServer, UwsExchangeHost {
  readonly budget: BufferBudget;
  draining = false;
  readonly #api: RestApi;
  readonly #app: TemplatedApp;
  /** In front of the app where clients must show a certificate. */
  readonly #verification: ClientVerification | null;
  /** Other threads listen on the port, too. */
  readonly #sharesPort: boolean;
  #socket: us_listen_socket | null = null;
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

  async listen(port: number): Promise<void> {
    const verification = this.#verification;
    await new Promise<void>((resolve, reject) => {
      const listening = (socket: us_listen_socket | false): void => {
        if (socket !== false) {
          this.#socket = socket;
          resolve();
        } else {
          reject(new ServingError(StatusCode.UNAVAILABLE, `cannot listen on port ${port}`));
        }
      };
      if (verification !== null) this.#app.listen_unix(listening, verification.path);
      else if (this.#sharesPort) this.#app.listen(port, listening);
      else this.#app.listen(port, EXCLUSIVE_PORT, listening);
    });
    await verification?.listen(port, this.#sharesPort);
  }

  async close(): Promise<void> {
    this.draining = true;
    this.#verification?.close();
    if (this.#socket !== null) uWS.us_listen_socket_close(this.#socket);
    this.#socket = null;
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
