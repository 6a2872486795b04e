/**
 * ThreadCalls: what a plugin thread was asked and has not answered. A call ends at its deadline whatever the thread
 * does; then the thread is told, and must tell back. One that does not turn any more is reported.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Answer, Failure, ToThread } from './messages.js';

export type CallMessage = Extract<ToThread, { readonly call: number }>;
export type CallEnd = (error: ServingError | Failure | null, value: Answer) => void;

export interface ThreadCallsOptions {
  readonly post: (message: ToThread) => void;
  /** The call that the thread is in, 0 between them; the thread writes it. */
  readonly running: Int32Array;
  readonly graceMillis: number;
  /** `where`: ` in what`, or empty. */
  readonly onHang: (where: string) => void;
}

interface Call {
  /** Null once it was answered. */
  end: CallEnd | null;
  readonly what: string;
  /** By performance.now(); infinite without one. */
  readonly deadline: number;
  timer: NodeJS.Timeout | null;
  isSent: boolean;
}

/** Numbers fit an Int32 and come again when nobody remembers the last time. */
const LAST_NUMBER = 2 ** 30;

export class ThreadCalls {
  readonly #options: ThreadCallsOptions;
  readonly #calls = new Map<number, Call>();
  #lastNumber = 0;

  constructor(options: ThreadCallsOptions) {
    this.#options = options;
  }

  /** Also those that were answered at their deadline and are still with the thread. */
  get size(): number {
    return this.#calls.size;
  }

  /** `end` is called once. `timeoutMillis` 0: no deadline. Returns the call's number. */
  open(end: CallEnd, timeoutMillis: number, what: string): number {
    const number = (this.#lastNumber % LAST_NUMBER) + 1;
    this.#lastNumber = number;
    const deadline = timeoutMillis > 0 ? performance.now() + timeoutMillis : Infinity;
    const timer =
      timeoutMillis > 0 ? setTimeout(() => this.#expire(number), timeoutMillis).unref() : null;
    this.#calls.set(number, { end, what, deadline, timer, isSent: false });
    return number;
  }

  send(message: CallMessage): void {
    const call = this.#calls.get(message.call);
    if (call !== undefined) call.isSent = true;
    this.#options.post(message);
  }

  /** It has no answer yet. */
  isOpen(number: number): boolean {
    return typeof this.#calls.get(number)?.end === 'function';
  }

  /** Until its deadline, 1 at least; 0: it has none. */
  millisLeft(number: number): number {
    const deadline = this.#calls.get(number)?.deadline ?? Infinity;
    if (deadline === Infinity) return 0;
    return Math.max(1, Math.ceil(deadline - performance.now()));
  }

  /** The thread has answered. False: too late. */
  close(number: number, error: ServingError | Failure | null, value: Answer = null): boolean {
    const call = this.#calls.get(number);
    if (call === undefined) return false;
    this.#forget(number, call);
    call.end?.(error, value);
    return call.end !== null;
  }

  /** Ends it with `error`, though the thread may be at it. */
  cancel(number: number, error: ServingError): void {
    const call = this.#calls.get(number);
    if (call === undefined || call.end === null) return;
    const { end, isSent } = call;
    call.end = null;
    if (!isSent) this.#forget(number, call);
    else {
      this.#options.post({ kind: 'cancel', call: number });
      this.#await(number, call, this.#options.graceMillis);
    }
    end(error, null);
  }

  /** The thread turns, and knows that nobody waits for the call. */
  acknowledged(number: number): void {
    const call = this.#calls.get(number);
    if (call !== undefined && call.end === null) this.#forget(number, call);
  }

  /** The thread has ended: those it had fail. The others wait for the next one. */
  failAll(error: ServingError): void {
    for (const [number, call] of [...this.#calls]) {
      if (call.isSent) this.close(number, error);
    }
  }

  /** What the thread is in; empty where it is in nothing that is known. */
  runningText(): string[] {
    const call = this.#calls.get(Atomics.load(this.#options.running, 0));
    return call === undefined ? [] : [call.what];
  }

  #expire(number: number): void {
    const late = 'Timed out waiting for notification';
    this.cancel(number, new ServingError(StatusCode.DEADLINE_EXCEEDED, late));
  }

  #await(number: number, call: Call, millis: number): void {
    if (call.timer !== null) clearTimeout(call.timer);
    call.timer = setTimeout(() => this.#overdue(number, call), millis).unref();
  }

  /** The thread is at fault where the call it is in is late itself, or has no deadline to wait for. */
  #overdue(number: number, call: Call): void {
    const { graceMillis, running, onHang } = this.#options;
    const current = this.#calls.get(Atomics.load(running, 0));
    const waitMillis = (current?.deadline ?? Infinity) + graceMillis - performance.now();
    if (Number.isFinite(waitMillis) && waitMillis > 1) this.#await(number, call, waitMillis);
    else onHang(current === undefined ? '' : ` in ${current.what}`);
  }

  #forget(number: number, call: Call): void {
    if (call.timer !== null) clearTimeout(call.timer);
    this.#calls.delete(number);
  }
}
