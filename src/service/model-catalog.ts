/** ModelCatalog: what services need of the manager. Transports never see more of the models. */
import type { ServableHandle } from '../core/harness.js';
import type { VersionStatus } from '../core/servable.js';
import type { SavedModel } from '../native/saved-model.js';

export interface ModelCatalog {
  /** Version null is the highest available. @throws ServingError NOT_FOUND */
  acquire(name: string, version: bigint | null): ServableHandle<SavedModel>;
  /** Every version ever seen, highest first. */
  statuses(name: string): readonly VersionStatus[];
  /** The version that a label stands for. @throws ServingError INVALID_ARGUMENT or UNAVAILABLE */
  labelled(name: string, label: string, key: string | null): bigint;
  /** Every model ever heard of, in no order. */
  names(): readonly string[];
  /** Changes whenever a status or the set of names does. */
  readonly revision: number;
}

/** Which version a request asks for. At most one of version and label is set. */
export interface VersionChoice {
  readonly version: bigint | null;
  readonly label: string | null;
}

/** @throws ServingError NOT_FOUND, and as `labelled` */
export function resolve(
  catalog: ModelCatalog,
  name: string,
  choice: VersionChoice,
): ServableHandle<SavedModel> {
  const { label, version } = choice;
  return catalog.acquire(name, label === null ? version : catalog.labelled(name, label, null));
}
