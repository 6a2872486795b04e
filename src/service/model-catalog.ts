/** ModelCatalog: what services need of the manager. Transports never see more of the models. */
import type { ServableHandle } from '../core/harness.js';
import { ServableState, type VersionStatus } from '../core/servable.js';
import type { InferenceModel } from '../native/inference-model.js';
import { ServingError } from '../status/serving-error.js';

export interface ModelCatalog {
  /** Version null is the highest available that is no shadow. @throws ServingError NOT_FOUND */
  acquire(name: string, version: bigint | null): ServableHandle<InferenceModel>;
  isAvailable(name: string, version: bigint): boolean;
  /** Every version ever seen, highest first. */
  statuses(name: string): readonly VersionStatus[];
  /** Why the model has no version that serves; null: it has, or nothing is known. */
  troubleOf(name: string): ServingError | null;
  /** The version that a label stands for. @throws ServingError INVALID_ARGUMENT or UNAVAILABLE */
  labelled(name: string, label: string, key: string | null): bigint;
  /** Whether several versions share the requests with this label. */
  isShared(name: string, label: string): boolean;
  /** Every model ever heard of, in no order. */
  names(): readonly string[];
  /** Changes whenever a status or the set of names does. */
  readonly revision: number;
}

const MAX_VERSIONS_SHOWN = 16;
const STATE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ServableState).map(([name, state]) => [state, name]),
);

/** `LOADING`. */
export function stateName(state: ServableState): string {
  return STATE_NAMES.get(state) ?? 'UNKNOWN';
}

/** Which version a request asks for. At most one of version and label is set. */
export interface VersionChoice {
  readonly version: bigint | null;
  readonly label: string | null;
}

/**
 * `key` ties requests to one version of a label that several share; null draws by lot.
 * @throws ServingError NOT_FOUND, and as `labelled`
 */
export function resolve(
  catalog: ModelCatalog,
  name: string,
  choice: VersionChoice,
  key: string | null = null,
): ServableHandle<InferenceModel> {
  const { label, version } = choice;
  try {
    return catalog.acquire(name, label === null ? version : catalog.labelled(name, label, key));
  } catch (error) {
    const { code, message, violations } = ServingError.from(error);
    const isUnknown = catalog.statuses(name).length === 0;
    const asked = label !== null ? 'version_label' : version !== null ? 'version' : 'name';
    const field = `model_spec.${isUnknown ? 'name' : asked}`;
    const known = { field, description: knownVersions(catalog, name) };
    throw new ServingError(code, message, [...violations, known], { cause: error });
  }
}

/** What can be asked for instead. Only of the model that was named: not which others there are. */
export function knownVersions(catalog: ModelCatalog, name: string): string {
  const statuses = catalog.statuses(name);
  if (statuses.length === 0) return 'no model of that name is served';
  const texts = statuses
    .slice(0, MAX_VERSIONS_SHOWN)
    .map(({ version, state }) => `${version} (${stateName(state)})`);
  const more = statuses.length > texts.length ? ', ...' : '';
  return `versions of the model: ${texts.join(', ')}${more}`;
}
