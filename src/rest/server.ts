/**
 * RestServer: the HTTP listener. Carries requests to the services and their answers back; decides
 * nothing about models. One thread, uWebSockets' event loop, which is Node's.
 */
import uWS, {
  type HttpRequest,
  type HttpResponse,
  type TemplatedApp,
  type us_listen_socket,
} from 'uWebSockets.js';

import type { SslConfig } from '../config/ssl-config.js';
import { REQUEST_ID_KEY, requestIdOf } from '../log/request-id.js';
import type { Failure, RequestLog } from '../log/request-log.js';
import type { MetricsPage } from '../metrics/metrics-page.js';
import { REST_ENTRY, type RequestMetrics } from '../metrics/request-metrics.js';
import type { Done } from '../native/calls.js';
import { decodeOnLoopBytes } from '../native/saved-model.js';
import type { AdminApi } from '../service/admin-api.js';
import type { ModelMetadataService } from '../service/model-metadata.js';
import type { ModelStatusService } from '../service/model-status.js';
import type { InferenceService } from '../service/inference.js';
import { stickyKeyOf } from '../service/sticky-key.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { AdminEndpoint } from './admin-endpoint.js';
import { BufferBudget, type Held } from './buffer-budget.js';
import { ClientVerification } from './client-verification.js';
import { Deadlines } from './deadlines.js';
import { acceptsGzip, inflate } from './compression.js';
import { Exchange, type ExchangeHost } from './exchange.js';
import { modelStatusJson } from './json.js';
import type { MetadataJson } from './metadata-json.js';
import { ModelList } from './model-list.js';
import { refusal } from './request-line.js';
import { route, type Route } from './routes.js';
import { sslApp } from './ssl-app.js';

/**
 * LIBUS_LISTEN_EXCLUSIVE_PORT, which the package has but its types misplace. Without it a second
 * server would share the port and take half of the requests.
 */
const EXCLUSIVE_PORT = 1;

export interface RestServerOptions {
  readonly inference: InferenceService;
  readonly modelStatus: ModelStatusService;
  readonly modelMetadata: ModelMetadataService;
  readonly metadataJson: MetadataJson;
  /** Null: not offered. */
  readonly admin: AdminApi | null;
  /** 0 or less is none. */
  readonly timeoutMillis: number;
  readonly maxBodyBytes: number;
  /** All bodies that are held at once. */
  readonly maxBufferedBytes: number;
  /** What this server shares with those of other threads, besides the port; null: nothing, alone. */
  readonly sharing: RestSharing | null;
  /** Answers from this length on are compressed for clients that take it; 0 is none. */
  readonly gzipMinBytes: number;
  /** As stickyHeaderOf() gives it. */
  readonly stickyHeader: string | null;
  readonly corsEnabled: boolean;
  /** Null is plain HTTP. */
  readonly ssl: SslConfig | null;
  readonly requestLog: RequestLog;
  /** Null: nothing is counted, and there is no page. */
  readonly metrics: RestMetrics | null;
}

export interface RestSharing {
  /** The bytes of all bodies that are held; in shared memory. */
  readonly bufferedBytes: BigInt64Array;
}

export interface RestMetrics {
  readonly path: string;
  readonly page: Pick<MetricsPage, 'text'>;
  readonly requests: RequestMetrics;
}

export class RestServer implements ExchangeHost {
  readonly #options: RestServerOptions;
  readonly #app: TemplatedApp;
  /** In front of the app where clients must show a certificate. */
  readonly #verification: ClientVerification | null;
  readonly #deadlines: Deadlines;
  readonly #budget: BufferBudget;
  readonly #modelList: ModelList;
  readonly #admin: AdminEndpoint | null;
  readonly #borrowBytes = decodeOnLoopBytes();
  #socket: us_listen_socket | null = null;
  #open = 0;
  #requests = 0;
  #drained: (() => void) | null = null;
  draining = false;

