/**
 * Changes of what is served, free of any transport. A change is refused, and nothing has changed, or it
 * is in force (and written back, if that was asked for), and a result for each model says what became
 * of it.
 */
import {
  isSameModel,
  type LabelTarget,
  type ModelConfig,
  type ModelServerConfig,
} from '../config/model-config.js';
import { refuseLogging, type ModelSet } from '../core/model-set.js';
import { ServableState, type VersionStatus } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { NativePlan, SignatureRows } from '../native/binding.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Recorded, RecordingWish } from './warmup-recorder.js';

export interface ModelAdminOptions {
  readonly models: ModelSet;
  /** Every version of a model ever seen, highest first. */
  readonly statuses: (name: string) => readonly VersionStatus[];
  /** Why a model does not serve; null: nothing is known. */
  readonly troubleOf: (name: string) => ServingError | null;
  /** The versions that lie below a model's base path. @throws ServingError */
  readonly found: (name: string) => Promise<readonly bigint[]>;
  /** How the loaded versions of a model are executed, highest first. */
  readonly plans: (name: string) => readonly VersionPlan[];
  /** Which of their signatures share runs without being asked to, highest first. */
  readonly batching: (name: string) => readonly VersionBatching[];
  /** The file of --model_config_file; null: there is none. */
  readonly file: {
    /** @throws ServingError, when the file is as it was */
    write(models: readonly ModelConfig[], evenIfChanged: boolean): Promise<void>;
  } | null;
  /** How often the file is put in force again, whatever was changed since; 0: never. */
  readonly filePollSeconds: number;
  /** Whether there is somewhere to log requests to. */
  readonly canLog: boolean;
  /** As recordWarmup() of warmup-recorder.ts. */
  readonly record: (name: string, wish: RecordingWish, signal?: AbortSignal) => Promise<Recorded>;
  readonly log: Log;
}

export interface VersionPlan {
  readonly version: bigint;
  readonly plan: NativePlan;
}

export interface VersionBatching {
  readonly version: bigint;
  readonly signatures: readonly SignatureRows[];
}

export interface ModelState {
  readonly config: ModelConfig;
  readonly versions: readonly VersionStatus[];
  readonly found: readonly bigint[];
  readonly plans: readonly VersionPlan[];
  readonly batching: readonly VersionBatching[];
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

interface ChangeOptions {
  /** Of all models: whatever the file holds is replaced. */
  readonly isList?: boolean;
  /** Models that do not serve are looked for again. */
  readonly replaces?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export class ModelAdminService {
  readonly #options: ModelAdminOptions;

  constructor(options: ModelAdminOptions) {
    this.#options = options;
  }

  /** Replaces all models. @throws ServingError as ModelSet.reload */
  async reload(config: ModelServerConfig, signal?: AbortSignal): Promise<void> {
    await this.#options.models.reload({ kind: 'models', models: listOf(config) }, signal);
  }

  models(): Models {
    return this.#options.models.models;
  }

  /** @throws ServingError NOT_FOUND, and the file system's for a base path that cannot be read */
  async model(name: string): Promise<ModelState> {
    const config = configured(this.models(), name);
    const { found, plans, batching, statuses } = this.#options;
    return {
      config,
      found: await found(name),
      versions: statuses(name),
      plans: plans(name),
      batching: batching(name),
    };
  }

  /**
   * As `reload`, with a result for each. Writing back replaces whatever the file holds.
   * @throws ServingError when it is refused
   */
  async setAll(
    config: ModelServerConfig,
    writeBack: boolean,
    signal?: AbortSignal,
  ): Promise<ModelResult[]> {
    const models = listOf(config);
    this.#checkLogging(models);
    const names = models.map(({ name }) => name);
    return this.#change('all models set', names, writeBack, () => models, {
      isList: true,
      replaces: true,
      signal,
    });
  }

  /**
   * Adds the model or replaces the one of its name; if `expected` is given, only if that is what the
   * model is configured as. @throws ServingError when it is refused
   */
  async set(
    model: ModelConfig,
    expected: ModelConfig | null,
    writeBack: boolean,
    signal?: AbortSignal,
  ): Promise<ModelResult[]> {
    const { name } = model;
    if (name === '') {
      throw new ServingError(StatusCode.INVALID_ARGUMENT, 'The model has no name.');
    }
    this.#checkLogging([model]);
    const change = (models: Models): Models => {
      const before = models.find((each) => each.name === name);
      if (expected !== null && (before === undefined || !isSameModel(before, expected))) {
        const message = `The configuration of model ${name} is not the expected one`;
        throw new ServingError(StatusCode.ABORTED, message);
      }
      return before === undefined
        ? [...models, model]
        : models.map((each) => (each === before ? model : each));
    };
    return this.#change('model set', [name], writeBack, change, { replaces: true, signal });
  }

