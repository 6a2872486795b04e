/**
 * RestApi: what the REST API answers, whatever carries it. Brings requests to the services and their
 * answers back; decides nothing about models. One of each transport, on its thread.
 */
import type { Authenticator } from '../access/authenticator.js';
import { AccessMethod, EVERY_MODEL, type Caller } from '../access/caller.js';
import { credentialsOf } from '../access/credentials.js';
import { REQUEST_ID_KEY, requestIdOf } from '../log/request-id.js';
import type { AccessEntry, AccessLog } from '../log/access-log.js';
import type { Failure, RequestLog } from '../log/request-log.js';
import type { MetricsPage } from '../metrics/metrics-page.js';
import { REST_ENTRY, type RequestMetrics } from '../metrics/request-metrics.js';
import type { Done } from '../native/calls.js';
import { decodeOnLoopBytes } from '../native/saved-model.js';
import type { AdminApi } from '../service/admin-api.js';
import type { ModelMetadataService } from '../service/model-metadata.js';
import type { ModelStatusService } from '../service/model-status.js';
import type { Readiness } from '../service/readiness.js';
import type { InferenceService } from '../service/inference.js';
import { stickyKeyOf } from '../service/sticky-key.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Tracer } from '../tracing/tracer.js';
import { AdminEndpoint } from './admin-endpoint.js';
import type { Held, MemoryBudget } from '../listening/buffer-budget.js';
import { acceptsGzip, inflate } from './compression.js';
import { Deadlines } from './deadlines.js';
import type { VersionChoice } from '../service/model-catalog.js';
import { Exchange, type ExchangeHost, type RestAccess } from './exchange.js';
import { endExchangeTrace, exchangeTrace } from './exchange-trace.js';
import { HealthEndpoint } from './health-endpoint.js';
import type { BodyLimits, HttpExchange, HttpRequest } from './http.js';
import { modelStatusJson } from './json.js';
import type { MetadataJson } from './metadata-json.js';
import { ModelList } from './model-list.js';
import { refusal } from './request-line.js';
import { route, type Route } from './routes.js';

export interface RestApiOptions {
  readonly authenticator: Authenticator;
  readonly inference: InferenceService;
  readonly modelStatus: ModelStatusService;
  readonly modelMetadata: ModelMetadataService;
  readonly metadataJson: MetadataJson;
  readonly readiness: Readiness;
  /** Null: not offered. */
  readonly admin: AdminApi | null;
  /** 0 or less is none. */
  readonly timeoutMillis: number;
  readonly maxBodyBytes: number;
  /** Answers from this length on are compressed for clients that take it; 0 is none. */
  readonly gzipMinBytes: number;
  /** As stickyHeaderOf() gives it. */
  readonly stickyHeader: string | null;
  readonly corsEnabled: boolean;
  readonly requestLog: RequestLog;
  /** Null: there is none. */
  readonly accessLog: AccessLog | null;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** Null: nothing is counted, and there is no page. */
  readonly metrics: RestMetrics | null;
}

/** Where Prometheus looks unless told otherwise; no model is below it. */
const METRICS_PATH = '/metrics';

function isMetricsPath(method: string, path: string): boolean {
  return path === METRICS_PATH && (method === 'GET' || method === 'HEAD');
}

export interface RestMetrics {
  /** Upstream's, or the one of the file. */
  readonly path: string;
  readonly page: Pick<MetricsPage, 'text'>;
  readonly requests: RequestMetrics;
}

export class RestApi implements ExchangeHost {
  readonly budget: MemoryBudget;
  readonly #options: RestApiOptions;
  readonly #deadlines: Deadlines;
  readonly #health: HealthEndpoint;
  readonly #modelList: ModelList;
  readonly #admin: AdminEndpoint | null;
  readonly #plainLimits: BodyLimits;
  /** It is inflated off the event loop, for which it has to stay. */
  readonly #gzipLimits: BodyLimits;

