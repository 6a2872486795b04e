/**
 * Channel: one end of the way between two threads: asks, and answers what is asked. Requests are taken up
 * in the order in which they were made; answers come whenever they are there.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import { errorOf, plainError, type PlainError } from './messages.js';

/** Of each call of `C` its requests to its answers. @throws ServingError */
export type Handlers<C> = {
  readonly [K in keyof C]: (request: RequestOf<C, K>) => AnswerOf<C, K> | Promise<AnswerOf<C, K>>;
};
type RequestOf<C, K extends keyof C> = C[K] extends [infer R, unknown] ? R : never;
type AnswerOf<C, K extends keyof C> = C[K] extends [unknown, infer A] ? A : never;

export type Message =
  | readonly ['ask', number: number, kind: PropertyKey, request: unknown]
  | readonly ['answer', number: number, answer: unknown]
  | readonly ['failure', number: number, error: PlainError];

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: ServingError) => void;
}

/** `Asked`: calls made from this end; `Served`: calls made from the other one. */
export class Channel<Asked, Served> {
  readonly #post: (message: Message) => void;
  readonly #handlers: Handlers<Served>;
  readonly #waiting = new Map<number, Waiting>();
  #lastNumber = 0;
  #isClosed = false;

  constructor(post: (message: Message) => void, handlers: Handlers<Served>) {
    this.#post = post;
    this.#handlers = handlers;
  }

  /** @throws ServingError what the other end throws; UNAVAILABLE once this one is closed */
  ask<K extends keyof Asked>(kind: K, request: RequestOf<Asked, K>): Promise<AnswerOf<Asked, K>> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(ended());
        return;
      }
      const number = ++this.#lastNumber;
      this.#waiting.set(number, { resolve, reject });
      this.#post(['ask', number, kind, request]);
    });
  }

  /** To be called with what the other end posts. */
  take(message: Message): void {
    const [what, number] = message;
    if (what === 'ask') {
      void this.#serve(number, message[2] as keyof Served, message[3]);
      return;
    }
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (what === 'answer') waiting?.resolve(message[2] as never);
    else waiting?.reject(errorOf(message[2]));
  }

  /** The other end has gone: what was asked has no answer. */
  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#waiting.values()) reject(ended());
    this.#waiting.clear();
  }

  async #serve(number: number, kind: keyof Served, request: unknown): Promise<void> {
    try {
      const answer: unknown = await this.#handlers[kind](request as never);
      this.#post(['answer', number, answer]);
    } catch (thrown) {
      this.#post(['failure', number, plainError(ServingError.from(thrown))]);
    }
  }
}

function ended(): ServingError {
  return new ServingError(StatusCode.UNAVAILABLE, 'the thread that was asked has ended');
}
