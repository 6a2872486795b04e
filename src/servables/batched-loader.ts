/** BatchedLoader: a version that another loader brings into memory, with its batching. */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { SavedModel } from '../native/saved-model.js';
import { BatchedModel } from './batched-model.js';
import type { ModelBatching } from './model-batching.js';

export interface BatchedLoaderOptions {
  readonly id: ServableId;
  /** The version's folder. */
  readonly path: string;
  readonly batching: ModelBatching;
  /** A loader that warms a version up for batches of these sizes. */
  readonly loaderFor: (batchRows: readonly number[]) => Loader<SavedModel>;
}

export class BatchedLoader implements Loader<InferenceModel> {
  readonly #options: BatchedLoaderOptions;

  constructor(options: BatchedLoaderOptions) {
    this.#options = options;
  }

  /** Parameters that no queue can have fail the load, as upstream, and before it costs anything. */
  async load(): Promise<InferenceModel> {
    const { id, path, batching, loaderFor } = this.#options;
    const settings = await batching.of(id.name, path);
    const model = await loaderFor(settings?.batchRows ?? []).load();
    return settings === null ? model : new BatchedModel(model, settings);
  }

  unload(servable: InferenceModel): Promise<void> {
    return servable.unload();
  }
}
