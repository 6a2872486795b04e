/** What the addon has for sets of tensors; see tensor-sets.ts. */
import type { NativeFailure, NativeTensor } from './values.js';

export interface NativeNamedTensor extends NativeTensor {
  readonly name: string;
}

export interface NativeTaskTensors {
  readonly set: number;
  readonly signature: string;
  readonly outputs: readonly string[];
}

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