  constructor(options: RestServerOptions) {
    this.#options = options;
    // Otherwise every answer carries a header with the library's name.
    (uWS as unknown as { _cfg(mode: 'silent'): void })._cfg('silent');
    const { ssl } = options;
    const verifies = ssl !== null && ssl.clientCa !== null;
    this.#verification = verifies ? new ClientVerification(ssl) : null;
    this.#app = ssl === null || verifies ? uWS.App() : sslApp(ssl);
    this.#deadlines = new Deadlines(options.timeoutMillis);
    this.#budget = new BufferBudget(options.maxBufferedBytes, options.sharing?.bufferedBytes);
    this.#modelList = new ModelList(options.modelStatus);
    const { admin } = options;
    this.#admin = admin === null ? null : new AdminEndpoint(admin, this.#budget, this.#deadlines);
    this.#app.any('/*', this.#handle);
  }

  get corsEnabled(): boolean {
    return this.#options.corsEnabled;
  }

  get gzipMinBytes(): number {
    return this.#options.gzipMinBytes;
  }

  get requestMetrics(): RequestMetrics | null {
    return this.#options.metrics?.requests ?? null;
  }

  /** Requests that have come in. */
  get requests(): number {
    return this.#requests;
  }

  /** All addresses, IPv6 and IPv4. @throws ServingError UNAVAILABLE when the port cannot be bound */
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
      const { sharing } = this.#options;
      if (verification !== null) this.#app.listen_unix(listening, verification.path);
      else if (sharing !== null) this.#app.listen(port, listening);
      else this.#app.listen(port, EXCLUSIVE_PORT, listening);
    });
    await verification?.listen(port, this.#options.sharing !== null);
  }

  /** Accepts no more connections; resolves when every request that came in has its answer. */
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

  /** Closes every connection, answered or not. */
  destroy(): void {
    this.#deadlines.close();
    this.#app.close();
    this.#verification?.destroy();
  }

  ended(exchange: Exchange): void {
    this.#deadlines.remove(exchange);
    if (--this.#open === 0) this.#drained?.();
  }

  failed({ asked, requestId, dueMillis }: Exchange, failure: Failure): void {
    const { requestLog, timeoutMillis } = this.#options;
    requestLog.failed(failure, () => {
      const choice = asked !== null && 'choice' in asked ? asked.choice : null;
      return {
        transport: 'REST',
        method: asked?.kind === 'infer' ? asked.action : (asked?.kind ?? ''),
        model: asked !== null && 'name' in asked ? asked.name : null,
        version: choice?.version?.toString() ?? choice?.label ?? null,
        requestId,
        // Only what has a deadline has a beginning.
        millis: dueMillis > 0 ? performance.now() + timeoutMillis - dueMillis : null,
      };
    });
  }

  readonly #handle = (response: HttpResponse, request: HttpRequest): void => {
    const method = request.getCaseSensitiveMethod();
    const path = request.getUrl();
    const query = request.getQuery() as string | undefined; // undefined without a `?`, whatever its types say
    const target = query === undefined ? path : `${path}?${query}`;
    ++this.#open;
    ++this.#requests;
    const exchange = new Exchange(response, this, method === 'HEAD');
    try {
      this.#dispatch(exchange, request, method, path, target);
    } catch (error) {
      exchange.fail(ServingError.from(error)); // a bug of ours: the other requests go on
    }
  };

  #dispatch(
    exchange: Exchange,
    request: HttpRequest,
    method: string,
    path: string,
    target: string,
  ): void {
    const refused = refusal(method, target);
    if (refused !== null) {
      exchange.page(refused);
      return;
    }
    const { metrics } = this.#options;
    if (metrics !== null && path === metrics.path) {
      this.#answerMetrics(exchange, metrics, target);
      return;
    }
    if (this.#admin?.takes(path) === true) {
      this.#admin.answer(exchange, method, target, request);
      return;
    }
    if (this.gzipMinBytes > 0) {
      exchange.gzipAccepted = acceptsGzip(request.getHeader('accept-encoding'));
    }
    const asked = route(method, target);
    exchange.asked = asked;
    exchange.requestId = requestIdOf(request.getHeader(REQUEST_ID_KEY));
    if (asked.kind !== 'infer') {
      this.#answer(exchange, asked, request);
      return;
    }
    const { action, name, choice } = asked;
    exchange.countAs(REST_ENTRY[action], name);
    const { inference, maxBodyBytes, timeoutMillis } = this.#options;
    const declaredLength = Number(request.getHeader('content-length')) || 0;
    if (declaredLength > maxBodyBytes) {
      exchange.refuse(
        '413 Payload Too Large',
        `The request body is larger than ${maxBodyBytes} bytes.`,
      );
      return;
    }
    this.#deadlines.add(exchange);
    const key = choice.label === null ? null : this.#stickyKey(request);
    const infer = (body: ArrayBuffer | Uint8Array, held: Held | null): void => {
      exchange.begin();
      const answer: Done<string | Uint8Array> = (error, reply) => {
        held?.release();
        if (error !== null) exchange.fail(error);
        else exchange.json(reply as string | Uint8Array);
      };
      const timeout = Math.max(0, timeoutMillis);
      const isGone = (): boolean => exchange.over;
      const id = inference.json(action, name, choice, key, body, timeout, answer, isGone);
      // The JSON does not say which of the label's versions it comes from.
      if (choice.label !== null && id !== null && inference.isShared(name, choice.label)) {
        exchange.modelVersion = id.version.toString();
      }
    };
    if (request.getHeader('content-encoding').includes('gzip')) {
      exchange.receive(declaredLength, maxBodyBytes, 0, this.#budget, (body, held) => {
        const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
        this.#inflate(exchange, bytes, held, infer);
      });
    } else exchange.receive(declaredLength, maxBodyBytes, this.#borrowBytes, this.#budget, infer);
  }

  #stickyKey(request: HttpRequest): string | null {
    const { stickyHeader } = this.#options;
    return stickyHeader === null ? null : stickyKeyOf(request.getHeader(stickyHeader));
  }

  #inflate(
    exchange: Exchange,
    body: Uint8Array,
    held: Held | null,
    onPlain: (plain: Uint8Array, held: Held | null) => void,
  ): void {
    const hasRoom = inflate(body, this.#budget, (plain, plainHeld) => {
      held?.release();
      if (exchange.over) plainHeld?.release();
      else onPlain(plain, plainHeld);
    });
    if (hasRoom) return;
    held?.release();
    exchange.refuseForMemory(this.#budget);
  }

  /** What needs no body. */
  #answer(
    exchange: Exchange,
    asked: Exclude<Route, { kind: 'infer' }>,
    request: HttpRequest,
  ): void {
    if (asked.kind !== 'not-found') {
      exchange.countAs(REST_ENTRY.none, 'name' in asked ? asked.name : '');
    }
    switch (asked.kind) {
      case 'not-found':
        exchange.page('404 Not Found');
        return;
      case 'bad-version':
        exchange.empty('400 Bad Request');
        return;
      case 'preflight':
        exchange.preflight(/https?:\/\//.test(request.getHeader('origin')));
        return;
      case 'malformed':
        exchange.fail(new ServingError(StatusCode.INVALID_ARGUMENT, asked.message));
        return;
      case 'list':
        exchange.json(this.#modelList.text());
        return;
      case 'metadata':
        this.#reply(exchange, () => {
          const { modelMetadata, metadataJson } = this.#options;
          return metadataJson.text(modelMetadata.metadata(asked.name, asked.choice));
        });
        return;
      case 'status':
        this.#reply(exchange, () => {
          const { name, choice } = asked;
          return modelStatusJson(this.#options.modelStatus.statuses(name, choice.version));
        });
    }
  }

  /** Any method; not counted itself. */
  #answerMetrics(exchange: Exchange, { path, page }: RestMetrics, target: string): void {
    if (target !== path) {
      exchange.plainText('400 Bad Request', `Unexpected path: ${target}. Should be ${path}`);
      return;
    }
    page.text().then(
      (text) => exchange.plainText('200 OK', text),
      (error: unknown) => exchange.fail(ServingError.from(error)),
    );
  }

  #reply(exchange: Exchange, text: () => string): void {
    try {
      exchange.json(text());
    } catch (error) {
      exchange.fail(ServingError.from(error));
    }
  }
}
