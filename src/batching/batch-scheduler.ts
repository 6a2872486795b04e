/**
 * BatchScheduler: a number of threads, shared by the queues of all models. A free thread takes a batch
 * of the queue that has had the least time of all that have one ready, each queue's time divided by its
 * weight; so a busy model cannot starve the others. Belongs to one JavaScript thread.
 */
import type { BatchClock, BatchHandler, BatchTask } from './batch.js';
import type { BatchingQueue, DropTask } from './batching-queue.js';
import type { SharedThreads } from './shared-threads.js';

export interface ScheduledQueue<T> {
  /** @throws ServingError as BatchingQueue.enqueue */
  enqueue(task: BatchTask<T>): void;
}

/** While all threads are busy, so much work for each is handed out ahead, that none waits for us. */
const AHEAD_MILLIS = 1;
/** Charged ahead of a run whose time is not known yet, so that equal queues take turns. */
const LEAST_CHARGE_MILLIS = 0.001;

class Member<T> implements ScheduledQueue<T> {
  /** Thread time it has had, by its weight. */
  served = 0;
  readonly queue: BatchingQueue<T>;
  readonly handler: BatchHandler<T>;
  readonly #weight: () => number;
  readonly #scheduler: BatchScheduler;

  constructor(
    scheduler: BatchScheduler,
    queue: BatchingQueue<T>,
    handler: BatchHandler<T>,
    weight: () => number,
  ) {
    this.#scheduler = scheduler;
    this.queue = queue;
    this.handler = handler;
    this.#weight = weight;
  }

  enqueue(task: BatchTask<T>): void {
    this.queue.enqueue(task, this.#scheduler.now());
    ++this.queue.statistics.depth;
    this.#scheduler.joined(this);
  }

  readonly #drop: DropTask<T> = (task, error) => {
    ++this.queue.statistics.dropped;
    this.handler.drop(task, error);
  };

  /** Runs a batch; the milliseconds that it is expected to take, null where there is none. */
  run(now: number, idleThreads: number, done: (expectedMillis: number) => void): number | null {
    const before = this.queue.depth;
    const batch = this.queue.take(now, idleThreads, this.#drop);
    this.queue.statistics.depth += this.queue.depth - before;
    if (batch === null) return null;
    this.served += LEAST_CHARGE_MILLIS / this.#weight();
    this.handler.run(batch, (outcome) => {
      this.served += outcome.millis / this.#weight();
      this.queue.learn(batch, outcome);
      done(batch.expectedMillis);
    });
    return batch.expectedMillis;
  }
}

export class BatchScheduler {
  readonly #clock: BatchClock;
  /** Those with tasks that wait. */
  readonly #waiting = new Set<Member<never>>();
  #running = 0; // batches; more than there are threads where some were handed out ahead
  #runningMillis = 0; // that they are expected to take
  #served = 0; // of the queue that ran last: those that join start from here
  #isDue = false;
  #flushed = false;
  #forgetTimer: (() => void) | null = null;
  readonly #shared: SharedThreads | null;
  readonly threads: number;

  /** `shared`: the same threads, where other schedulers use them too. */
  constructor(threads: number, clock: BatchClock, shared: SharedThreads | null = null) {
    this.threads = threads;
    this.#clock = clock;
    this.#shared = shared;
  }

  /** `weight` > 0: its share of the threads when several queues want all of them; may change. */
  add<T>(
    queue: BatchingQueue<T>,
    handler: BatchHandler<T>,
    weight: () => number = () => 1,
  ): ScheduledQueue<T> {
    return new Member(this, queue, handler, weight);
  }

  now(): number {
    return this.#clock.now();
  }

  /** From here on no batch waits for more tasks: those that wait run as soon as a thread is free. */
  flush(): void {
    this.#flushed = true;
    for (const member of this.#waiting) member.queue.flush();
    this.#dispatchSoon();
  }

  /**
   * A run that is in no queue takes a thread, the next that is free, which `end` gives back. False: a
   * queue waits for one.
   */
  tryBegin(): boolean {
    if (this.#waiting.size > 0) return false;
    this.#began();
    return true;
  }

  /** A run of tryBegin() is over. */
  end(): void {
    this.#ended(0);
  }

  /** Called by a member that has got a task. */
  joined<T>(member: Member<T>): void {
    if (!this.#waiting.has(member as never)) {
      this.#waiting.add(member as never);
      // Time that a queue did not want is not owed to it.
      member.served = Math.max(member.served, this.#served);
      if (this.#flushed) member.queue.flush();
    }
    this.#dispatchSoon();
  }

  /** Once for all that one turn of the event loop brings: that is where batches come from. */
  #dispatchSoon(): void {
    if (this.#isDue || this.#waiting.size === 0 || !this.#mayRun()) return;
    this.#isDue = true;
    this.#clock.soon(() => {
      this.#isDue = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    this.#forgetTimer?.();
    this.#forgetTimer = null;
    const now = this.#clock.now();
    while (this.#mayRun()) {
      const member = this.#next(now);
      if (member === null) break;
      const idle = Math.max(0, this.#idle());
      const expectedMillis = member.run(now, idle, this.#ended);
      this.#served = member.served;
      if (expectedMillis !== null) {
        this.#began();
        this.#runningMillis += expectedMillis;
      } else if (idle === 0) break;
      if (member.queue.depth === 0) this.#waiting.delete(member);
    }
    if (this.#idle() > 0) this.#waitForNext(now);
  }

  /** Work whose time is not known is not handed out ahead. */
  #mayRun(): boolean {
    if (this.#idle() > 0) return true;
    const threads = this.#shared?.share ?? this.threads;
    return this.#runningMillis > 0 && this.#runningMillis < AHEAD_MILLIS * threads;
  }

  #idle(): number {
    return this.#shared?.idle(this.#running) ?? this.threads - this.#running;
  }

  #began(): void {
    ++this.#running;
    this.#shared?.begin();
  }

  readonly #ended = (expectedMillis: number): void => {
    --this.#running;
    this.#shared?.end();
    this.#runningMillis = this.#running === 0 ? 0 : this.#runningMillis - expectedMillis;
    this.#dispatchSoon();
  };

  #next(now: number): Member<never> | null {
    let next: Member<never> | null = null;
    for (const member of this.#waiting) {
      if (member.queue.readyAt() > now) continue;
      if (next === null || member.served < next.served) next = member;
    }
    return next;
  }

  #waitForNext(now: number): void {
    let earliest = Infinity;
    for (const member of this.#waiting) earliest = Math.min(earliest, member.queue.readyAt());
    if (earliest === Infinity) return;
    this.#forgetTimer = this.#clock.after(Math.max(0, earliest - now), () => {
      this.#forgetTimer = null;
      this.#dispatchSoon();
    });
  }
}
