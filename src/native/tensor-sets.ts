/**
 * Sets of tensors that the addon holds, by numbers. They are what runs from tensors to tensors take and put out;
 * no element of them is seen here. Whoever gets a number drops it, once.
 */
import { addon } from './addon.js';
import type { NativeNamedTensor } from './tensor-set-binding.js';

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
