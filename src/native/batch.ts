/**
 * Inference in two steps, so that src can say between them which requests share a run. A task is a
 * decoded request that the addon holds; it ends in exactly one way: by the batch that takes its last
 * rows, which answers it, or by dropTask().
 */
import { ServingError, type StatusCode } from '../status/serving-error.js';
import { addon } from './addon.js';
import type { NativeBatchReport, NativePrepared } from './binding.js';
import { call, closeSlot, openSlot, traced, type Done } from './calls.js';
import type { RunContext, ShadowCall } from './inference-model.js';
import { flatPicks, type TensorRequest, type TensorSet } from './tensor-sets.js';
import type { Method } from './values.js';

/** See NativePrepared. */
export interface Task {
  readonly id: number;
  readonly queueKey: number;
  readonly shapeKey: number;
  readonly rankKey: number;
  readonly rows: number;
  readonly signature: number;
  /** Where its answer goes. */
  readonly slot: number;
}

/** Rows of a task, the next ones that no batch has taken. */
export interface Slice {
  readonly begin: number;
  readonly count: number;
}

/** See NativeBinding.runBatch. */
export interface BatchOptions {
  readonly padTo: number;
  readonly padVariableLength: boolean;
  readonly timeoutMillis: number;
  readonly strict: boolean;
}

/**
 * `onTask` is called with the task, before the call returns unless the body is large. `done` gets the
 * answer, or what keeps it from becoming a task: an error, or the answer to an equal request.
 * OWNERSHIP: a body above decodeOnLoopBytes() must stay as it is until `onTask` or `done`.
 */
export function prepareProto(
  model: number,
  method: Method,
  body: Uint8Array,
  asTensorContent: boolean,
  done: Done<Uint8Array>,
  onTask: (task: Task) => void,
  { trace, cacheControl }: RunContext,
): void {
  const isTraced = trace !== null;
  prepare(body, traced(done, trace), onTask, (slot) =>
    addon().prepareProto(slot, model, body, method, isTraced, cacheControl, asTensorContent),
  );
}

/** As prepareProto, for a REST body. */
export function prepareJson(
  model: number,
  method: Method,
  body: Uint8Array | ArrayBuffer,
  done: Done<string | Uint8Array>,
  onTask: (task: Task) => void,
  { trace, cacheControl }: RunContext,
): void {
  const isTraced = trace !== null;
  prepare(body, traced(done, trace), onTask, (slot) =>
    addon().prepareJson(slot, model, body, method, isTraced, cacheControl),
  );
}

/** As prepareProto or prepareJson, of a request whose answer goes to no client. */
export function prepareShadow(
  model: number,
  { method, isJson, asTensorContent, body }: ShadowCall,
  done: Done<string | Uint8Array>,
  onTask: (task: Task) => void,
): void {
  prepare(body, done, onTask, (slot) =>
    addon().prepareShadow(slot, model, body, method, false, 'no-store', asTensorContent, isJson),
  );
}

function prepare<T>(
  body: Uint8Array | ArrayBuffer,
  done: Done<T>,
  onTask: (task: Task) => void,
  start: (slot: number) => boolean,
): void {
  if (body.byteLength > addon().decodeOnLoopBytes) {
    const prepared: Done<NativePrepared | T> = (error, value, spans) => {
      if (error !== null) done(error, null, spans);
      else if (Array.isArray(value))
        onTask(taskOf(value as readonly number[] as NativePrepared, openSlot(done)));
      else done(null, value as T, spans);
    };
    call(prepared, start);
    return;
  }
  hold(done, onTask, start);
}

/** As prepareProto, of tensors. */
export function prepareTensors(
  model: number,
  { signature, inputs, outputs }: TensorRequest,
  done: Done<TensorSet>,
  onTask: (task: Task) => void,
  { trace }: RunContext,
): void {
  const picks = flatPicks(inputs);
  hold(traced(done, trace), onTask, (slot) =>
    addon().prepareTensors(slot, model, trace !== null, signature, picks, outputs),
  );
}

/** Of what is decoded before the call returns. */
function hold<T>(
  done: Done<T>,
  onTask: (task: Task) => void,
  start: (slot: number) => boolean,
): void {
  const slot = openSlot(done);
  let isTask = false;
  try {
    isTask = start(slot);
  } catch (error) {
    closeSlot(slot);
    done(ServingError.from(error), null);
  }
  if (isTask) onTask(taskOf(addon().prepared as unknown as NativePrepared, slot));
}

/** By index: `prepared` is a typed array, whose iterator is slow. */
function taskOf(numbers: NativePrepared, slot: number): Task {
  return {
    id: numbers[0],
    queueKey: numbers[1],
    shapeKey: numbers[2],
    rankKey: numbers[3],
    rows: numbers[4],
    signature: numbers[5],
    slot,
  };
}

/**
 * Runs tasks together; each is answered where it was prepared, in the turn in which `done` is called
 * and after it. `slices`, as `tasks`: the rows that run; null for all.
 */
export function runBatch(
  tasks: readonly Task[],
  slices: readonly Slice[] | null,
  options: BatchOptions,
  done: Done<NativeBatchReport>,
): void {
  const { padTo, padVariableLength, timeoutMillis, strict } = options;
  const begins = slices === null ? null : slices.map((slice) => slice.begin);
  const counts = slices === null ? null : slices.map((slice) => slice.count);
  call(done, (slot) => {
    addon().runBatch(
      slot,
      tasks.map((task) => task.id),
      tasks.map((task) => task.slot),
      begins,
      counts,
      padTo,
      padVariableLength,
      timeoutMillis,
      strict,
    );
  });
}

/** Forgets a task whose rows are not all taken, and which ends with `code`. Its `done` is not called. */
export function dropTask(task: Task, code: StatusCode): void {
  addon().dropTask(task.id, code);
  closeSlot(task.slot);
}
