/** GetModelStatus, free of any transport. */
import { AccessMethod, type Caller } from '../access/caller.js';
import type { VersionStatus } from '../core/servable.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { knownVersions, type ModelCatalog } from './model-catalog.js';

export interface ModelVersions {
  readonly name: string;
  readonly versions: readonly VersionStatus[];
}

export class ModelStatusService {
  readonly #catalog: ModelCatalog;

  constructor(catalog: ModelCatalog) {
    this.#catalog = catalog;
  }

  /**
   * One version, or all ever seen, highest first. A label is not looked at, as upstream.
   * @throws ServingError NOT_FOUND, and as Caller.admit
   */
  statuses(name: string, version: bigint | null, caller: Caller): readonly VersionStatus[] {
    caller.admit(AccessMethod.read, name).release();
    const all = this.#catalog.statuses(name);
    if (version === null) {
      if (all.length > 0) return all;
      const trouble = this.#catalog.troubleOf(name);
      const why = trouble === null ? '' : `: ${trouble}`; // beyond upstream
      const message = `Could not find any versions of model ${name}${why}`;
      throw new ServingError(StatusCode.NOT_FOUND, message, [
        { field: 'model_spec.name', description: knownVersions(this.#catalog, name) },
      ]);
    }
    const found = all.filter((status) => status.version === version);
    if (found.length > 0) return found;
    throw new ServingError(
      StatusCode.NOT_FOUND,
      `Could not find version ${version} of model ${name}`,
      [
        {
          field: all.length === 0 ? 'model_spec.name' : 'model_spec.version',
          description: knownVersions(this.#catalog, name),
        },
      ],
    );
  }

  /** Every model that the caller may know of, with all its versions, sorted by name. */
  all(caller: Caller): ModelVersions[] {
    const known = this.#catalog.names().filter((name) => caller.may(AccessMethod.read, name));
    const names = known.sort();
    return names.map((name) => ({ name, versions: this.#catalog.statuses(name) }));
  }

  /** As long as it stays the same, so does what `all` returns. */
  get revision(): number {
    return this.#catalog.revision;
  }
}
