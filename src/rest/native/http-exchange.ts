/** NativeHttpExchange: an exchange over the addon's listener, whose request is in already. */
import { violationsOf } from '../../native/calls.js';
import { BodyRefusal, type NativeHttpEvent } from '../../native/http.js';
import { ServingError } from '../../status/serving-error.js';
import type { Held } from '../../listening/buffer-budget.js';
import type { AfterAnswer, BodyLimits, ExchangeOwner, HttpExchange } from '../http.js';

/** What an exchange needs of the server it belongs to. */
export interface NativeExchangeHost {
  peerOf(id: number): string;
  /** Once for each exchange that is answered. */
  answer(
    id: number,
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void;
}

/** The addon holds the body's share of the budget until the answer. */
const HELD: Held = { release: () => undefined };

export class NativeHttpExchange implements HttpExchange {
  owner: ExchangeOwner | null = null;
  readonly #event: NativeHttpEvent;
  readonly #host: NativeExchangeHost;

  constructor(event: NativeHttpEvent, host: NativeExchangeHost) {
    this.#event = event;
    this.#host = host;
  }

  get isForsaken(): boolean {
    return this.#event[1] === 0;
  }

  receive({ maxBytes }: BodyLimits): void {
    const [, , , , , body, hasReply, refusal, failure, , , ageMillis, bodyBytes] = this.#event;
    const { owner } = this;
    if (owner === null) return;
    if (this.isForsaken) owner.aborted();
    if (ageMillis > 0) owner.begunBefore(ageMillis, bodyBytes);
    if (failure !== null) {
      const [code, message, violations] = failure;
      owner.ran(new ServingError(code, message, violationsOf(violations)), null);
    } else if (hasReply === 1) owner.ran(null, body);
    else if (refusal !== BodyRefusal.none) refuse(owner, refusal, maxBytes);
    else if (body.length > maxBytes) owner.tooLarge(maxBytes);
    else owner.received(body, HELD);
  }

  peer(): string {
    return this.#host.peerOf(this.#event[1]);
  }

  answer(
    status: string,
    headers: readonly string[],
    body: string | Uint8Array,
    after: AfterAnswer,
  ): void {
    const [, id, , , , , , refusal] = this.#event;
    // Nothing of the request is still to come, unless its body was refused.
    const isIn = refusal === BodyRefusal.none && after === 'linger';
    this.#host.answer(id, status, headers, body, isIn ? 'keep' : after);
  }
}

function refuse(owner: ExchangeOwner, refusal: BodyRefusal, maxBytes: number): void {
  if (refusal === BodyRefusal.tooLarge) owner.tooLarge(maxBytes);
  else if (refusal === BodyRefusal.noMemory) owner.noRoom();
  else if (refusal === BodyRefusal.tooSlow) owner.tooSlow();
  else owner.expire();
}
