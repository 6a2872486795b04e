/**
 * SharedThreads: the threads that the schedulers of several JavaScript threads have in common. Each may
 * use its share of them at any time, and beyond it what the others leave: whoever waits for a thread has
 * batches of its own running, whose end it hears of, so that no scheduler needs to wake another.
 */
export class SharedThreads {
  readonly share: number;
  readonly #total: number;
  readonly #busy: Int32Array;

  /** `busy`: how many are in use, in memory shared with the other `schedulers` − 1. */
  constructor(total: number, schedulers: number, busy: Int32Array) {
    this.share = Math.max(1, Math.ceil(total / schedulers));
    this.#total = total;
    this.#busy = busy;
  }

  /** Threads for one who uses `own` already; may be negative. */
  idle(own: number): number {
    return Math.max(this.share - own, this.#total - Atomics.load(this.#busy, 0));
  }

  begin(): void {
    Atomics.add(this.#busy, 0, 1);
  }

  end(): void {
    Atomics.sub(this.#busy, 0, 1);
  }
}
