/**
 * BufferBudget: what the requests that are held at once may take of memory, all together. Memory is asked
 * for before it is allocated, and given back when the request is done with. Several threads may share one,
 * each through an object of its own over the same count.
 */
import { addon } from '../native/addon.js';
import type { NativeTransport } from '../native/transport.js';

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

/** The addon's, of one transport: what is inflated counts with what it has received. */
export class NativeBudget implements MemoryBudget {
  readonly limit: number;
  readonly #transport: NativeTransport;

  constructor(transport: NativeTransport, limit: number) {
    this.#transport = transport;
    this.limit = limit;
  }

  take(bytes: number): boolean {
    return addon().transportTakeBytes(this.#transport, bytes);
  }

  give(bytes: number): void {
    addon().transportGiveBytes(this.#transport, bytes);
  }
}

/** What was taken of a budget, bit by bit. */
export class Share implements Held {
  readonly #budget: MemoryBudget;
  #bytes = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /** False when there is no room; what is held stays. */
  take(bytes: number): boolean {
    if (!this.#budget.take(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** REQUIRES: taken before. */
  give(bytes: number): void {
    this.#budget.give(bytes);
    this.#bytes -= bytes;
  }

  release(): void {
    this.give(this.#bytes);
  }
}
