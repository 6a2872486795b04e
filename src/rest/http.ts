/**
 * The seam between the REST API and what carries it: a request's head, and its exchange with the client,
 * as every HTTP transport gives them. Types only. A transport keeps HTTP's rules (framing, the connection,
 * Content-Length); what is answered is the API's, and the same over all of them.
 */
import type { ServingError } from '../status/serving-error.js';
import type { Held } from '../listening/buffer-budget.js';

/** The head of a request. Valid until RestApi.handle returns; a transport may keep it longer. */
export interface HttpRequest {
  /** As sent: methods are case-sensitive. */
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  /** The target up to its `?`. */
  readonly path: string;
  /** `name` in lower case. Empty when there is none. */
  header(name: string): string;
  /** Of the client's certificate, as Credentials has it. */
  readonly identity: string;
  /** Whether it is to be traced; null: the transport does not know. */
  readonly isTraced: boolean | null;
}

export interface BodyLimits {
  /** A longer body is told as too large. */
  readonly maxBytes: number;
  /** Up to this length a body may be lent; 0: never. */
  readonly borrowBytes: number;
}

/**
 * What becomes of the connection behind an answer:
 * - `keep`: it takes further requests, unless the client does not want that or the server drains;
 * - `close`: it is closed;
 * - `linger`: the client is told to close it, and the rest of the request is passed over until then. Were
 *   it closed here, a client that still sends would not see the answer.
 */
export type AfterAnswer = 'keep' | 'close' | 'linger';

/**
 * One request and its one answer. Nothing here throws, and once it is answered or its client is gone, the
 * owner hears no more of it.
 */
export interface HttpExchange {
  /** Who answers it. REQUIRES: set once, before anything else. */
  owner: ExchangeOwner | null;

  /**
   * Has the body come in, all of it: one of the owner's four functions about it is called, here and now
   * where the transport has the body, else later. REQUIRES: called at most once, within RestApi.handle.
   * `declaredLength`: that of the header Content-Length, 0 without.
   */
  receive(limits: BodyLimits, declaredLength: number): void;

  /** Whether its client was gone before it came here; the access log has heard of it. */
  readonly isForsaken: boolean;

  /** The client's IP address, with its port where that is known; empty over a Unix socket. */
  peer(): string;

  /**
   * Status line (`200 OK`), headers (name, value, name, …) and body. The transport adds Connection, Date and
   * Content-Length. Of the answer to HEAD it sends neither body nor length.
   * REQUIRES: called at most once, and not when the client is gone.
   * OWNERSHIP: `headers` and `body` stay as they are.
   */
  answer(
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void;
}

/** What a transport tells whoever answers an exchange. */
export interface ExchangeOwner {
  /**
   * `held` null: the transport's own memory, lent until this returns, and at most `borrowBytes` long.
   * Otherwise the owner's, who releases what is held of the budget when the body is done with; an
   * ArrayBuffer where it has one for itself, which can be given away.
   */
  received(body: ArrayBuffer | Uint8Array, held: Held | null): void;
  /** The body is longer than `maxBytes`. */
  tooLarge(maxBytes: number): void;
  /** The budget has no room for the body. */
  noRoom(): void;
  /** The body came too slowly. */
  tooSlow(): void;
  /** The deadline of the request has passed. */
  expire(): void;
  /** Before any other, from a transport that took it on itself: so long ago, a body of so many bytes. */
  begunBefore(millis: number, bytesIn: number): void;
  /** In place of `received`, from a transport that runs requests itself: the answer, or why there is none. */
  ran(error: ServingError | null, reply: Uint8Array | null): void;
  /** Something was thrown while the body came in or was taken: a bug of ours, or no memory. */
  threw(error: unknown): void;
  /** The client is gone before it was answered. */
  aborted(): void;
}
