/** ModelCatalog: what services need of the manager. Transports never see more of the models. */
import type { ServableHandle } from '../core/harness.js';
import type { VersionStatus } from '../core/servable.js';
import type { SavedModel } from '../native/saved-model.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface ModelCatalog {
  /** Version null is the highest available. @throws ServingError NOT_FOUND */
  acquire(name: string, version: bigint | null): ServableHandle<SavedModel>;
  /** Every version ever seen, highest first. */
  statuses(name: string): readonly VersionStatus[];
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

/** @throws ServingError NOT_FOUND, or INVALID_ARGUMENT for a label that is not assigned */
export function resolve(
  catalog: ModelCatalog,
  name: string,
  choice: VersionChoice,
): ServableHandle<SavedModel> {
  if (choice.label !== null) {
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `Unrecognized servable version label: ${choice.label}`,
    );
  }
  return catalog.acquire(name, choice.version);
}
