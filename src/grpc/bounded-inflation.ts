/**
 * BoundedInflation: has grpc-js's server inflate messages by inflateMessage, within the budget of all requests.
 * Left to itself it gathers whatever a message becomes, twice, however many do so at once. It offers no way
 * to, so one of its methods is replaced, of each call; a release that lacks the method inflates as it likes.
 */
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

import type { Held } from '../listening/buffer-budget.js';
import { inflateMessage, type InflateLimits } from './inflate.js';

/** What is replaced: `message` with its prefix. Rejects with a status. */
interface Inflating {
  decompressMessage?: (message: Buffer, encoding: string) => Promise<Buffer>;
}

const PREFIX_BYTES = 5;

export class BoundedInflation {
  readonly #limits: InflateLimits;
  /** Of messages that nobody has taken yet. */
  readonly #held = new Map<Buffer, Held>();

  constructor(limits: InflateLimits) {
    this.#limits = limits;
  }

  /** Of a message that was inflated, for who has it now to release; null: it was not. */
  take(message: Buffer): Held | null {
    const held = this.#held.get(message) ?? null;
    this.#held.delete(message);
    return held;
  }

  readonly interceptor: ServerInterceptor = (_, inner) => {
    const call = inner as ServerInterceptingCall;
    const inflating = call as Inflating;
    if (typeof inflating.decompressMessage !== 'function') return call;
    const messages: Buffer[] = [];
    let isOver = false;
    inflating.decompressMessage = (message, encoding) =>
      new Promise((resolve, reject) => {
        const bytes = message.subarray(PREFIX_BYTES);
        if (encoding === 'identity') {
          resolve(bytes);
          return;
        }
        inflateMessage(encoding, bytes, this.#limits, (failure, plain, held) => {
          if (failure !== null) {
            // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- grpc-js's way
            reject({ code: failure.code, details: failure.message });
            return;
          }
          if (isOver) held?.release();
          else if (held !== null) {
            this.#held.set(plain, held);
            messages.push(plain);
          }
          resolve(plain);
        });
      });
    const over = (): void => {
      isOver = true;
      for (const message of messages) this.take(message)?.release();
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onCancel: over,
        });
      },
      sendStatus: (status, next) => {
        over();
        next(status);
      },
    });
  };
}
