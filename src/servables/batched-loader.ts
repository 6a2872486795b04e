/** BatchedLoader: a version that another loader brings into memory, with its batching. */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { SavedModel } from '../native/saved-model.js';
import { BatchedModel } from './batched-model.js';
import type { ModelBatching } from './model-batching.js';

export class BatchedLoader implements Loader<InferenceModel> {
  readonly #loader: Loader<SavedModel>;
  readonly #batching: ModelBatching;
  readonly #id: ServableId;
  readonly #path: string;

  constructor(loader: Loader<SavedModel>, batching: ModelBatching, id: ServableId, path: string) {
    this.#loader = loader;
    this.#batching = batching;
    this.#id = id;
    this.#path = path;
  }

  /** Parameters that no queue can have fail the load, as upstream, and before it costs anything. */
  async load(): Promise<InferenceModel> {
    const settings = await this.#batching.of(this.#id.name, this.#path);
    const model = await this.#loader.load();
    return settings === null ? model : new BatchedModel(model, settings);
  }

  unload(servable: InferenceModel): Promise<void> {
    return servable.unload();
  }
}
