/** ModelCatalog: what services need of the manager. Transports never see more of the models. */
import type { ServableHandle } from '../core/harness.js';
import { ServableState, type VersionStatus } from '../core/servable.js';
import type { SavedModel } from '../native/saved-model.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface ModelCatalog {
  /** Version null is the highest available. @throws ServingError NOT_FOUND */
  acquire(name: string, version: bigint | null): ServableHandle<SavedModel>;
  /** Every version ever seen, highest first. */
  statuses(name: string): readonly VersionStatus[];
}

const MAX_VERSIONS_SHOWN = 16;
const STATE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ServableState).map(([name, state]) => [state, name]),
);

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
    const field = 'model_spec.version_label';
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `Unrecognized servable version label: ${choice.label}`,
      [{ field, description: `the model has no labels; ${knownVersions(catalog, name)}` }],
    );
  }
  try {
    return catalog.acquire(name, choice.version);
  } catch (error) {
    const { code, message, violations } = ServingError.from(error);
    const isUnknown = catalog.statuses(name).length === 0;
    const field = isUnknown || choice.version === null ? 'name' : 'version';
    const known = { field: `model_spec.${field}`, description: knownVersions(catalog, name) };
    throw new ServingError(code, message, [...violations, known], { cause: error });
  }
}

/** What can be asked for instead. Only of the model that was named: not which others there are. */
export function knownVersions(catalog: ModelCatalog, name: string): string {
  const statuses = catalog.statuses(name);
  if (statuses.length === 0) return 'no model of that name is served';
  const texts = statuses
    .slice(0, MAX_VERSIONS_SHOWN)
    .map(({ version, state }) => `${version} (${STATE_NAMES.get(state) ?? 'UNKNOWN'})`);
  const more = statuses.length > texts.length ? ', ...' : '';
  return `versions of the model: ${texts.join(', ')}${more}`;
}
