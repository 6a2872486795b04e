/**
 * PipelineLoader: loads a version of a pipeline: reads its file, waits for the models of its steps, checks it against
 * their signatures, and tells the log later when they do not fit any more.
 */
import { join } from 'node:path';

import { readTextFile } from '../config/text-proto.js';
import type { Loader } from '../core/loader.js';
import { servableIdText, type ServableId, ServableState } from '../core/servable.js';
import type { Log } from '../log/log.js';
import { declareModel, DeclaredModel } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import { signaturesOf, writeSignatures } from '../servables/signature-def-map.js';
import type { ServedModels } from '../servables/served-models.js';
import { ServingError } from '../status/serving-error.js';
import { Pipeline, pinnedSteps } from './pipeline.js';
import { checkPipeline } from './pipeline-check.js';
import { parsePipeline, PIPELINE_FILE } from './pipeline-config.js';
import type { PipelineDefinition } from './pipeline-definition.js';
import { recipeOf } from './pipeline-recipe.js';
import { recursionError, type Recursion } from './recursion.js';

export interface PipelineLoaderOptions {
  readonly id: ServableId;
  /** The version's folder. */
  readonly path: string;
  readonly models: ServedModels;
  readonly recursion: Recursion;
  readonly log: Log;
  /** How long it waits for the models of its steps; 0 or less: without limit. */
  readonly waitMillis: number;
}

export class PipelineLoader implements Loader<InferenceModel> {
  readonly #options: PipelineLoaderOptions;
  #unwatch: () => void = () => undefined;
  /** Of a version that is not wanted any more before it is loaded. */
  readonly #forget = (): void => this.#options.recursion.delete(this.#options.id);

  constructor(options: PipelineLoaderOptions) {
    this.#options = options;
  }

  /** Resolves when all models of its steps are there, or it has no use to wait for them: `load` says why then. */
  async ready(stop: AbortSignal): Promise<void> {
    const { id, models, log, waitMillis } = this.#options;
    stop.addEventListener('abort', this.#forget);
    const definition = await this.#read().catch(() => null);
    if (stop.aborted) this.#forget();
    if (definition === null || stop.aborted) return;
    const isOver = (): boolean => {
      const lacking = lackOf(definition, models);
      return lacking === null || !mayCome(lacking.model, models);
    };
    if (isOver()) return;
    const { message } = lackOf(definition, models)?.error ?? {};
    log.info(`${servableIdText(id)} waits for the models of its steps: ${message}`);
    await new Promise<void>((resolve) => {
      const end = (): void => {
        unwatch();
        clearTimeout(timer);
        stop.removeEventListener('abort', end);
        resolve();
      };
      const unwatch = models.watch(() => {
        if (isOver()) end();
      });
      const timer = waitMillis > 0 ? setTimeout(end, waitMillis) : undefined;
      stop.addEventListener('abort', end);
    });
  }

  /** @throws ServingError; permanent where only another file can mend it */
  async load(stop: AbortSignal): Promise<DeclaredModel> {
    const { id, models } = this.#options;
    const definition = await this.#read();
    try {
      const handles = pinnedSteps(definition.steps, models);
      const signatures = handles.map(({ servable }) => signaturesOf(servable));
      for (const handle of handles) handle.release();
      const declared = checkPipeline(definition, signatures);
      const pipeline = new Pipeline(definition, declared, models);
      const signature = writeSignatures(new Map([[definition.signature, declared]]));
      const model = new DeclaredModel(
        declareModel(id.name, id.version, signature),
        (request, done) => pipeline.run(request, done),
        recipeOf(definition, declared),
      );
      this.#watch(pipeline, new Set(definition.steps.map(({ model }) => model)));
      stop.removeEventListener('abort', this.#forget);
      return model;
    } catch (thrown) {
      this.#forget();
      throw thrown;
    }
  }

  unload(model: InferenceModel): Promise<void> {
    this.#unwatch();
    this.#forget();
    return model.unload();
  }

  /** @throws ServingError */
  async #read(): Promise<PipelineDefinition> {
    const { id, path, recursion } = this.#options;
    const file = join(path, PIPELINE_FILE);
    const definition = parsePipeline(await readTextFile(file), file);
    const way = recursion.add(
      id,
      definition.steps.map(({ model }) => model),
    );
    if (way === null) return definition;
    throw recursionError(definition.steps, way);
  }

  /** Says in the log when requests begin to fail for the models of its steps, and when that is over. */
  #watch(pipeline: Pipeline, used: ReadonlySet<string>): void {
    const { id, models, log } = this.#options;
    let told = '';
    let isDue = false;
    const isServed = (): boolean =>
      models
        .statuses(id.name)
        .some(({ version, state }) => version === id.version && state === ServableState.AVAILABLE);
    const look = (): void => {
      isDue = false;
      if (!isServed()) return;
      const trouble = pipeline.trouble;
      const now = trouble === null ? '' : trouble.toString();
      if (now === told) return;
      told = now;
      if (trouble !== null) log.warn(`Requests of ${servableIdText(id)} fail: ${now}`);
      else log.info(`${servableIdText(id)} fits the models of its steps again`);
    };
    const unwatch = models.watch((name) => {
      if (isDue || (name !== null && !used.has(name))) return;
      isDue = true;
      queueMicrotask(look);
    });
    this.#unwatch = () => {
      unwatch();
      isDue = true; // what is due already has nobody to tell
    };
  }
}

/** The first step without its model; null: all are there. */
function lackOf(
  { steps }: PipelineDefinition,
  models: ServedModels,
): { readonly model: string; readonly error: ServingError } | null {
  for (const step of steps) {
    try {
      for (const handle of pinnedSteps([step], models)) handle.release();
    } catch (thrown) {
      return { model: step.model, error: ServingError.from(thrown) };
    }
  }
  return null;
}

/** False: it is not configured, or all its versions have failed for good. */
function mayCome(model: string, models: ServedModels): boolean {
  if (!models.isConfigured(model)) return false;
  const hasFailed = models.statuses(model).every(({ state }) => state === ServableState.END);
  return models.troubleOf(model) === null || !hasFailed;
}
