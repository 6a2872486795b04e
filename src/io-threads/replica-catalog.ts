/**
 * ReplicaCatalog: what is served, as an I/O thread knows it: the models that the main thread has loaded,
 * told by messages. Counts the handles given out here, so that the main thread can wait for them before
 * it unloads. Belongs to the I/O thread.
 */
import type { ServableHandle } from '../core/harness.js';
import { servableNotFound, type AvailableModel } from '../core/manager.js';
import type { ServableId, VersionStatus } from '../core/servable.js';
import { VersionLabels, type Labels } from '../core/version-labels.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { ServedModels } from '../servables/served-models.js';
import type { ModelReplica } from '../servables/model-replica.js';
import type { ModelCatalog } from '../service/model-catalog.js';
import type { ServingError } from '../status/serving-error.js';
import { errorOf, type CatalogUpdate, type ModelState } from './messages.js';

/** A version, as long as it may be in use here. */
interface Replica {
  readonly id: ServableId;
  readonly servable: InferenceModel;
  handles: number;
  /** Set once it is retired. */
  whenFree: (() => void) | null;
}

interface Model {
  readonly statuses: readonly VersionStatus[];
  readonly trouble: ServingError | null;
  /** AVAILABLE, highest first. */
  readonly available: readonly Replica[];
  readonly latest: Replica | undefined;
}

export class ReplicaCatalog implements ModelCatalog, ServedModels {
  readonly #servableOf: (name: string, replica: ModelReplica) => InferenceModel;
  readonly #models = new Map<string, Model>();
  /** By the addon's number of the model. */
  readonly #replicas = new Map<number, Replica>();
  /** Checked already where they come from. */
  readonly #labels = new VersionLabels((name, version) => this.isAvailable(name, version), true);
  #configured: readonly string[] = [];
  #revision = 0;

  constructor(servableOf: (name: string, replica: ModelReplica) => InferenceModel) {
    this.#servableOf = servableOf;
  }

  update({ models, configuration }: CatalogUpdate): void {
    for (const state of models) this.#models.set(state.name, this.#modelOf(state));
    if (configuration !== null) {
      this.#labels.replace(configuration.labels);
      this.#configured = configuration.models.map(({ name }) => name);
    }
    ++this.#revision;
  }

  /** Resolves when no handle of the model is left. REQUIRES: it is not AVAILABLE any more. */
  async retire(id: number): Promise<void> {
    const replica = this.#replicas.get(id);
    if (replica === undefined) return;
    this.#replicas.delete(id);
    if (replica.handles === 0) return;
    await new Promise<void>((resolve) => {
      replica.whenFree = resolve;
    });
  }

  acquire(name: string, version: bigint | null): ServableHandle<InferenceModel> {
    const model = this.#models.get(name);
    const replica =
      version === null
        ? model?.latest
        : model?.available.find((candidate) => candidate.id.version === version);
    if (replica === undefined) throw servableNotFound(name, version);
    return new ReplicaHandle(replica);
  }

  isAvailable(name: string, version: bigint): boolean {
    return this.#models.get(name)?.available.some(({ id }) => id.version === version) ?? false;
  }

  statuses(name: string): readonly VersionStatus[] {
    return this.#models.get(name)?.statuses ?? [];
  }

  troubleOf(name: string): ServingError | null {
    return this.#models.get(name)?.trouble ?? null;
  }

  labelled(name: string, label: string, key: string | null): bigint {
    return this.#labels.resolve(name, label, key);
  }

  isShared(name: string, label: string): boolean {
    return this.#labels.isShared(name, label);
  }

  names(): readonly string[] {
    return [...this.#models.keys()];
  }

  isConfigured(name: string): boolean {
    return this.#configured.includes(name);
  }

  /** Nobody watches here: the main thread does. */
  watch(): () => void {
    return () => undefined;
  }

  /** The models that are configured. */
  get configured(): readonly string[] {
    return this.#configured;
  }

  get revision(): number {
    return this.#revision;
  }

  labelsOf(name: string): Labels {
    return this.#labels.of(name);
  }

  /** As the manager's. */
  available(): AvailableModel<InferenceModel>[] {
    return [...this.#models]
      .filter(([, { available }]) => available.length > 0)
      .map(([name, { available, latest }]) => ({
        name,
        latest: latest?.servable ?? null,
        versions: available.map(({ id, servable }) => [id.version, servable] as const),
      }));
  }

  #modelOf({ name, statuses, trouble, versions, latest }: ModelState): Model {
    const available = versions.map(([version, replica]) => {
      const { id } = replica.loaded;
      const known = this.#replicas.get(id);
      if (known !== undefined) return known;
      const servable = this.#servableOf(name, replica);
      const added: Replica = { id: { name, version }, servable, handles: 0, whenFree: null };
      this.#replicas.set(id, added);
      return added;
    });
    return {
      statuses: statuses.map(({ version, state, error }) => ({
        version,
        state,
        error: error === null ? null : errorOf(error),
      })),
      trouble: trouble === null ? null : errorOf(trouble),
      available,
      latest: available.find(({ id }) => id.version === latest),
    };
  }
}

class ReplicaHandle implements ServableHandle<InferenceModel> {
  readonly id: ServableId;
  readonly servable: InferenceModel;
  #replica: Replica | null;

  constructor(replica: Replica) {
    ++replica.handles;
    this.id = replica.id;
    this.servable = replica.servable;
    this.#replica = replica;
  }

  release(): void {
    const replica = this.#replica;
    if (replica === null) throw new Error(`handle of ${this.id.name} was released twice`);
    this.#replica = null;
    if (--replica.handles === 0) replica.whenFree?.();
  }
}
