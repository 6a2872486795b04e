/** ServedModels: what else a server serves, for servables that run other models: pipelines. */
import type { ServableHandle } from '../core/harness.js';
import type { VersionStatus } from '../core/servable.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { ServingError } from '../status/serving-error.js';

export interface ServedModels {
  /** Pins the version, the latest for null. @throws ServingError NOT_FOUND */
  acquire(name: string, version: bigint | null): ServableHandle<InferenceModel>;
  /** The version that a label stands for. @throws ServingError INVALID_ARGUMENT or UNAVAILABLE */
  labelled(name: string, label: string, key: string | null): bigint;
  statuses(name: string): readonly VersionStatus[];
  /** Why the model has no version that serves; null: it has, or nothing is known. */
  troubleOf(name: string): ServingError | null;
  isConfigured(name: string): boolean;
  /**
   * Calls back when a model has another state; with null when another configuration is in force. Returns what
   * ends that.
   */
  watch(onChange: (name: string | null) => void): () => void;
}

/** Those of a catalog, and who watches them. */
export class WatchedModels implements ServedModels {
  readonly isConfigured: ServedModels['isConfigured'];
  readonly #catalog: () => Omit<ServedModels, 'isConfigured' | 'watch'>;
  readonly #watchers = new Set<(name: string | null) => void>();

  constructor(
    catalog: () => Omit<ServedModels, 'isConfigured' | 'watch'>,
    isConfigured: ServedModels['isConfigured'],
  ) {
    this.#catalog = catalog;
    this.isConfigured = isConfigured;
  }

  acquire(name: string, version: bigint | null): ServableHandle<InferenceModel> {
    return this.#catalog().acquire(name, version);
  }

  labelled(name: string, label: string, key: string | null): bigint {
    return this.#catalog().labelled(name, label, key);
  }

  statuses(name: string): readonly VersionStatus[] {
    return this.#catalog().statuses(name);
  }

  troubleOf(name: string): ServingError | null {
    return this.#catalog().troubleOf(name);
  }

  watch(onChange: (name: string | null) => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  /** As a watcher is told. */
  changed(name: string | null): void {
    for (const watcher of this.#watchers) watcher(name);
  }
}
