/**
 * Exchange: one HTTP request on its way to its answer. Knows whether the client has gone and answers
 * at most once, so that the rest need not care. Owns the body while it comes in.
 */
import type { HttpResponse } from 'uWebSockets.js';

import { REQUEST_ID_HEADER } from '../log/request-id.js';
import type { Failure } from '../log/request-log.js';
import type { RequestMetrics } from '../metrics/request-metrics.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { BodyBuffer } from './body.js';
import type { BufferBudget, Held } from './buffer-budget.js';
import { compress } from './compression.js';
import type { Waiting } from './deadlines.js';
import { httpStatus } from './http-status.js';
import { errorJson } from './json.js';
import type { Route } from './routes.js';
import { htmlPage } from './request-line.js';

/**
 * uWebSockets copies what a client does not read of a shorter answer, and handles its next request; the
 * rest of a longer one stays here, and a client that asks on without reading is cut off.
 */
const COPIED_ANSWER_BYTES = 1024;

/** What an exchange needs of the server it belongs to. */
export interface ExchangeHost {
  readonly corsEnabled: boolean;
  readonly draining: boolean;
  /** Answers from this length on may be compressed; 0 is none. */
  readonly gzipMinBytes: number;
  /** Null: requests are not counted. */
  readonly requestMetrics: RequestMetrics | null;
  ended(exchange: Exchange): void;
  /** Just before a failure is answered. */
  failed(exchange: Exchange, failure: Failure): void;
}

export class Exchange implements Waiting {
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
  /** Whether the client takes a compressed answer. */
  gzipAccepted = false;
  readonly #response: HttpResponse;
  readonly #host: ExchangeHost;
  readonly #isHead: boolean;
  /** The body as long as it is incomplete. */
  #incoming: BodyBuffer | null = null;
  /** Told to clients that are to come back; null: nothing. */
  #retryAfterMillis: number | null = null;
  /** True while the client has not yet taken the whole answer. */
  #sending = false;
  /** What its outcome is counted under; null for what is not counted, or has been. */
  #entry: number | null = null;
  #name = '';
  #startMillis = 0;

  constructor(response: HttpResponse, host: ExchangeHost, isHead: boolean) {
    this.#response = response;
    this.#host = host;
    this.#isHead = isHead;
    response.onAborted(this.#aborted);
  }

  /**
   * The whole body, at once if it came in one piece: `chunk` is then uWebSockets' own memory, valid
   * only until `onBody` returns, and at most `borrowBytes` long; otherwise it is ours, and what is
   * held of the budget is to be released when the body is done with.
   */
  receive(
    declaredLength: number,
    maxBytes: number,
    borrowBytes: number,
    budget: BufferBudget,
    onBody: (body: ArrayBuffer | Uint8Array, held: Held | null) => void,
  ): void {
    let size = 0;
    const take = (chunk: ArrayBuffer, isLast: boolean): void => {
      if (this.over) return;
      size += chunk.byteLength;
      if (size > maxBytes) {
        this.refuse('413 Payload Too Large', `The request body is larger than ${maxBytes} bytes.`);
        return;
      }
      if (isLast && this.#incoming === null && size <= borrowBytes) {
        onBody(chunk, null);
        return;
      }
      const body = (this.#incoming ??= new BodyBuffer(budget, declaredLength, maxBytes));
      if (!body.append(chunk)) {
        this.refuseForMemory(budget);
      } else if (isLast) {
        this.#incoming = null; // whoever takes it releases it
        onBody(body.bytes(), body);
      }
    };
    this.#response.onData((chunk, isLast) => {
      try {
        take(chunk, isLast);
      } catch (error) {
        this.fail(ServingError.from(error));
      }
    });
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
    this.#end(httpStatus(error.code), errorJson(error.message));
  }

  /** 400 with an empty body, or what else has no message. */
  empty(status: string): void {
    this.#failing({ code: status, message: '', violations: [] });
    this.#count(StatusCode.INVALID_ARGUMENT);
    this.#end(status, '');
  }

