/**
 * UwsHttpExchange: an exchange over uWebSockets' HttpResponse. Owns the body while it comes in, and the
 * answer until the client has taken it.
 */
import type { HttpResponse } from 'uWebSockets.js';

import type { MemoryBudget } from '../../listening/buffer-budget.js';
import type { AfterAnswer, BodyLimits, ExchangeOwner, HttpExchange } from '../http.js';
import { BodyBuffer } from './body.js';

/**
 * uWebSockets copies what a client does not read of a shorter answer, and handles its next request; the
 * rest of a longer one stays here, and a client that asks on without reading is cut off.
 */
const COPIED_ANSWER_BYTES = 1024;

/** What an exchange needs of the server it belongs to. */
export interface UwsExchangeHost {
  readonly budget: MemoryBudget;
  readonly draining: boolean;
  /** Once for each exchange: its answer has left, or its client. */
  ended(): void;
}

export class UwsHttpExchange implements HttpExchange {
  owner: ExchangeOwner | null = null;
  readonly isForsaken = false;
  readonly #response: HttpResponse;
  readonly #host: UwsExchangeHost;
  readonly #isHead: boolean;
  /** The body as long as it is incomplete. */
  #incoming: BodyBuffer | null = null;
  /** True once it was answered or the client has gone. */
  #over = false;
  /** True while the client has not yet taken the whole answer. */
  #sending = false;

  constructor(response: HttpResponse, host: UwsExchangeHost, isHead: boolean) {
    this.#response = response;
    this.#host = host;
    this.#isHead = isHead;
    response.onAborted(this.#aborted);
  }

  /** uWebSockets does not tell the port. */
  peer(): string {
    return this.#over
      ? ''
      : Buffer.from(this.#response.getRemoteAddressAsText()).toString('latin1');
  }

  /** A body that comes in one piece of up to `borrowBytes` is lent; others are collected. */
  receive({ maxBytes, borrowBytes }: BodyLimits, declaredLength: number): void {
    let size = 0;
    this.#response.onData((chunk, isLast) => {
      if (this.#over) return;
      try {
        size += chunk.byteLength;
        if (size > maxBytes) this.owner?.tooLarge(maxBytes);
        else if (isLast && this.#incoming === null && size <= borrowBytes) {
          this.owner?.received(chunk, null);
        } else {
          this.#incoming ??= new BodyBuffer(this.#host.budget, declaredLength, maxBytes);
          this.#collect(this.#incoming, chunk, isLast);
        }
      } catch (error) {
        this.owner?.threw(error);
      }
    });
  }

  answer(
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void {
    this.#over = true;
    this.#dropIncoming();
    // One system call for head and body.
    this.#response.cork(() => {
      const response = this.#response;
      if (status !== '200 OK') response.writeStatus(status);
      for (let i = 0; i + 1 < headers.length; i += 2) {
        response.writeHeader(headers[i] as string, headers[i + 1] as string);
      }
      this.#write(body, after);
    });
    if (!this.#sending) this.#host.ended();
  }

  readonly #aborted = (): void => {
    if (this.#over && !this.#sending) return;
    const isAnswered = this.#over;
    this.#over = true;
    this.#sending = false;
    this.#dropIncoming();
    if (!isAnswered) this.owner?.aborted();
    this.#host.ended();
  };

  #collect(body: BodyBuffer, chunk: ArrayBuffer, isLast: boolean): void {
    if (!body.append(chunk)) {
      this.owner?.noRoom();
    } else if (isLast) {
      this.#incoming = null; // whoever takes it releases it
      this.owner?.received(body.bytes(), body);
    }
  }

  #dropIncoming(): void {
    this.#incoming?.release();
    this.#incoming = null;
  }

  /** After status and headers. */
  #write(body: string | Uint8Array, after: AfterAnswer): void {
    const response = this.#response;
    if (after === 'linger') {
      response.writeHeader('Connection', 'close').end(body);
      return;
    }
    const closing = after === 'close' || this.#host.draining;
    if (this.#isHead && closing) response.endWithoutBody(0, true);
    else if (this.#isHead) response.endWithoutBody();
    else if (closing || body.length <= COPIED_ANSWER_BYTES) response.end(body, closing);
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
        this.#host.ended();
      }
      return taken;
    });
  }
}
