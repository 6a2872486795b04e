/** What the addon reads of a request before its model is known. */
import { ServingError } from '../status/serving-error.js';
import { addon } from './addon.js';

export interface ModelSpec {
  readonly name: string;
  readonly version: bigint | null;
  readonly label: string | null;
}

/**
 * The ModelSpec in field 1 of a request; null when it has none. Not for MultiInference and
 * ReloadConfig, which have it elsewhere.
 * @throws ServingError INVALID_ARGUMENT when the bytes are no protobuf message
 */
export function readModelSpec(body: Uint8Array): ModelSpec | null {
  const read = addon().readModelSpec(body);
  if (read[0] !== 0) throw new ServingError(read[0], read[1] as string, read[2]);
  const [, present, name, version, label] = read as readonly [
    0,
    boolean,
    string,
    bigint | null,
    string | null,
  ];
  return present ? { name, version, label } : null;
}

/** The error of a REST predict body that stands before any question of the model; null if none. */
export function predictJsonError(body: Uint8Array | ArrayBuffer): ServingError | null {
  const failure = addon().checkPredictJson(body);
  return failure === null ? null : new ServingError(...failure);
}
