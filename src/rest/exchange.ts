/**
 * Exchange: one HTTP request on its way to its answer. Knows whether the client has gone and answers
 * at most once, so that the rest need not care. Owns the body while it comes in.
 */
import type { HttpResponse } from 'uWebSockets.js';

import type { RequestMetrics } from '../metrics/request-metrics.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { BodyBuffer } from './body.js';
import type { Waiting } from './deadlines.js';
import { httpStatus } from './http-status.js';
import { errorJson } from './json.js';

/** What an exchange needs of the server it belongs to. */
export interface ExchangeHost {
  readonly corsEnabled: boolean;
  readonly draining: boolean;
  /** Null: requests are not counted. */
  readonly requestMetrics: RequestMetrics | null;
  ended(exchange: Exchange): void;
}

export class Exchange implements Waiting {
  dueMillis = 0;
  earlier: Waiting | null = null;
  later: Waiting | null = null;
  /** True once it was answered or the client has gone. */
  over = false;
  readonly #response: HttpResponse;
  readonly #host: ExchangeHost;
  readonly #isHead: boolean;
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
   * only until `onBody` returns, and at most `borrowBytes` long; otherwise it is ours.
   */
  receive(
    declaredLength: number,
    maxBytes: number,
    borrowBytes: number,
    onBody: (body: ArrayBuffer | Uint8Array) => void,
  ): void {
    let collected: BodyBuffer | null = null;
    let size = 0;
    this.#response.onData((chunk, isLast) => {
      if (this.over) return;
      size += chunk.byteLength;
      if (size > maxBytes) {
        collected = null;
        this.refuse('413 Payload Too Large', `The request body is larger than ${maxBytes} bytes.`);
        return;
      }
      if (isLast && collected === null && size <= borrowBytes) {
        onBody(chunk);
        return;
      }
      collected ??= new BodyBuffer(declaredLength);
      collected.append(chunk);
      if (isLast) onBody(collected.view());
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
    this.#count(error.code);
    this.#end(httpStatus(error.code), errorJson(error.message));
  }

  /** 400 with an empty body, or what else has no message. */
  empty(status: string): void {
    this.#count(StatusCode.INVALID_ARGUMENT);
    this.#end(status, '');
  }

  /** Answers before the body is complete: the connection is closed, since the rest is not read. */
  refuse(status: string, message: string): void {
    this.#count(StatusCode.RESOURCE_EXHAUSTED);
    this.#end(status, errorJson(message), true);
  }

  /** The HTTP library's own 404 page upstream. */
  notFoundPage(): void {
    this.#finish(() => {
      const page =
        '<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n';
      this.#response.writeStatus('404 Not Found').writeHeader('Content-Type', 'text/html');
      this.#write(page, true);
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
    if (this.over) return;
    this.over = true;
    this.#host.ended(this);
  };

  #count(code: StatusCode): void {
    if (this.#entry === null) return;
    this.#host.requestMetrics?.ended(this.#name, this.#entry, code, this.#startMillis);
    this.#entry = null;
  }

  #end(status: string, body: string | Uint8Array, close = false): void {
    this.#finish(() => {
      if (status !== '200 OK') this.#response.writeStatus(status);
      this.#response.writeHeader('Content-Type', 'application/json');
      this.#writeCors();
      this.#write(body, close);
    });
  }

  /** After status and headers. The answer to HEAD has no body, as upstream. */
  #write(body: string | Uint8Array, close: boolean): void {
    const closing = close || this.#host.draining;
    if (this.#isHead) this.#response.endWithoutBody(0, closing);
    else this.#response.end(body, closing);
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
    this.#response.cork(write); // one system call for head and body
    this.#host.ended(this);
  }
}
