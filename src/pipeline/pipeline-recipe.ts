/** PipelineRecipe: what another thread makes its own Pipeline of, over the models that it knows. Plain data. */
import type { Recipe, RunDeclared } from '../native/declared-model.js';
import type { ServedModels } from '../servables/served-models.js';
import { Pipeline } from './pipeline.js';
import type { PipelineSignature } from './pipeline-check.js';
import type { PipelineDefinition } from './pipeline-definition.js';

/** The name that `model_platform` has for them. */
export const PIPELINE = 'pipeline';

interface PipelineData {
  readonly definition: PipelineDefinition;
  readonly declared: PipelineSignature;
}

export function recipeOf(definition: PipelineDefinition, declared: PipelineSignature): Recipe {
  const data: PipelineData = { definition, declared };
  return { platform: PIPELINE, data };
}

/** REQUIRES: of recipeOf(), perhaps by way of a message. */
export function runOfRecipe(data: unknown, models: ServedModels): RunDeclared {
  const { definition, declared } = data as PipelineData;
  const pipeline = new Pipeline(definition, declared, models);
  return (request, done) => pipeline.run(request, done);
}
