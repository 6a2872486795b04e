/**
 * Changes of what is served, free of any transport. A change is refused, and nothing has changed, or it
 * is in force, and a result for each model says what became of it.
 */
import type { LabelTarget, ModelConfig, ModelServerConfig } from '../config/model-config.js';
import type { ModelSet } from '../core/model-set.js';
import { ServableState, type VersionStatus } from '../core/servable.js';
import type { Log } from '../log/log.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export interface ModelAdminOptions {
  readonly models: ModelSet;
  /** Every version of a model ever seen, highest first. */
  readonly statuses: (name: string) => readonly VersionStatus[];
  /** The versions that lie below a model's base path. */
  readonly found: (name: string) => Promise<readonly bigint[]>;
  /** Replaces the file of --model_config_file; null: there is none. */
  readonly writeFile: ((models: readonly ModelConfig[]) => Promise<void>) | null;
  readonly log: Log;
}

export interface ModelState {
  readonly config: ModelConfig;
  readonly versions: readonly VersionStatus[];
  readonly found: readonly bigint[];
}

/** `error`: why the model, though configured, has no version AVAILABLE. */
export interface ModelResult {
  readonly name: string;
  readonly error: ServingError | null;
  readonly versions: readonly VersionStatus[];
}

export interface LabelChange {
  readonly set: ReadonlyMap<string, LabelTarget>;
  readonly remove: readonly string[];
  /** Remove all others, too. */
  readonly replace: boolean;
}

type Models = readonly ModelConfig[];

export class ModelAdminService {
  readonly #options: ModelAdminOptions;

  constructor(options: ModelAdminOptions) {
    this.#options = options;
  }

  /** Replaces all models. @throws ServingError as ModelSet.reload */
  async reload(config: ModelServerConfig): Promise<void> {
    await this.#options.models.reload({ kind: 'models', models: listOf(config) });
  }

  models(): Models {
    return this.#options.models.models;
  }

  /** @throws ServingError NOT_FOUND, for a base path that cannot be read, too */
  async model(name: string): Promise<ModelState> {
    const config = configured(this.models(), name);
    const { found, statuses } = this.#options;
    try {
      return { config, found: await found(name), versions: statuses(name) };
    } catch (cause) {
      const { message } = cause as Error;
      throw new ServingError(StatusCode.NOT_FOUND, message, [], { cause });
    }
  }

  /** As `reload`, with a result for each. @throws ServingError when it is refused */
  async setAll(config: ModelServerConfig, writeBack: boolean): Promise<ModelResult[]> {
    const models = listOf(config);
    for (const model of models) checkLogging(model);
    const names = models.map(({ name }) => name);
    return this.#change('all models set', names, writeBack, () => models);
  }

  /** Adds the model or replaces the one of its name. @throws ServingError when it is refused */
  async set(model: ModelConfig, writeBack: boolean): Promise<ModelResult[]> {
    const { name } = model;
    if (name === '') {
      throw new ServingError(StatusCode.INVALID_ARGUMENT, 'The model has no name.');
    }
    checkLogging(model);
    return this.#change('model set', [name], writeBack, (models) =>
      models.some((each) => each.name === name)
        ? models.map((each) => (each.name === name ? model : each))
        : [...models, model],
    );
  }

  /** @throws ServingError when it is refused */
  remove(name: string, writeBack: boolean): Promise<ModelResult[]> {
    return this.#change('model removed', [name], writeBack, (models) => {
      configured(models, name);
      return models.filter((each) => each.name !== name);
    });
  }

  /** @throws ServingError when it is refused */
  setLabels(name: string, change: LabelChange, writeBack: boolean): Promise<ModelResult[]> {
    return this.#change('labels set', [name], writeBack, (models) => {
      const model = configured(models, name);
      const labels = changedLabels(model, change);
      return models.map((each) => (each === model ? { ...model, labels } : each));
    });
  }

  /** Looks for versions now and tries failed ones again. @throws ServingError NOT_FOUND */
  async rescan(name: string): Promise<ModelResult[]> {
    const { models, statuses } = this.#options;
    configured(this.models(), name);
    const isLoading = (): boolean =>
      statuses(name).some(
        ({ state }) => state === ServableState.START || state === ServableState.LOADING,
      );
    const error = await errorOf(models.rescan(name, isLoading));
    return [this.#resultOf(name, error)];
  }

  async #change(
    what: string,
    names: readonly string[],
    writeBack: boolean,
    change: (models: Models) => Models,
  ): Promise<ModelResult[]> {
    const { models, writeFile, log } = this.#options;
    if (writeBack && writeFile === null) {
      throw new ServingError(
        StatusCode.FAILED_PRECONDITION,
        'There is no file to write back to: the server runs without --model_config_file.',
      );
    }
    let isDone = false;
    const error = await errorOf(
      models.edit(change, async (changed) => {
        log.info({ models: names, writeBack }, `${what} by request`);
        if (writeBack) await writeFile?.(changed).catch(refuseWriting);
        isDone = true;
      }),
    );
    if (!isDone && error !== null) throw error;
    return names.map((name) => this.#resultOf(name, error));
  }

  #resultOf(name: string, error: ServingError | null): ModelResult {
    const versions = this.#options.statuses(name);
    const isServing = versions.some(({ state }) => state === ServableState.AVAILABLE);
    if (error === null || isServing) return { name, error: null, versions };
    const failed = versions.find((version) => version.error !== null);
    return { name, error: failed?.error ?? error, versions };
  }
}

function listOf(config: ModelServerConfig): Models {
  if (config.kind === 'models') return config.models;
  throw new ServingError(
    StatusCode.INVALID_ARGUMENT,
    'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ' +
      'ModelConfigList is currently supported',
  );
}

function configured(models: Models, name: string): ModelConfig {
  const model = models.find((each) => each.name === name);
  if (model !== undefined) return model;
  throw new ServingError(StatusCode.NOT_FOUND, `Model ${name} is not configured`);
}

/** Before the change rather than after it, as a reload has it from upstream. */
function checkLogging({ wantsLogging }: ModelConfig): void {
  if (!wantsLogging) return;
  throw new ServingError(StatusCode.INVALID_ARGUMENT, 'No request-logger-creator provided.');
}

function changedLabels({ name, labels }: ModelConfig, change: LabelChange): ModelConfig['labels'] {
  const changed = new Map(change.replace ? [] : labels);
  for (const label of change.remove) {
    if (!labels.has(label)) {
      throw new ServingError(StatusCode.NOT_FOUND, `Model ${name} has no label ${label}`);
    }
    if (change.set.has(label)) {
      const message = `Label ${label} of model ${name} is both to be set and to be removed`;
      throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
    }
    changed.delete(label);
  }
  for (const [label, target] of change.set) changed.set(label, target);
  return changed;
}

function refuseWriting(cause: unknown): never {
  const { message } = cause as Error;
  throw new ServingError(
    StatusCode.INTERNAL,
    `The change is in force, but it could not be written back: ${message}`,
    [],
    { cause },
  );
}

function errorOf(work: Promise<void>): Promise<ServingError | null> {
  return work.then(
    () => null,
    (error: unknown) => ServingError.from(error),
  );
}
