/**
 * LoadGate: how many loads may be under way at once. The others wait in the order they came. A load
 * that waits for its next attempt is not under way: one broken model delays nobody.
 */
export class LoadGate {
  #width: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  /** Takes effect as loads end: none is interrupted. */
  set width(width: number) {
    this.#width = width;
    this.#admit();
  }

  /** Resolves at one's turn; `leave` must follow. */
  enter(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#admit();
    });
  }

  leave(): void {
    --this.#inside;
    this.#admit();
  }

  #admit(): void {
    while (this.#inside < this.#width) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      ++this.#inside;
      next();
    }
  }
}
