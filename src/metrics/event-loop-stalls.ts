/**
 * EventLoopStalls: a watchdog over this thread's event loop: a timer that comes late by more than a limit
 * means that for so long no request was read, no answer sent and no probe heard. Logged and counted once the
 * loop goes on.
 */
import type { Log } from '../log/log.js';
import { counterFamily, type Family } from './families.js';

export interface EventLoopStallsOptions {
  /** `main`, or which I/O thread. */
  readonly thread: string;
  /** The shortest stall that counts; 0: none does, and nothing is looked at. */
  readonly limitMillis: number;
  readonly log: Pick<Log, 'warn'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

/** A stall that begins between two looks is seen shorter by as much as a tenth. */
const LOOKS_PER_LIMIT = 10;
const SHORTEST_LOOK_MILLIS = 10;
/** Stalls in a row are one line each so often. */
const LOG_MILLIS = 1000;

export class EventLoopStalls {
  readonly #options: EventLoopStallsOptions;
  readonly #now: () => number;
  readonly #lookMillis: number;
  #timer: NodeJS.Timeout | null = null;
  #lastLook = 0;
  #lastLine = -Infinity;
  #count = 0;
  #untold = 0;

  constructor(options: EventLoopStallsOptions) {
    this.#options = options;
    this.#now = options.now ?? ((): number => performance.now());
    this.#lookMillis = Math.max(SHORTEST_LOOK_MILLIS, options.limitMillis / LOOKS_PER_LIMIT);
  }

  /** Begins to watch; keeps no process alive. */
  start(): this {
    if (this.#options.limitMillis <= 0) return this;
    this.#lastLook = this.#now();
    this.#timer = setInterval(() => this.look(), this.#lookMillis).unref();
    return this;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** What the timer calls. */
  look(): void {
    const now = this.#now();
    const millis = now - this.#lastLook - this.#lookMillis;
    this.#lastLook = now;
    const { limitMillis, log, thread } = this.#options;
    if (millis < limitMillis) return;
    ++this.#count;
    if (now - this.#lastLine < LOG_MILLIS) {
      ++this.#untold;
      return;
    }
    this.#lastLine = now;
    const others = this.#untold === 0 ? {} : { others: this.#untold };
    this.#untold = 0;
    log.warn({ thread, millis: Math.round(millis), ...others }, 'the event loop stalled');
  }

  /** For the page of metrics. */
  get family(): Family {
    const samples = [{ labelValues: [this.#options.thread], value: this.#count }];
    return counterFamily('/tensorgate/event_loop_stall_count', ['thread'], samples);
  }
}
