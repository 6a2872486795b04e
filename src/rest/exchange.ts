/**
 * Exchange: one request of the REST API on its way to its answer. Knows whether the client has gone and
 * answers at most once, so that the rest need not care.
 */
import { whenKnown } from '../access/authenticator.js';
import { NOBODY, type Caller } from '../access/caller.js';
import { REQUEST_ID_HEADER } from '../log/request-id.js';
import type { Failure } from '../log/request-log.js';
import type { RequestMetrics } from '../metrics/request-metrics.js';
import type { RequestTrace } from '../tracing/tracer.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Held, MemoryBudget } from '../listening/buffer-budget.js';
import { compress } from './compression.js';
import type { Waiting } from './deadlines.js';
import type { AfterAnswer, BodyLimits, ExchangeOwner, HttpExchange } from './http.js';
import { httpStatus } from './http-status.js';
import { errorJson } from './json.js';
import type { Route } from './routes.js';
import { htmlPage } from './request-line.js';

type OnBody = (body: ArrayBuffer | Uint8Array, held: Held | null) => void;

const JSON_TYPE = ['Content-Type', 'application/json'];
const HTML_TYPE = ['Content-Type', 'text/html'];
const TEXT_TYPE = ['Content-Type', 'text/plain'];
const CORS = [
  ...['Access-Control-Allow-Origin', '*'],
  ...['Access-Control-Allow-Methods', 'POST, GET'],
  ...['Access-Control-Allow-Headers', 'Content-Type'],
];
const JSON_TYPE_AND_CORS = [...JSON_TYPE, ...CORS];

/** Of answers in JSON; one and the same object each time. */
export function jsonHeaders(corsEnabled: boolean): readonly string[] {
  return corsEnabled ? JSON_TYPE_AND_CORS : JSON_TYPE;
}

/** What is noted of an exchange for the access log. */
export interface RestAccess {
  startMillis: number;
  readonly method: string;
  readonly path: string;
  readonly peer: string;
  bytesIn: number;
  /** Of bodies, as sent. */
  bytesOut: number;
}

/** What an exchange needs of the API it belongs to. */
export interface ExchangeHost {
  readonly budget: MemoryBudget;
  readonly corsEnabled: boolean;
  /** Answers from this length on may be compressed; 0 is none. */
  readonly gzipMinBytes: number;
  /** Null: requests are not counted. */
  readonly requestMetrics: RequestMetrics | null;
  /** Once: it was answered, or the client has gone. */
  ended(exchange: Exchange): void;
  /** Just before a failure is answered. */
  failed(exchange: Exchange, failure: Failure): void;
}

export class Exchange implements ExchangeOwner, Waiting {
  dueMillis = 0;
  earlier: Waiting | null = null;
  later: Waiting | null = null;
  /** For the log. */
  asked: Route | null = null;
  /** Echoed; empty if the client sent none. */
  requestId = '';
  /** The version that answers for a label that several share; empty otherwise. */
  modelVersion = '';
  /** True once it was answered or the client has gone. */
  over = false;
  /** What the access log says of it; null: nothing. */
  access: RestAccess | null = null;
  /** Null: it is not traced. */
  trace: RequestTrace | null = null;
  /** HTTP's, once it is answered. */
  status = '';
  /** Whether the client takes a compressed answer. */
  gzipAccepted = false;
  readonly #http: HttpExchange;
  readonly #host: ExchangeHost;
  readonly #isHead: boolean;
  /** Who waits for the body. */
  #onBody: OnBody | null = null;
  /** Told to clients that are to come back; null: nothing. */
  #retryAfterMillis: number | null = null;
  /** The header that says how to ask; empty where nobody is asked. */
  #challenge: readonly string[] = [];
  /** What its outcome is counted under; null for what is not counted, or has been. */
  #entry: number | null = null;
  #name = '';
  #startMillis = 0;

  /** Who asks; a promise as long as that is not known. */
  #caller: Caller | Promise<Caller> = NOBODY;

  constructor(http: HttpExchange, host: ExchangeHost, isHead: boolean) {
    this.#http = http;
    this.#host = host;
    this.#isHead = isHead;
    http.owner = this;
  }

  get caller(): Caller | Promise<Caller> {
    return this.#caller;
  }

  isFrom(caller: Caller | Promise<Caller>): void {
    this.#caller = caller;
    if (!(caller instanceof Promise)) return;
    const know = (known: Caller): void => {
      this.#caller = known;
    };
    caller.then(know, () => undefined); // who needs to know it fails
  }

