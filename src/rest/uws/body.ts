/**
 * BodyBuffer: a request body that comes in pieces, in one growing allocation of ours. Owns the share of
 * the budget that its memory takes, until it is released.
 */
import type { MemoryBudget, Held } from '../../listening/buffer-budget.js';

/** What a declared length may reserve ahead: no more than this, and no more than so many times what came. */
const MAX_TRUSTED_LENGTH = 8 << 20;
const TRUSTED_FACTOR = 16;
const SMALLEST = 64 << 10;

export class BodyBuffer implements Held {
  readonly #budget: MemoryBudget;
  readonly #declaredLength: number;
  readonly #maxLength: number;
  #bytes = Buffer.alloc(0);
  #size = 0;
  #taken = 0;

  /** REQUIRES: no more than `maxLength` is appended. `declaredLength` 0 is none. */
  constructor(budget: MemoryBudget, declaredLength: number, maxLength: number) {
    this.#budget = budget;
    this.#declaredLength = declaredLength;
    this.#maxLength = declaredLength > 0 ? declaredLength : maxLength;
  }

  /** False when the budget has no room for it: the body is to be refused then. */
  append(chunk: ArrayBuffer): boolean {
    const needed = this.#size + chunk.byteLength;
    if (needed > this.#bytes.length && !this.#grow(needed)) return false;
    this.#bytes.set(new Uint8Array(chunk), this.#size);
    this.#size = needed;
    return true;
  }

  /** All that came. An ArrayBuffer where it has one for itself, which can be given away. */
  bytes(): Uint8Array | ArrayBuffer {
    const { buffer } = this.#bytes;
    return buffer.byteLength === this.#size && buffer instanceof ArrayBuffer
      ? buffer
      : this.#bytes.subarray(0, this.#size);
  }

  release(): void {
    this.#budget.give(this.#taken);
    this.#taken = 0;
  }

  /** Old and new memory count both as long as there are both. */
  #grow(needed: number): boolean {
    const ahead = Math.min(this.#declaredLength, MAX_TRUSTED_LENGTH, needed * TRUSTED_FACTOR);
    const doubled = this.#bytes.length * 2;
    const wanted = Math.min(Math.max(doubled, ahead, SMALLEST), this.#maxLength);
    const capacity = Math.max(needed, wanted);
    if (!this.#budget.take(capacity)) return false;
    const grown = Buffer.allocUnsafe(capacity);
    this.#bytes.copy(grown, 0, 0, this.#size);
    this.#bytes = grown;
    this.#budget.give(this.#taken);
    this.#taken = capacity;
    return true;
  }
}
