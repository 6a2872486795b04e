/**
 * NativeRestServer: the REST API over the HTTP/1.1 listener of the addon, which answers by itself what its
 * routes cover. All else comes here as events, and goes to the same API as over uWebSockets.
 */
import type { SslConfig } from '../../config/ssl-config.js';
import type { Address } from '../../listening/addresses.js';
import { NativeBudget } from '../../listening/buffer-budget.js';
import { takeEach } from '../../listening/events.js';
import type { LentSockets } from '../../listening/lent-sockets.js';
import { NativeListener } from '../../listening/native-listener.js';
import { addon } from '../../native/addon.js';
import {
  HTTP_EVENT_LENGTH,
  HttpEventKind,
  type NativeHttpEvent,
  type NativeHttpOptions,
} from '../../native/http.js';
import type { NativeRoutes, NativeTransport } from '../../native/transport.js';
import { keepTraces } from '../../tracing/native-traces.js';
import { ADMIN_PREFIX } from '../admin-endpoint.js';
import { RestApi } from '../api.js';
import { jsonHeaders } from '../exchange.js';
import { recordedExchange } from '../exchange-trace.js';
import type { AfterAnswer } from '../http.js';
import type { RestServer, RestServerOptions } from '../server.js';
import { NativeHttpExchange, type NativeExchangeHost } from './http-exchange.js';
import { NativeHttpRequest } from './http-request.js';

export class NativeRestServer implements RestServer, NativeExchangeHost {
  readonly #api: RestApi;
  readonly #listener: NativeListener;
  readonly #transport: NativeTransport;
  readonly #open = new Map<number, NativeHttpExchange>();
  /** The last headers and their lines: most answers have the same. */
  #headers: readonly string[] = [];
  #lines = '';

  /** Why it cannot serve; null when it can. */
  static missing(): string | null {
    return addon().httpMissing();
  }

  constructor(options: RestServerOptions) {
    const { ssl, sharing, maxBufferedBytes, accessLog } = options;
    const nativeOptions = nativeOptionsOf(options);
    this.#listener = new NativeListener(
      (deliver) => addon().httpOpen(nativeOptions, (events) => this.#takeAll(events), deliver),
      {
        ssl,
        shares: sharing !== null,
        protocols: ['http/1.1', 'http/1.0'],
        accessLog,
      },
    );
    this.#transport = this.#listener.transport;
    if (options.tracer !== null) keepTraces(options.tracer, this.#transport, recordedExchange);
    this.#api = new RestApi(options, new NativeBudget(this.#transport, maxBufferedBytes));
  }

  /** For connections that come from elsewhere. */
  get lent(): LentSockets {
    return this.#listener.lent;
  }

  get requests(): number {
    return this.#listener.requests;
  }

  /** Other certificates, for new connections. @throws ServingError */
  renew(ssl: SslConfig): void {
    this.#listener.renew(ssl);
  }

  /** What the transport may answer by itself; replaces what it had. */
  route(routes: NativeRoutes): void {
    this.#listener.route(routes);
  }

  listen(address: Address): Promise<void> {
    return this.#listener.listen(address);
  }

  leave(): void {
    this.#listener.leave();
  }

  async close(): Promise<void> {
    await this.#listener.close();
    this.#api.close();
  }

  destroy(): void {
    this.#api.close();
    this.#listener.destroy();
  }

  peerOf(id: number): string {
    return this.#listener.peerOf(id);
  }

  answer(
    id: number,
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void {
    this.#open.delete(id);
    if (headers !== this.#headers) {
      this.#headers = headers;
      this.#lines = linesOf(headers);
    }
    addon().httpAnswer(this.#transport, id, status, this.#lines, body, after !== 'keep');
  }

  #takeAll(events: readonly unknown[]): void {
    takeEach<NativeHttpEvent>(events, HTTP_EVENT_LENGTH, (event) => this.#take(event));
  }

  #take(event: NativeHttpEvent): void {
    const [kind, id] = event;
    if (kind === HttpEventKind.gone) {
      const exchange = this.#open.get(id);
      this.#open.delete(id);
      exchange?.owner?.aborted();
      return;
    }
    const exchange = new NativeHttpExchange(event, this);
    if (id !== 0) this.#open.set(id, exchange);
    this.#api.handle(new NativeHttpRequest(event), exchange);
  }
}

function linesOf(headers: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return lines;
}

function nativeOptionsOf(options: RestServerOptions): NativeHttpOptions {
  return {
    maxHeadBytes: options.maxHeaderBytes,
    maxBodyBytes: options.maxBodyBytes,
    maxBufferedBytes: options.maxBufferedBytes,
    maxConnections: options.maxConnections,
    idleSeconds: options.idleTimeoutSeconds,
    timeoutMillis: Math.max(0, options.timeoutMillis),
    gzipMinBytes: options.gzipMinBytes,
    headers: linesOf(jsonHeaders(options.corsEnabled)),
    bodyPaths: options.admin === null ? '' : ADMIN_PREFIX,
    shares: options.sharing !== null,
    surface: options.authenticator.surface,
  };
}
