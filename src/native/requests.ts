/** What the addon reads of a request before its model is known. */
import { ServingError } from '../status/serving-error.js';
import { addon } from './addon.js';
import type { NativeModelSpec } from './binding.js';
import { closeSlot, openSlot, violationsOf } from './calls.js';
import { Method, type NativeFailure } from './values.js';

export interface ModelSpec {
  readonly name: string;
  readonly version: bigint | null;
  readonly label: string | null;
}

/**
 * The ModelSpec in field 1 of a request, of the first task for MultiInference; null when there is
 * none. Not for ReloadConfig, which has something else there.
 * @throws ServingError INVALID_ARGUMENT when the bytes are no protobuf message
 */
export function readModelSpec(body: Uint8Array, method: Method = Method.predict): ModelSpec | null {
  const read = addon().readModelSpec(body, method);
  if (read[0] !== 0) {
    const [code, message, violations] = read as NativeFailure;
    throw new ServingError(code, message, violationsOf(violations));
  }
  const [, present, name, version, label] = read as NativeModelSpec;
  return present ? { name, version, label } : null;
}

/** The error of a REST body that stands before any question of the model; null if there is none. */
export function jsonError(body: Uint8Array | ArrayBuffer, method: Method): ServingError | null {
  const failure = addon().checkJson(body, method);
  if (failure === null) return null;
  const [code, message, violations] = failure;
  return new ServingError(code, message, violationsOf(violations));
}

/** That of a PredictRequest; empty where it names none, or is no request. */
export function protoSignatureName(body: Uint8Array): string {
  return addon().protoSignatureName(body);
}

/**
 * Calls back with that of a REST body: before it returns where the body is small. What is no request has none.
 * OWNERSHIP: a body above decodeOnLoopBytes() must stay as it is until then, and is not given away.
 */
export function jsonSignatureName(
  body: Uint8Array | ArrayBuffer,
  then: (name: string) => void,
): void {
  // Of an ArrayBuffer the addon would free the memory.
  const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
  const slot = openSlot<string>((_, name) => then(name ?? ''));
  const name = addon().jsonSignatureName(slot, bytes);
  if (name === null) return;
  closeSlot(slot);
  then(name);
}