  /** Waits for nothing. @throws ServingError when it is refused */
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
  async rescan(name: string, signal?: AbortSignal): Promise<ModelResult[]> {
    configured(this.models(), name);
    await this.#options.models.rescan(name);
    const isLoading = this.#options
      .statuses(name)
      .some(({ state }) => state === ServableState.START || state === ServableState.LOADING);
    return this.#results([name], isLoading ? [name] : [], signal);
  }

  /** @throws ServingError NOT_FOUND, and as recordWarmup() */
  async recordWarmup(name: string, wish: RecordingWish, signal?: AbortSignal): Promise<Recorded> {
    configured(this.models(), name);
    return this.#options.record(name, wish, signal);
  }

  async #change(
    what: string,
    names: readonly string[],
    writeBack: boolean,
    change: (models: Models) => Models,
    { isList = false, replaces = false, signal }: ChangeOptions = {},
  ): Promise<ModelResult[]> {
    const { models, log } = this.#options;
    const file = this.#fileToWrite(writeBack);
    const added = await models.edit(
      change,
      file === null ? null : (changed) => file.write(changed, /* evenIfChanged */ isList),
      signal === undefined ? { isList } : { isList, signal },
    );
    log.info({ models: names, writeBack }, `${what} by request`);
    const stuck = replaces ? names.filter((name) => !this.#isServing(name)) : [];
    const again = stuck.filter((name) => !added.includes(name));
    await Promise.all(again.map((name) => models.rescan(name))); // it may be right now
    return this.#results(names, [...added, ...again], signal);
  }

  /** Null: none. @throws ServingError FAILED_PRECONDITION */
  #fileToWrite(writeBack: boolean): ModelAdminOptions['file'] {
    const { file, filePollSeconds } = this.#options;
    if (writeBack && file === null) {
      throw new ServingError(
        StatusCode.FAILED_PRECONDITION,
        'There is no file to write back to: the server runs without --model_config_file.',
      );
    }
    if (!writeBack && filePollSeconds > 0) {
      throw new ServingError(
        StatusCode.FAILED_PRECONDITION,
        `The server puts its --model_config_file in force again every ${filePollSeconds} s, which ` +
          'would undo the change: ask for it to be written back (write_back).',
      );
    }
    return writeBack ? file : null;
  }

  /** Before the change rather than after it, as a reload has it from upstream. */
  #checkLogging(models: Models): void {
    if (!this.#options.canLog) refuseLogging(models);
  }

  #isServing(name: string): boolean {
    return this.#options.statuses(name).some(({ state }) => state === ServableState.AVAILABLE);
  }

  /** When those to wait for serve, or do not. */
  #results(
    names: readonly string[],
    awaited: readonly string[],
    signal?: AbortSignal,
  ): Promise<ModelResult[]> {
    const { models, statuses, troubleOf } = this.#options;
    return Promise.all(
      names.map(async (name) => {
        const isAwaited = awaited.includes(name);
        const waited = isAwaited ? models.untilServing(name, signal) : Promise.resolve();
        const late = await waited.then(
          () => null,
          (error: unknown) => ServingError.from(error),
        );
        const versions = statuses(name);
        const isGone = models.of(name) === null;
        if (isGone) return { name, error: isAwaited ? removed(name) : null, versions };
        if (this.#isServing(name)) return { name, error: null, versions };
        const failed = versions.find(({ error }) => error !== null)?.error ?? troubleOf(name);
        const isOutcome = late === null || late.code === StatusCode.UNKNOWN;
        return { name, error: (isOutcome ? failed : late) ?? late ?? notServing(name), versions };
      }),
    );
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

function removed(name: string): ServingError {
  return new ServingError(StatusCode.ABORTED, `Model ${name} was removed by a later change`);
}

function notServing(name: string): ServingError {
  return new ServingError(StatusCode.UNAVAILABLE, `Model ${name} has no version AVAILABLE`);
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
