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
import { HookedModel } from './hooked-model.js';
import type { ModelBatching } from './model-batching.js';
import type { ServedModels } from './served-models.js';

export type ModelReplica = SavedModelReplica | DeclaredReplica | HookedReplica;

interface SavedModelReplica {
  readonly loaded: LoadedModel;
  /** Null: its requests share no runs. */
  readonly batching: BatchingParameters | null;
}

interface DeclaredReplica {
  readonly loaded: Declared;
  /** Null: only the thread that has declared it can run it. */
  readonly recipe: Recipe | null;
}

interface HookedReplica {
  /** The own one's. */
  readonly loaded: LoadedModel | Declared;
  readonly own: ModelReplica;
  readonly further: DeclaredReplica;
}

/** How a thread runs what was declared by another. */
export interface DeclaredRuns {
  ofRecipe(recipe: Recipe): RunDeclared;
  /** By the thread that has declared it; `id` as in the addon. */
  remotely(id: number): RunDeclared;
}

/** How a thread runs what a platform has declared, by the data of its recipe and over the models it knows. */
export type ReplicaRun = (data: unknown, models: ServedModels) => RunDeclared;

/** REQUIRES: a servable of this folder. */
export function replicaOf(model: InferenceModel): ModelReplica {
  if (model instanceof BatchedModel) {
    return { loaded: model.model.loaded, batching: model.parameters };
  }
  if (model instanceof HookedModel) {
    const own = replicaOf(model.own);
    return { loaded: own.loaded, own, further: declaredReplicaOf(model.further) };
  }
  if (model instanceof DeclaredModel) return declaredReplicaOf(model);
  if (model instanceof SavedModel) return { loaded: model.loaded, batching: null };
  throw new Error('there are no replicas of such a servable');
}

function declaredReplicaOf({ declared, recipe }: DeclaredModel): DeclaredReplica {
  return { loaded: declared, recipe };
}

/** What of it only this thread can run; null: nothing. */
export function remoteOf(model: InferenceModel): DeclaredModel | null {
  if (model instanceof HookedModel) return model.further;
  return model instanceof DeclaredModel && model.recipe === null ? model : null;
}

/** Not to be unloaded: that is for the thread that has loaded it. */
export function modelOf(
  name: string,
  replica: ModelReplica,
  batching: ModelBatching | null,
  runs: DeclaredRuns,
): InferenceModel {
  if ('own' in replica) {
    const own = modelOf(name, replica.own, batching, runs);
    return new HookedModel(own, declaredOf(replica.further, runs));
  }
  if ('recipe' in replica) return declaredOf(replica, runs);
  const { loaded, batching: parameters } = replica;
  const model = SavedModel.attached(loaded);
  if (parameters === null || batching === null) return model;
  return new BatchedModel(model, batching.settings(name, parameters));
}

function declaredOf({ loaded, recipe }: DeclaredReplica, runs: DeclaredRuns): DeclaredModel {
  const run = recipe === null ? runs.remotely(loaded.id) : runs.ofRecipe(recipe);
  return new DeclaredModel(loaded, run, recipe);
}
