/**
 * Pairs the addon's completions with the calls that wait for them. Callbacks rather than promises:
 * this is the inference path, and one promise costs as much as the rest of the bookkeeping.
 */
import { ServingError, type Violation } from '../status/serving-error.js';
import { addon } from './addon.js';
import type { NativeStageSpans } from './binding.js';
import type { RunTrace } from './run-trace.js';
import type { NativeFailure, NativeViolations } from './values.js';

/** Called exactly once: with an error and null, or with null and the value; of a traced call with its spans. */
export type Done<T> = (
  error: ServingError | null,
  value: T | null,
  spans?: NativeStageSpans | null,
) => void;

/** A `done` that tells the trace first. */
export function traced<T>(done: Done<T>, trace: RunTrace | null): Done<T> {
  if (trace === null) return done;
  return (error, value, spans = null) => {
    if (spans !== null) trace.ran(spans);
    done(error, value);
  };
}

const waiting: (Done<never> | null)[] = [];
const free: number[] = [];
let opened = false;
let wakeScheduled = false;
const atTurnEnd: (() => void)[] = [];

/** Starts a call: `start` hands the slot to the addon. What `start` throws reaches `done`, too. */
export function call<T>(done: Done<T>, start: (slot: number) => void): void {
  const slot = openSlot(done);
  try {
    start(slot);
  } catch (error) {
    settle(slot)(ServingError.from(error), null);
  }
}

/** A slot that `done` waits at, for whoever answers it: the addon, or closeSlot(). */
export function openSlot<T>(done: Done<T>): number {
  if (!opened) {
    addon().onCompletions(deliver);
    opened = true;
  }
  scheduleWake();
  const slot = free.pop() ?? waiting.length;
  waiting[slot] = done;
  return slot;
}

/** Hands the addon work for a slot that is open already. */
export function resume(start: () => void): void {
  scheduleWake();
  start();
}

/** REQUIRES: the addon will not answer the slot. `done` is not called. */
export function closeSlot(slot: number): void {
  settle(slot);
}

/** Calls back once after all that this turn of the event loop brings, before the run pool is woken. */
export function soon(callback: () => void): void {
  atTurnEnd.push(callback);
  scheduleWake();
}

/** A promise of what `start` hands to its `done`. */
export function settled<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error: ServingError | null, value) => {
      if (error === null) resolve(value as T);
      else reject(error);
    });
  });
}

function scheduleWake(): void {
  if (wakeScheduled) return;
  wakeScheduled = true;
  setImmediate(wake);
}

/**
 * After all that this turn of the event loop brought has been submitted. Waking the run pool at each
 * call instead lets its threads interrupt the loop every time where cores are few. A lone short run is
 * done here and now where --inline_run_micros allows it.
 */
function wake(): void {
  for (let callback = atTurnEnd.pop(); callback !== undefined; callback = atTurnEnd.pop())
    callback();
  wakeScheduled = false;
  const batch = addon().startRuns();
  if (batch !== undefined) deliver(batch);
}

function settle(slot: number): Done<never> {
  const done = waiting[slot];
  if (done === null || done === undefined) throw new Error(`slot ${slot} was answered twice`);
  waiting[slot] = null;
  free.push(slot);
  return done;
}

function deliver(batch: readonly unknown[]): void {
  let spans: NativeStageSpans | null = null;
  for (let i = 0; i < batch.length; i += 2) {
    if (batch[i] === null) {
      spans = batch[i + 1] as NativeStageSpans; // of the call that is next
      continue;
    }
    const slot = batch[i] as number;
    const done = settle(slot < 0 ? -1 - slot : slot);
    // One caller's bug must not keep the others of the batch waiting for ever.
    try {
      if (slot >= 0) done(null, batch[i + 1] as never, spans);
      else {
        const [code, message, violations] = batch[i + 1] as NativeFailure;
        done(new ServingError(code, message, violationsOf(violations)), null, spans);
      }
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
    spans = null;
  }
}

export function violationsOf(list: NativeViolations): Violation[] {
  const violations: Violation[] = [];
  for (let i = 0; list !== null && i + 1 < list.length; i += 2) {
    violations.push({ field: list[i] ?? '', description: list[i + 1] ?? '' });
  }
  return violations;
}
