/**
 * Pipeline: runs the requests of one version of a pipeline on the models that its steps name, as these are when a
 * request comes: all are pinned and checked first, so that a request sees one version of each. One of each thread.
 */
import type { ServableHandle } from '../core/harness.js';
import type { Done } from '../native/calls.js';
import type { DeclaredRun } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { TensorSet } from '../native/tensor-sets.js';
import { signaturesOf } from '../servables/signature-def-map.js';
import type { ServedModels } from '../servables/served-models.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { checkPipeline, type PipelineSignature } from './pipeline-check.js';
import type { PipelineDefinition, Step } from './pipeline-definition.js';
import { errorOfStep, PipelineRun } from './pipeline-run.js';

type Handle = ServableHandle<InferenceModel>;

export class Pipeline {
  readonly #definition: PipelineDefinition;
  readonly #declared: PipelineSignature;
  readonly #models: ServedModels;
  readonly #now: () => number;
  /** Those of the last check, and what it found. */
  #checked: readonly InferenceModel[] = [];
  #misfit: ServingError | null = null;

  /** `declared` is its signature, as clients know it. `now`: milliseconds. */
  constructor(
    definition: PipelineDefinition,
    declared: PipelineSignature,
    models: ServedModels,
    now: () => number = () => performance.now(),
  ) {
    this.#definition = definition;
    this.#declared = declared;
    this.#models = models;
    this.#now = now;
  }

  /** See RunDeclared. */
  run(request: DeclaredRun, done: Done<TensorSet>): void {
    let handles: readonly Handle[];
    try {
      handles = this.#pinned();
    } catch (thrown) {
      done(ServingError.from(thrown), null);
      return;
    }
    new PipelineRun(this.#definition, handles, request, done, this.#now).start();
  }

  /** Why a request would fail now; null: it would run. */
  get trouble(): ServingError | null {
    try {
      for (const handle of this.#pinned()) handle.release();
      return null;
    } catch (thrown) {
      return ServingError.from(thrown);
    }
  }

  /** @throws ServingError, which names the step */
  #pinned(): Handle[] {
    const { steps } = this.#definition;
    const handles = pinnedSteps(steps, this.#models);
    const isChecked = handles.every(({ servable }, index) => servable === this.#checked[index]);
    if (!isChecked) this.#check(handles.map(({ servable }) => servable));
    if (this.#misfit === null) return handles;
    for (const handle of handles) handle.release();
    throw this.#misfit;
  }

  #check(models: readonly InferenceModel[]): void {
    this.#checked = models;
    this.#misfit = null;
    try {
      checkPipeline(this.#definition, models.map(signaturesOf), this.#declared);
    } catch (thrown) {
      this.#misfit = ServingError.from(thrown);
    }
  }
}

/**
 * The model of each step, pinned.
 * @throws ServingError, which names the step: NOT_FOUND where it is not configured, else UNAVAILABLE
 */
export function pinnedSteps(steps: readonly Step[], models: ServedModels): Handle[] {
  const handles: Handle[] = [];
  try {
    for (const step of steps) handles.push(pinned(step, models));
    return handles;
  } catch (thrown) {
    for (const handle of handles) handle.release();
    throw thrown;
  }
}

/** A label that several versions share is drawn by lot: there is nobody whose key could tie it. */
function pinned(step: Step, models: ServedModels): Handle {
  const { model, version, label } = step;
  try {
    return models.acquire(model, label === null ? version : models.labelled(model, label, null));
  } catch (thrown) {
    const { message } = ServingError.from(thrown);
    const isConfigured = models.isConfigured(model);
    const code = isConfigured ? StatusCode.UNAVAILABLE : StatusCode.NOT_FOUND;
    const trouble = models.troubleOf(model);
    const why = trouble === null ? '' : ` (${trouble.message})`;
    const what = isConfigured ? `${message}${why}` : `model "${model}" is not served`;
    throw errorOfStep(step, new ServingError(code, what));
  }
}
