/**
 * BufferBudget: what the request bodies that are held at once may take of memory, all together. Memory
 * is asked for before it is allocated, and given back when the body is done with. Several threads may
 * share one, each through an object of its own over the same count.
 */
export class BufferBudget implements MemoryBudget {
  readonly limit: number;
  readonly #taken: BigInt64Array;

  /** `taken`: the one count of all that share the limit; by itself a count of its own. */
  constructor(limit: number, taken: BigInt64Array = new BigInt64Array(1)) {
    this.limit = limit;
    this.#taken = taken;
  }

  get taken(): number {
    return Number(Atomics.load(this.#taken, 0));
  }

  take(bytes: number): boolean {
    const before = Atomics.add(this.#taken, 0, BigInt(bytes));
    if (bytes <= this.limit - Number(before)) return true;
    this.give(bytes);
    return false;
  }

  give(bytes: number): void {
    Atomics.sub(this.#taken, 0, BigInt(bytes));
  }
}

/** A budget, whoever keeps the count: a transport may have its own. */
export interface MemoryBudget {
  /** In bytes. */
  readonly limit: number;
  /** False when there is not as much left; nothing is taken then. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** Something that holds a share of the budget. */
export interface Held {
  /** Gives it back; harmless when repeated. */
  release(): void;
}