  /**
   * Answers before the body is complete and asks the client to close. uWebSockets passes over the rest
   * of the body; were the connection closed here, a client that still sends would not see the answer.
   */
  refuse(status: string, message: string): void {
    this.#failing({ code: status, message, violations: [] });
    this.#count(StatusCode.RESOURCE_EXHAUSTED);
    this.#finish(() => {
      this.#response.writeStatus(status).writeHeader('Content-Type', 'application/json');
      this.#writeCors();
      this.#response.writeHeader('Connection', 'close').end(errorJson(message));
    });
  }

  refuseForMemory({ limit }: BufferBudget): void {
    this.refuse(
      '503 Service Unavailable',
      `Request bodies take the ${limit} bytes they may take together. Try again later.`,
    );
  }

  /** What the HTTP library answers by itself upstream. */
  page(status: string): void {
    this.#failing({ code: status, message: '', violations: [] });
    this.#finish(() => {
      this.#response.writeStatus(status).writeHeader('Content-Type', 'text/html');
      this.#write(htmlPage(status), true);
    });
  }

  /** The page of metrics, and what is wrong about its address. */
  plainText(status: string, text: string | Uint8Array): void {
    this.#finish(() => {
      if (status !== '200 OK') this.#response.writeStatus(status);
      this.#response.writeHeader('Content-Type', 'text/plain');
      this.#write(text, false);
    });
  }

  /** The answer to OPTIONS: no body, no content type of ours. */
  preflight(allowed: boolean): void {
    this.#count(allowed ? StatusCode.OK : StatusCode.FAILED_PRECONDITION);
    this.#finish(() => {
      if (!allowed) this.#response.writeStatus('400 Bad Request');
      this.#writeCors();
      this.#write('', false);
    });
  }

  expire(): void {
    this.fail(new ServingError(StatusCode.DEADLINE_EXCEEDED, 'Timed out waiting for notification'));
  }

  readonly #aborted = (): void => {
    if (this.over && !this.#sending) return;
    this.over = true;
    this.#sending = false;
    this.#dropIncoming();
    this.#host.ended(this);
  };

  #count(code: StatusCode): void {
    if (this.#entry === null) return;
    this.#host.requestMetrics?.ended(this.#name, this.#entry, code, this.#startMillis);
    this.#entry = null;
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
    this.#finish(() => {
      if (status !== '200 OK') this.#response.writeStatus(status);
      this.#response.writeHeader('Content-Type', 'application/json');
      this.#writeCors();
      if (this.modelVersion !== '') {
        this.#response.writeHeader('X-Model-Version', this.modelVersion);
      }
      if (coding === 'gzip') this.#response.writeHeader('Content-Encoding', 'gzip');
      if (coding !== null) this.#response.writeHeader('Vary', 'Accept-Encoding');
      if (this.#retryAfterMillis !== null) {
        const seconds = Math.ceil(this.#retryAfterMillis / 1000); // HTTP knows no fractions
        this.#response.writeHeader('Retry-After', String(seconds));
      }
      this.#write(body, false);
    });
  }

  #dropIncoming(): void {
    this.#incoming?.release();
    this.#incoming = null;
  }

  /** After status and headers. The answer to HEAD has no body, as upstream, nor its length. */
  #write(body: string | Uint8Array, close: boolean): void {
    const closing = close || this.#host.draining;
    if (this.requestId !== '') this.#response.writeHeader(REQUEST_ID_HEADER, this.requestId);
    if (this.#isHead && closing) this.#response.endWithoutBody(0, true);
    else if (this.#isHead) this.#response.endWithoutBody();
    else if (closing || body.length <= COPIED_ANSWER_BYTES) this.#response.end(body, closing);
    else this.#send(typeof body === 'string' ? Buffer.from(body) : body);
  }

  /** As much as the client takes now, the rest as it takes it. */
  #send(body: Uint8Array): void {
    const [, done] = this.#response.tryEnd(body, body.length);
    if (done) return;
    this.#sending = true;
    this.#response.onWritable((offset) => {
      const [taken, complete] = this.#response.tryEnd(body.subarray(offset), body.length);
      if (complete) {
        this.#sending = false;
        this.#host.ended(this);
      }
      return taken;
    });
  }

  #failing(failure: Failure): void {
    if (!this.over) this.#host.failed(this, failure);
  }

  #writeCors(): void {
    if (!this.#host.corsEnabled) return;
    this.#response
      .writeHeader('Access-Control-Allow-Origin', '*')
      .writeHeader('Access-Control-Allow-Methods', 'POST, GET')
      .writeHeader('Access-Control-Allow-Headers', 'Content-Type');
  }

  #finish(write: () => void): void {
    if (this.over) return;
    this.over = true;
    this.#dropIncoming();
    this.#response.cork(write); // one system call for head and body
    if (!this.#sending) this.#host.ended(this);
  }
}
