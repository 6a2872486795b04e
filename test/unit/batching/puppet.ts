/** A clock that stands still until it is moved, and threads that finish when they are told. */
import assert from 'node:assert/strict';

import type {
  Batch,
  BatchClock,
  BatchHandler,
  BatchOutcome,
  BatchTask,
} from '../../../src/batching/index.js';
import { ServingError, type StatusCode } from '../../../src/status/serving-error.js';

export class PuppetClock implements BatchClock {
  #now = 1000;
  #timers: { at: number; callback: () => void }[] = [];
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  after(millis: number, callback: () => void): () => void {
    const timer = { at: this.#now + millis, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Ends the turn of the event loop. */
  turn(): void {
    while (this.#soon.length > 0) this.#soon.shift()?.();
  }

  /** Lets the time pass, timer after timer. */
  pass(millis: number): void {
    this.turn();
    const end = this.#now + millis;
    for (;;) {
      const next = this.#timers.reduce<{ at: number; callback: () => void } | null>(
        (first, timer) => (first === null || timer.at < first.at ? timer : first),
        null,
      );
      if (next === null || next.at > end) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      this.turn();
    }
    this.#now = end;
  }

  get timers(): number {
    return this.#timers.length;
  }
}

export interface Running {
  readonly batch: Batch<string>;
  end(outcome?: Partial<BatchOutcome>): void;
}

/** Items are names; what runs and what was dropped is noted. */
export class PuppetHandler implements BatchHandler<string> {
  readonly running: Running[] = [];
  readonly dropped: string[] = [];

  run(batch: Batch<string>, done: (outcome: BatchOutcome) => void): void {
    const running = {
      batch,
      end: (outcome: Partial<BatchOutcome> = {}): void => {
        this.running.splice(this.running.indexOf(running), 1);
        done({ millis: 1, result: 'ran', ...outcome });
      },
    };
    this.running.push(running);
  }

  drop(task: BatchTask<string>, error: ServingError): void {
    this.dropped.push(`${task.item}: ${error.toString()}`);
  }

  /** `a+b` for each running batch; pieces of split tasks as `a[2:5]`. */
  get names(): string[] {
    return this.running.map(({ batch }) =>
      batch.parts
        .map(({ task, begin, rows }) =>
          rows === task.rows ? task.item : `${task.item}[${begin}:${begin + rows}]`,
        )
        .join('+'),
    );
  }

  endFirst(outcome: Partial<BatchOutcome> = {}): void {
    const [first] = this.running;
    assert.ok(first !== undefined, 'nothing runs');
    first.end(outcome);
  }
}

export function task(
  item: string,
  rows = 1,
  { shape = 0, deadline = Infinity }: { shape?: number; deadline?: number } = {},
): BatchTask<string> {
  return { item, rows, shape, deadline };
}

export function refuses(code: StatusCode, message: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServingError);
    assert.equal(error.toString(), new ServingError(code, message).toString());
    return true;
  };
}
