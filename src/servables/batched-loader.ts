/**
 * BatchedLoader: a version that another loader brings into memory, with its batching. Unless batching was
 * asked for with parameters, only signatures share runs whose rows are independent.
 */
import type { Loader } from '../core/loader.js';
import { servableIdText, type ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { RowPolicy, SignatureRows } from '../native/binding.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { SavedModel } from '../native/saved-model.js';
import { BatchedModel } from './batched-model.js';
import type { ModelBatching } from './model-batching.js';

export interface BatchedLoaderOptions {
  readonly id: ServableId;
  /** The version's folder. */
  readonly path: string;
  readonly batching: ModelBatching;
  /** A loader that warms a version up for batches of these sizes, and finds out about its rows so. */
  readonly loaderFor: (batchRows: readonly number[], rows: RowPolicy | null) => Loader<SavedModel>;
  readonly log: Log;
}

export class BatchedLoader implements Loader<InferenceModel> {
  readonly #options: BatchedLoaderOptions;

  constructor(options: BatchedLoaderOptions) {
    this.#options = options;
  }

  /** Parameters that no queue can have fail the load, as upstream, and before it costs anything. */
  async load(stop: AbortSignal): Promise<InferenceModel> {
    const { id, path, batching, loaderFor } = this.#options;
    const settings = await batching.of(id.name, path);
    if (settings === null) return loaderFor([], null).load(stop);
    const model = await loaderFor(settings.batchRows, settings.rows).load(stop);
    const sharesRuns = model.rows === null || this.#report(model.rows);
    return sharesRuns ? new BatchedModel(model, settings) : model;
  }

  /** Whether a signature shares runs; the log has what stands against others. */
  #report(signatures: readonly SignatureRows[]): boolean {
    const { id, log } = this.#options;
    const proven: string[] = [];
    const assumed: string[] = [];
    const alone: Record<string, string> = {};
    for (const [signature, refusal, isProven] of signatures) {
      if (refusal !== '') alone[signature] = refusal;
      else (isProven ? proven : assumed).push(signature);
    }
    log.info(
      {
        servable: servableIdText(id),
        batched: proven,
        ...(assumed.length > 0 && { assumed }),
        alone,
      },
      'which signatures are batched',
    );
    return proven.length + assumed.length > 0;
  }

  unload(servable: InferenceModel): Promise<void> {
    return servable.unload();
  }
}