  /** `budget`: the transport's, of which it takes the bodies that come in. */
  constructor(options: RestApiOptions, budget: MemoryBudget) {
    const { admin, maxBodyBytes: maxBytes } = options;
    this.budget = budget;
    this.#options = options;
    this.#deadlines = new Deadlines(options.timeoutMillis);
    this.#health = new HealthEndpoint(options.readiness);
    this.#modelList = new ModelList(options.modelStatus);
    this.#admin = admin === null ? null : new AdminEndpoint(admin, this.#deadlines);
    this.#plainLimits = { maxBytes, borrowBytes: decodeOnLoopBytes() };
    this.#gzipLimits = { maxBytes, borrowBytes: 0 };
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

  /** Answers `http` by and by, unless its client goes first. */
  handle(request: HttpRequest, http: HttpExchange): void {
    const exchange = new Exchange(http, this, request.method === 'HEAD');
    const { accessLog, tracer } = this.#options;
    // Probes would be most of it.
    if ((accessLog ?? tracer) !== null && !this.#health.takes(request.method, request.path)) {
      if (accessLog !== null && !http.isForsaken) exchange.access = accessOf(request, http);
      if (tracer !== null) exchange.trace = exchangeTrace(tracer, request);
    }
    try {
      this.#dispatch(exchange, request);
    } catch (error) {
      exchange.threw(error); // a bug of ours: the other requests go on
    }
  }

  /** No more deadlines: for when every connection is closed. */
  close(): void {
    this.#deadlines.close();
  }

  ended(exchange: Exchange): void {
    this.#deadlines.remove(exchange);
    const { access, trace } = exchange;
    if (trace !== null) endExchangeTrace(trace, exchange);
    if (access === null) return;
    const hasFailed = !exchange.status.startsWith('2');
    const millis = performance.now() - access.startMillis;
    this.#options.accessLog?.ended(hasFailed, millis, () => entryOf(exchange, access, millis));
  }

  failed({ asked, requestId, dueMillis }: Exchange, failure: Failure): void {
    const { requestLog, timeoutMillis } = this.#options;
    requestLog.failed(failure, () => {
      const choice = choiceIn(asked);
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

  #dispatch(exchange: Exchange, request: HttpRequest): void {
    const { method, path, target } = request;
    const refused = refusal(method, target);
    if (refused !== null) {
      exchange.page(refused);
      return;
    }
    exchange.isFrom(
      this.#options.authenticator.caller(() =>
        credentialsOf((name) => request.header(name), request.identity),
      ),
    );
    const { metrics } = this.#options;
    if (this.#health.takes(method, path)) {
      this.#health.answer(exchange, path);
      return;
    }
    if (metrics !== null && (path === metrics.path || isMetricsPath(method, path))) {
      exchange.asCaller((caller) => this.#answerMetrics(exchange, metrics, path, target, caller));
      return;
    }
    if (this.#admin?.takes(path) === true) {
      this.#admin.answer(exchange, request);
      return;
    }
    if (this.gzipMinBytes > 0) {
      exchange.gzipAccepted = acceptsGzip(request.header('accept-encoding'));
    }
    const asked = route(method, target);
    exchange.asked = asked;
    exchange.requestId = requestIdOf(request.header(REQUEST_ID_KEY));
    if (asked.kind !== 'infer') {
      if (asked.kind === 'preflight') {
        exchange.countAs(REST_ENTRY.none, '');
        exchange.preflight(/https?:\/\//.test(request.header('origin')));
        return;
      }
      exchange.asCaller((caller) => this.#answer(exchange, asked, caller));
      return;
    }
    const { action, name, choice } = asked;
    exchange.countAs(REST_ENTRY[action], name);
    const { inference, maxBodyBytes, timeoutMillis } = this.#options;
    const declaredLength = Number(request.header('content-length')) || 0;
    if (declaredLength > maxBodyBytes) {
      exchange.tooLarge(maxBodyBytes);
      return;
    }
    const { caller: asking } = exchange;
    if (!(asking instanceof Promise) && !asking.isKnown) {
      exchange.refuse(asking.turnAway()); // before it takes memory
      return;
    }
    this.#deadlines.add(exchange);
    const key = choice.label === null ? null : this.#stickyKey(request);
    const cacheControl = request.header('cache-control');
    const infer = (body: ArrayBuffer | Uint8Array, held: Held | null): void =>
      exchange.asCaller((caller) => inferAs(caller, body, held), held);
    const inferAs = (caller: Caller, body: ArrayBuffer | Uint8Array, held: Held | null): void => {
      exchange.begin();
      const answer: Done<string | Uint8Array> = (error, reply) => {
        held?.release();
        if (error !== null) exchange.fail(error);
        else exchange.json(reply as string | Uint8Array);
      };
      const timeout = Math.max(0, timeoutMillis);
      const isGone = (): boolean => exchange.over;
      const context = { isGone, caller, trace: exchange.trace, cacheControl };
      const id = inference.json(action, name, choice, key, body, timeout, answer, context);
      // The JSON does not say which of the label's versions it comes from.
      if (choice.label !== null && id !== null && inference.isShared(name, choice.label)) {
        exchange.modelVersion = id.version.toString();
      }
    };
    if (request.header('content-encoding').includes('gzip')) {
      exchange.receive(this.#gzipLimits, declaredLength, (body, held) => {
        const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
        this.#inflate(exchange, bytes, held, infer);
      });
    } else {
      // What has to wait for who it is from is not borrowed.
      const limits = asking instanceof Promise ? this.#gzipLimits : this.#plainLimits;
      exchange.receive(limits, declaredLength, infer);
    }
  }

  #stickyKey(request: HttpRequest): string | null {
    const { stickyHeader } = this.#options;
    return stickyHeader === null ? null : stickyKeyOf(request.header(stickyHeader));
  }

  #inflate(
    exchange: Exchange,
    body: Uint8Array,
    held: Held | null,
    onPlain: (plain: Uint8Array, held: Held | null) => void,
  ): void {
    const hasRoom = inflate(body, this.budget, (plain, plainHeld) => {
      held?.release();
      if (exchange.over) plainHeld?.release();
      else onPlain(plain, plainHeld);
    });
    if (hasRoom) return;
    held?.release();
    exchange.noRoom();
  }

  /** What needs no body. @throws ServingError */
  #answer(
    exchange: Exchange,
    asked: Exclude<Route, { kind: 'infer' | 'preflight' }>,
    caller: Caller,
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
      case 'malformed':
        exchange.fail(new ServingError(StatusCode.INVALID_ARGUMENT, asked.message));
        return;
      case 'list':
        if (!caller.isKnown) throw caller.turnAway();
        exchange.json(this.#modelList.text(caller));
        return;
      case 'metadata':
        this.#reply(exchange, () => {
          const { modelMetadata, metadataJson } = this.#options;
          return metadataJson.text(modelMetadata.metadata(asked.name, asked.choice, caller));
        });
        return;
      case 'status':
        this.#reply(exchange, () => {
          const { name, choice } = asked;
          return modelStatusJson(this.#options.modelStatus.statuses(name, choice.version, caller));
        });
    }
  }

  /** At upstream's path any method; not counted itself. @throws ServingError */
  #answerMetrics(
    exchange: Exchange,
    { path, page }: RestMetrics,
    asked: string,
    target: string,
    caller: Caller,
  ): void {
    caller.admit(AccessMethod.read, EVERY_MODEL).release();
    if (asked === path && target !== path) {
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

function choiceIn(asked: Route | null): VersionChoice | null {
  return asked !== null && 'choice' in asked ? asked.choice : null;
}

function accessOf({ method, path }: HttpRequest, http: HttpExchange): RestAccess {
  const startMillis = performance.now();
  return {
    startMillis,
    method,
    path,
    peer: http.peer(),
    bytesIn: 0,
    bytesOut: 0,
  };
}

function entryOf(
  { asked, requestId, status, caller }: Exchange,
  { method, path, bytesIn, bytesOut, peer }: RestAccess,
  millis: number,
): AccessEntry {
  const choice = choiceIn(asked);
  return {
    protocol: 'REST',
    method,
    path,
    model: asked !== null && 'name' in asked ? asked.name : null,
    version: choice?.version?.toString() ?? null,
    label: choice?.label ?? null,
    status: status === '' ? 'client gone' : status,
    millis,
    bytesIn,
    bytesOut,
    peer: peer === '' ? null : peer,
    requestId: requestId === '' ? null : requestId,
    principal: caller instanceof Promise ? null : caller.name,
  };
}
