/**
 * BatchedLoader: a version that another loader brings into memory, with its batching. Unless batching was
 * asked for with parameters, only signatures share runs whose rows are independent.
 */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { RowPolicy } from '../native/binding.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { SavedModel } from '../native/saved-model.js';
import { BatchedModel } from './batched-model.js';
import type { BatchedSignatures } from './batched-signatures.js';
import type { ModelBatching } from './model-batching.js';

export interface BatchedLoaderOptions {
  readonly id: ServableId;
  /** The version's folder. */
  readonly path: string;
  readonly batching: ModelBatching;
  /** A loader that warms a version up for batches of these sizes, and finds out about its rows so. */
  readonly loaderFor: (batchRows: readonly number[], rows: RowPolicy | null) => Loader<SavedModel>;
  readonly signatures: BatchedSignatures;
}

export class BatchedLoader implements Loader<InferenceModel> {
  readonly #options: BatchedLoaderOptions;

  constructor(options: BatchedLoaderOptions) {
    this.#options = options;
  }

  /** Parameters that no queue can have fail the load, as upstream, and before it costs anything. */
  async load(stop: AbortSignal): Promise<InferenceModel> {
    const { id, path, batching, loaderFor, signatures } = this.#options;
    const settings = await batching.of(id.name, path);
    if (settings === null) return loaderFor([], null).load(stop);
    const model = await loaderFor(settings.batchRows, settings.rows).load(stop);
    if (model.rows === null) return new BatchedModel(model, settings);
    signatures.loaded(id, model.rows);
    const sharesRuns = model.rows.some(([, refusal]) => refusal === '');
    return sharesRuns ? new BatchedModel(model, settings) : model;
  }

  unload(servable: InferenceModel): Promise<void> {
    return servable.unload();
  }
}
