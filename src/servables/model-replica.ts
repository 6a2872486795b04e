/**
 * ModelReplica: a loaded version as plain data, for the other JavaScript threads of the process, and the
 * servable that they make of it: the same model in the addon, with queues of their own.
 */
import type { BatchingParameters } from '../batching/index.js';
import {
  DeclaredModel,
  type Declared,
  type Recipe,
  type RunDeclared,
} from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import { SavedModel, type LoadedModel } from '../native/saved-model.js';
import { BatchedModel } from './batched-model.js';
import type { ModelBatching } from './model-batching.js';
import type { ServedModels } from './served-models.js';

export type ModelReplica = SavedModelReplica | DeclaredReplica;

interface SavedModelReplica {
  readonly loaded: LoadedModel;
  /** Null: its requests share no runs. */
  readonly batching: BatchingParameters | null;
}

interface DeclaredReplica {
  readonly loaded: Declared;
  readonly recipe: Recipe;
}

/** How a thread runs what a platform has declared, by the data of its recipe and over the models it knows. */
export type ReplicaRun = (data: unknown, models: ServedModels) => RunDeclared;

/** REQUIRES: a servable of this folder. */
export function replicaOf(model: InferenceModel): ModelReplica {
  if (model instanceof BatchedModel) {
    return { loaded: model.model.loaded, batching: model.parameters };
  }
  if (model instanceof DeclaredModel && model.recipe !== null) {
    return { loaded: model.declared, recipe: model.recipe };
  }
  if (model instanceof SavedModel) return { loaded: model.loaded, batching: null };
  throw new Error('there are no replicas of such a servable');
}

/** Not to be unloaded: that is for the thread that has loaded it. */
export function modelOf(
  name: string,
  replica: ModelReplica,
  batching: ModelBatching | null,
  runOf: (recipe: Recipe) => RunDeclared,
): InferenceModel {
  if ('recipe' in replica) {
    const { loaded, recipe } = replica;
    return new DeclaredModel(loaded, runOf(recipe), recipe);
  }
  const { loaded, batching: parameters } = replica;
  const model = SavedModel.attached(loaded);
  if (parameters === null || batching === null) return model;
  return new BatchedModel(model, batching.settings(name, parameters));
}
