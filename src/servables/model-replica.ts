/**
 * ModelReplica: a loaded version as plain data, for the other JavaScript threads of the process, and the
 * servable that they make of it: the same model in the addon, with queues of their own.
 */
import type { BatchingParameters } from '../batching/index.js';
import type { InferenceModel } from '../native/inference-model.js';
import { SavedModel, type LoadedModel } from '../native/saved-model.js';
import { BatchedModel } from './batched-model.js';
import type { ModelBatching } from './model-batching.js';

export interface ModelReplica {
  readonly loaded: LoadedModel;
  /** Null: its requests share no runs. */
  readonly batching: BatchingParameters | null;
}

/** REQUIRES: a servable of this folder. */
export function replicaOf(model: InferenceModel): ModelReplica {
  if (model instanceof BatchedModel) {
    return { loaded: model.model.loaded, batching: model.parameters };
  }
  if (model instanceof SavedModel) return { loaded: model.loaded, batching: null };
  throw new Error('there are no replicas of such a servable');
}

/** Not to be unloaded: that is for the thread that has loaded it. */
export function modelOf(
  name: string,
  { loaded, batching: parameters }: ModelReplica,
  batching: ModelBatching | null,
): InferenceModel {
  const model = SavedModel.attached(loaded);
  if (parameters === null || batching === null) return model;
  return new BatchedModel(model, batching.settings(name, parameters));
}
