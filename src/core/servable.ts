/** The vocabulary of the control plane: servables, their versions and the states of a version. */
import type { ServingError } from '../status/serving-error.js';

/** One version of one model. `version` is int64 on the wire, hence a bigint. */
export interface ServableId {
  readonly name: string;
  readonly version: bigint;
}

/** A version only ever moves forward through these; the numbers are GetModelStatus's. */
export const ServableState = {
  START: 10,
  LOADING: 20,
  AVAILABLE: 30,
  UNLOADING: 40,
  END: 50,
} as const;

export type ServableState = (typeof ServableState)[keyof typeof ServableState];

/** `error`: in END, of the load that failed; in LOADING, of its last attempt, which another will follow. */
export interface VersionStatus {
  readonly version: bigint;
  readonly state: ServableState;
  readonly error: ServingError | null;
}

/** `{name: m version: 1}`, as upstream prints an id. */
export function servableIdText(id: ServableId): string {
  return `{name: ${id.name} version: ${id.version}}`;
}
