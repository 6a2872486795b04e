/**
 * RequestLog: one line for each failed request, with what the answer leaves out. A flood of failures
 * must not become a flood of lines, so each second has room for a few; one line counts the rest.
 */
import { isServerFault, statusName, type Violation } from '../status/serving-error.js';
import type { Log } from './log.js';

const MAX_LINES_PER_SECOND = 50;
const SECOND_MILLIS = 1000;
const MAX_MESSAGE_CHARS = 1024;
/** Names are the client's, too: over gRPC they can be as long as a request. */
const MAX_NAME_CHARS = 256;

/** What the log says of a request besides its error. */
export interface RequestFacts {
  readonly transport: 'REST' | 'gRPC';
  readonly method: string;
  readonly model: string | null;
  /** A version number or a label, as asked for. */
  readonly version: string | null;
  /** Empty where the client sent none. */
  readonly requestId: string;
  readonly millis: number | null;
}

/** A ServingError, or an answer of a transport alone. */
export interface Failure {
  /** A canonical code, or the status line of an answer that has none. */
  readonly code: number | string;
  readonly message: string;
  readonly violations: readonly Violation[];
}

/** Time as the log sees it, so that tests can hold it still. */
export interface LogClock {
  now(): number;
  after(millis: number, then: () => void): void;
}

const systemClock: LogClock = {
  now: () => performance.now(),
  after: (millis, then) => {
    setTimeout(then, millis).unref();
  },
};

export class RequestLog {
  readonly #log: Log;
  readonly #clock: LogClock;
  /** The second that is being counted. */
  #began = -Infinity;
  #written = 0;
  #leftOut = 0;

  constructor(log: Log, clock: LogClock = systemClock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `facts` is called only if the line is written. */
  failed(error: Failure, facts: () => RequestFacts): void {
    const now = this.#clock.now();
    if (now - this.#began >= SECOND_MILLIS) {
      this.flush();
      this.#began = now;
      this.#written = 0;
    }
    if (this.#written === MAX_LINES_PER_SECOND) {
      if (this.#leftOut === 0) {
        const left = Math.ceil(this.#began + SECOND_MILLIS - now);
        this.#clock.after(left, () => this.flush());
      }
      this.#leftOut += 1;
      return;
    }
    this.#written += 1;
    const { code, message, violations } = error;
    const { requestId, model, version, millis, ...rest } = facts();
    const line = {
      ...rest,
      ...(model === null ? null : { model: shortened(model, MAX_NAME_CHARS) }),
      ...(version === null ? null : { version: shortened(version, MAX_NAME_CHARS) }),
      code: typeof code === 'string' ? code : statusName(code),
      error: shortened(message, MAX_MESSAGE_CHARS),
      ...(violations.length === 0 ? null : { violations }),
      ...(requestId === '' ? null : { requestId }),
      ...(millis === null ? null : { millis: Math.round(millis * 1000) / 1000 }),
    };
    if (typeof code === 'number' && isServerFault(code)) this.#log.warn(line, 'request failed');
    else this.#log.info(line, 'request failed');
  }

  /** Says now how many lines were left out, if any. */
  flush(): void {
    if (this.#leftOut === 0) return;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.#log.warn({ leftOut }, 'more requests failed than the log has room for');
  }
}

function shortened(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}...`;
}
