/**
 * BufferBudget: what the request bodies that are held at once may take of memory, all together. Memory
 * is asked for before it is allocated, and given back when the body is done with.
 */
export class BufferBudget {
  readonly limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** False when there is not as much left; nothing is taken then. */
  take(bytes: number): boolean {
    if (bytes > this.limit - this.#taken) return false;
    this.#taken += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** Something that holds a share of the budget. */
export interface Held {
  /** Gives it back; harmless when repeated. */
  release(): void;
}
