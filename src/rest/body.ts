/** BodyBuffer: a request body that comes in pieces, in one growing allocation of ours. */

/** What a declared length may reserve before any byte has come. */
const MAX_TRUSTED_LENGTH = 8 << 20;
const SMALLEST = 64 << 10;

export class BodyBuffer {
  #bytes: Buffer;
  #size = 0;

  /** `declaredLength` is the Content-Length, or 0 when there is none. */
  constructor(declaredLength: number) {
    this.#bytes = Buffer.allocUnsafe(
      Math.min(Math.max(declaredLength, SMALLEST), MAX_TRUSTED_LENGTH),
    );
  }

  append(chunk: ArrayBuffer): void {
    const needed = this.#size + chunk.byteLength;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, this.#size);
      this.#bytes = grown;
    }
    this.#bytes.set(new Uint8Array(chunk), this.#size);
    this.#size = needed;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
}