  /**
   * Goes on once it is known who asks, at once where it is. Where that cannot be found out, or `then` throws,
   * the exchange fails, and `held` is released.
   */
  asCaller(then: (caller: Caller) => void, held: Held | null = null): void {
    whenKnown(this.#caller, then, (error) => {
      held?.release();
      this.fail(error);
    });
  }

  /** The whole body, as ExchangeOwner.received has it; what does not fit is answered here. */
  receive(limits: BodyLimits, declaredLength: number, onBody: OnBody): void {
    this.#onBody = onBody;
    this.#http.receive(limits, declaredLength);
  }

  received(body: ArrayBuffer | Uint8Array, held: Held | null): void {
    if (this.access !== null) this.access.bytesIn = body.byteLength;
    this.#onBody?.(body, held);
  }

  begunBefore(millis: number, bytesIn: number): void {
    this.#startMillis = performance.now() - millis;
    if (this.access === null) return;
    this.access.startMillis = this.#startMillis;
    this.access.bytesIn = bytesIn;
  }

  tooLarge(maxBytes: number): void {
    this.#refuseBody('413 Payload Too Large', `The request body is larger than ${maxBytes} bytes.`);
  }

  noRoom(): void {
    this.#refuseBody(
      '503 Service Unavailable',
      `Request bodies take the ${this.#host.budget.limit} bytes they may take together. Try again later.`,
    );
  }

  tooSlow(): void {
    this.#refuseBody('408 Request Timeout', 'The request body came too slowly.');
  }

  ran(error: ServingError | null, reply: Uint8Array | null): void {
    if (error === null) this.json(reply as Uint8Array);
    else this.fail(error);
  }

  threw(error: unknown): void {
    this.fail(ServingError.from(error));
  }

  aborted(): void {
    this.over = true;
    this.#host.ended(this);
  }

  /** A request of the API: its outcome is counted once, even if the client does not wait for it. */
  countAs(entry: number, name: string): void {
    if (this.#host.requestMetrics === null) return;
    this.#entry = entry;
    this.#name = name;
    this.#startMillis = performance.now();
  }

  /** The body is complete: upstream's latency begins. */
  begin(): void {
    if (this.#entry !== null) this.#startMillis = performance.now();
  }

  json(body: string | Uint8Array): void {
    this.#count(StatusCode.OK);
    this.#end('200 OK', body);
  }

  fail(error: ServingError): void {
    this.#failing(error);
    this.#count(error.code);
    this.#retryAfterMillis = error.retryAfterMillis;
    this.#challenge = challengeOf(error);
    this.#end(httpStatus(error.code), errorJson(error.message));
  }

  /** Answers before the body is complete, whose rest is passed over. */
  refuse(error: ServingError): void {
    this.#failing(error);
    this.#count(error.code);
    const headers = [...this.#jsonHeaders, ...challengeOf(error)];
    this.#finish(httpStatus(error.code), headers, errorJson(error.message), 'linger');
  }

  /** 400 with an empty body, or what else has no message. */
  empty(status: string): void {
    this.#failing({ code: status, message: '', violations: [] });
    this.#count(StatusCode.INVALID_ARGUMENT);
    this.#end(status, '');
  }

  /** What the HTTP library answers by itself upstream. */
  page(status: string): void {
    this.#failing({ code: status, message: '', violations: [] });
    this.#answer(status, HTML_TYPE, htmlPage(status), 'close');
  }

  /** The page of metrics, and what is wrong about its address. */
  plainText(status: string, text: string | Uint8Array): void {
    this.#answer(status, TEXT_TYPE, text, 'keep');
  }

  /** The answer to OPTIONS: no body, no content type of ours. */
  preflight(allowed: boolean): void {
    this.#count(allowed ? StatusCode.OK : StatusCode.FAILED_PRECONDITION);
    const status = allowed ? '200 OK' : '400 Bad Request';
    this.#answer(status, this.#host.corsEnabled ? CORS : [], '', 'keep');
  }

  expire(): void {
    this.fail(new ServingError(StatusCode.DEADLINE_EXCEEDED, 'Timed out waiting for notification'));
  }

  #count(code: StatusCode): void {
    if (this.#entry === null) return;
    this.#host.requestMetrics?.ended(this.#name, this.#entry, code, this.#startMillis);
    this.#entry = null;
  }

  /** Answers before the body is complete. */
  #refuseBody(status: string, message: string): void {
    this.#failing({ code: status, message, violations: [] });
    this.#count(StatusCode.RESOURCE_EXHAUSTED);
    this.#finish(status, this.#jsonHeaders, errorJson(message), 'linger');
  }

  #end(status: string, body: string | Uint8Array): void {
    const { gzipMinBytes } = this.#host;
    if (gzipMinBytes === 0 || this.#isHead || Buffer.byteLength(body) < gzipMinBytes) {
      this.#endWith(status, body, null);
    } else if (this.gzipAccepted && !this.over) {
      // Whatever ends the exchange in the meantime wins.
      compress(body, (compressed) => {
        this.#endWith(status, compressed ?? body, compressed === null ? 'identity' : 'gzip');
      });
    } else this.#endWith(status, body, 'identity');
  }

  /** `coding` null: the answer is not up to negotiation. */
  #endWith(status: string, body: string | Uint8Array, coding: 'gzip' | 'identity' | null): void {
    let headers: readonly string[] = this.#jsonHeaders; // most answers have no other
    if (this.#challenge.length > 0) headers = [...headers, ...this.#challenge];
    if (this.modelVersion !== '') headers = [...headers, 'X-Model-Version', this.modelVersion];
    if (coding === 'gzip') headers = [...headers, 'Content-Encoding', 'gzip'];
    if (coding !== null) headers = [...headers, 'Vary', 'Accept-Encoding'];
    if (this.#retryAfterMillis !== null) {
      const seconds = Math.ceil(this.#retryAfterMillis / 1000); // HTTP knows no fractions
      headers = [...headers, 'Retry-After', String(seconds)];
    }
    this.#answer(status, headers, body, 'keep');
  }

  get #jsonHeaders(): readonly string[] {
    return jsonHeaders(this.#host.corsEnabled);
  }

  #failing(failure: Failure): void {
    if (!this.over) this.#host.failed(this, failure);
  }

  #answer(
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void {
    const { requestId } = this;
    const all = requestId === '' ? headers : [...headers, REQUEST_ID_HEADER, requestId];
    this.#finish(status, all, body, after);
  }

  #finish(
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void {
    if (this.over) return;
    this.over = true;
    this.status = status;
    if (this.access !== null) {
      this.access.bytesOut = this.#isHead ? 0 : Buffer.byteLength(body);
    }
    this.#http.answer(status, headers, body, after);
    this.#host.ended(this);
  }
}

/** RFC 9110 has a 401 say how to do better. */
function challengeOf({ code }: ServingError): readonly string[] {
  return code === StatusCode.UNAUTHENTICATED ? ['WWW-Authenticate', 'Bearer'] : [];
}
