/**
 * Sets of tensors that the addon holds, by numbers. They are what runs from tensors to tensors take and put out;
 * no element of them is seen here. Whoever gets a number drops it, once.
 */
import { addon } from './addon.js';
import type { NativeFailure, NativeTensor } from './binding.js';

export interface NativeNamedTensor extends NativeTensor {
  readonly name: string;
}

export interface NativeTaskTensors {
  readonly set: number;
  readonly signature: string;
  readonly outputs: readonly string[];
}

/** The addon's own surface. */
export interface NativeTensorSets {
  /**
   * Sets of tensors, by numbers: made of JavaScript's, read (data lent as from `run`), made of tensors of others
   * (`picks`: set, name, new name, …), taken over from another environment (false: it is gone), dropped.
   */
  holdTensors(tensors: readonly NativeNamedTensor[]): number;
  readTensors(set: number): readonly NativeNamedTensor[];
  pickTensors(picks: readonly (string | number)[]): number;
  adoptTensors(set: number): boolean;
  dropTensors(set: number): void;
  /** Predict from tensors to tensors; answered with the number of a set. No `outputs`: all. */
  inferTensors(
    slot: number,
    id: number,
    timeoutMillis: number,
    isTraced: boolean,
    signature: string,
    picks: readonly (string | number)[],
    outputs: readonly string[],
  ): void;
  /** The same as prepareProto has it: true, and its numbers are in `prepared`; or the slot is answered. */
  prepareTensors(
    slot: number,
    id: number,
    isTraced: boolean,
    signature: string,
    picks: readonly (string | number)[],
    outputs: readonly string[],
  ): boolean;
  /** The inputs of a pending task as a set, its signature, and the outputs that it wants; or why not. */
  taskTensors(task: number): NativeTaskTensors | NativeFailure;
  /** Answers the task, whose own slot it is, with the tensors of the set; it is pending no more. */
  finishTask(slot: number, task: number, set: number, latencyNanos: number): void;
  /** A version of which the addon has the signatures alone; `unload` unloads it. */
  declareServable(
    name: string,
    version: bigint,
    signatureDefMap: Uint8Array,
  ): { readonly id: number; readonly signatures: readonly string[] } | NativeFailure;
}

export type TensorSet = number;

/** A tensor of a set, under the name that its taker knows. */
export interface TensorPick {
  readonly set: TensorSet;
  readonly name: string;
  readonly as: string;
}

/** What a servable is asked for, in tensors. */
export interface TensorRequest {
  /** Empty: serving_default. */
  readonly signature: string;
  readonly inputs: readonly TensorPick[];
  /** Aliases; empty: all. */
  readonly outputs: readonly string[];
}

export function flatPicks(picks: readonly TensorPick[]): (string | number)[] {
  return picks.flatMap(({ set, name, as }) => [set, name, as]);
}

/** A set of tensors of others. */
export function pickTensors(picks: readonly TensorPick[]): TensorSet {
  return addon().pickTensors(flatPicks(picks));
}

/** OWNERSHIP: memory from allocateTensor() is taken over; other memory is copied. */
export function holdTensors(tensors: readonly NativeNamedTensor[]): TensorSet {
  return addon().holdTensors(tensors);
}

/** OWNERSHIP: numbers are lent, and must not be written to; they stay as long as they are reachable. */
export function readTensors(set: TensorSet): readonly NativeNamedTensor[] {
  return addon().readTensors(set);
}

/** Takes over what another thread has made; false where it is gone. */
export function adoptTensors(set: TensorSet): boolean {
  return addon().adoptTensors(set);
}

export function dropTensors(set: TensorSet): void {
  addon().dropTensors(set);
}
