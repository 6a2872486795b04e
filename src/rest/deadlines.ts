/**
 * Deadlines: the requests that are waiting for an answer, oldest first. All have the same timeout, so
 * a linked list and one timer do: adding and removing are a few assignments, whatever the load.
 *
 *   #head (due first) <-> … <-> #tail (added last)
 */
export interface Waiting {
  dueMillis: number;
  earlier: Waiting | null;
  later: Waiting | null;
  expire(): void;
}

export class Deadlines {
  readonly #timeoutMillis: number;
  #head: Waiting | null = null;
  #tail: Waiting | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** A timeout of 0 or less is none. */
  constructor(timeoutMillis: number) {
    this.#timeoutMillis = timeoutMillis;
  }

  add(waiting: Waiting): void {
    if (this.#timeoutMillis <= 0) return;
    waiting.dueMillis = performance.now() + this.#timeoutMillis;
    waiting.earlier = this.#tail;
    waiting.later = null;
    if (this.#tail === null) this.#head = waiting;
    else this.#tail.later = waiting;
    this.#tail = waiting;
    this.#timer ??= setTimeout(this.#sweep, this.#timeoutMillis);
  }

  /** Harmless for one that was never added or has expired. */
  remove(waiting: Waiting): void {
    if (waiting.earlier === null && this.#head !== waiting) return;
    if (waiting.earlier === null) this.#head = waiting.later;
    else waiting.earlier.later = waiting.later;
    if (waiting.later === null) this.#tail = waiting.earlier;
    else waiting.later.earlier = waiting.earlier;
    waiting.earlier = waiting.later = null;
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  readonly #sweep = (): void => {
    this.#timer = null;
    const now = performance.now();
    for (let head = this.#head; head !== null && head.dueMillis <= now; head = this.#head) {
      this.remove(head);
      head.expire();
    }
    if (this.#head !== null) {
      this.#timer = setTimeout(this.#sweep, Math.max(1, Math.ceil(this.#head.dueMillis - now)));
    }
  };
}
