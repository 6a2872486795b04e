/**
 * ModelSet: the models that are configured, and every change of them: a whole list, or one model's
 * entry. Changes are made one after the other; one that is refused changes nothing. A change is in force
 * at once, whoever still waits for the models of an earlier one; see configuration-waits.ts for the waits.
 */
import {
  checkModels,
  isSameModel,
  type ModelConfig,
  type ModelServerConfig,
} from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { ConfigurationWaits, type ConfigurationWaitsOptions } from './configuration-waits.js';
import type { Source } from './source.js';
import type { Labels, VersionLabels } from './version-labels.js';

export interface ModelSetOptions extends ConfigurationWaitsOptions {
  readonly source: Source;
  readonly labels: VersionLabels;
  /** How long a reload waits for models that are new to it; 0 is no limit, as upstream. */
  readonly waitMillis: number;
  /** May refuse models that are new or changed, for where they lie. @throws ServingError */
  readonly checkBasePaths?: (models: readonly ModelConfig[]) => Promise<void>;
  /** The models of a configuration that is in force from now on. */
  readonly onModels?: (models: readonly ModelConfig[]) => void;
  /** Whether there is somewhere to log requests to; upstream's open server has no such place. */
  readonly canLog: boolean;
}

type Models = readonly ModelConfig[];

export class ModelSet {
  readonly #options: ModelSetOptions;
  readonly #waits: ConfigurationWaits;
  #config: ModelServerConfig = { kind: 'none' };
  /** Settled when the last change is in force: a model that takes long holds up no other change. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: ModelSetOptions) {
    this.#options = options;
    this.#waits = new ConfigurationWaits(options);
  }

  get models(): Models {
    return this.#config.kind === 'models' ? this.#config.models : [];
  }

  of(name: string): ModelConfig | null {
    return this.models.find((model) => model.name === name) ?? null;
  }

  /**
   * The first configuration: as `reload`, but waits without limit, and ends at once for what waiting
   * cannot mend. A reload meanwhile takes its place: its models are waited for.
   * @throws ServingError
   */
  async start(config: ModelServerConfig, onAccepted?: () => void): Promise<void> {
    await this.#inTurn(async () => {
      await this.#accept(config);
      onAccepted?.();
    });
    await this.#waits.forStart(() => this.models.map(({ name }) => name));
    this.#checkLogging(this.#config);
  }

  /**
   * Replaces the whole configuration. Resolves when every model that is new has a version AVAILABLE.
   * @param signal its abortion, with a ServingError, ends the wait; before its turn, nothing has changed
   * @throws ServingError with upstream's texts; UNKNOWN, when a new model failed to load, leaves the
   *   new configuration in force, as do DEADLINE_EXCEEDED and ABORTED, by a later configuration
   */
  reload(config: ModelServerConfig, signal?: AbortSignal): Promise<void> {
    return this.reloadFrom(() => Promise.resolve(config), undefined, signal);
  }

  /**
   * As `reload`, of what `read` gives when it is its turn: no edit comes between the reading and
   * `onAccepted`, which is called when the configuration is in force.
   */
  async reloadFrom(
    read: () => Promise<ModelServerConfig>,
    onAccepted?: () => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const [config, awaited] = await this.#inTurn(async () => {
      const given = await read();
      const names = await this.#accept(given);
      onAccepted?.();
      return [given, names] as const;
    }, signal);
    await this.#waits.forReload(awaited, this.#options.waitMillis, signal);
    this.#checkLogging(config);
  }

  /**
   * Changes the list as `change` says, given the current one; labels that stay as they are may stand
   * for versions that are gone. `write` is waited for when all is checked: where it fails, nothing has
   * changed. Resolves to the models that are new, once the change is in force.
   * @param isList it is a whole new list, which takes the place of others as a reload does
   * @throws ServingError as `reload`, and what `change` and `write` throw
   */
  edit(
    change: (models: Models) => Models,
    write: ((models: Models) => Promise<void>) | null,
    { isList = false, signal }: { readonly isList?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<string[]> {
    return this.#inTurn(async () => {
      const models = change(this.models);
      checkModels(models);
      checkPlatforms(this.models, models);
      const known = new Set(this.models);
      await this.#options.checkBasePaths?.(models.filter((model) => !known.has(model)));
      const labels = labelsOf(models);
      this.#options.labels.checkChanges(labels);
      await write?.(models);
      this.#options.labels.replace(labels);
      const before = this.models;
      this.#apply(models);
      if (isList) this.#waits.replaced(before, models);
      else this.#waits.edited(before, models);
      return added(before, models);
    }, signal);
  }

  /** Looks for the model's versions now, and tries those again that failed. */
  async rescan(name: string): Promise<void> {
    await this.#inTurn(() => Promise.resolve());
    await this.#options.source.rescan(name); // may take long: it holds up no change
  }

  /**
   * Resolves when the model has a version AVAILABLE.
   * @throws ServingError as `reload`; ABORTED where a later change removes the model or moves it
   */
  untilServing(name: string, signal?: AbortSignal): Promise<void> {
    return this.#waits.forModel(name, this.#options.waitMillis, signal);
  }

  /** Ends all waits. */
  close(): void {
    this.#waits.close();
  }

  #inTurn<T>(change: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#lastChange.then(() => {
      signal?.throwIfAborted(); // nobody wants it any more
      return change();
    });
    this.#lastChange = turn.catch(() => undefined);
    return turn;
  }

  /** Puts a whole configuration in force; the models to wait for. @throws ServingError */
  async #accept(config: ModelServerConfig): Promise<string[]> {
    if (config.kind === 'none') return []; // "Taking no action for empty config", as upstream
    if (config.kind === 'custom') {
      throw new ServingError(
        StatusCode.FAILED_PRECONDITION,
        'Cannot transition to requested config. It is only legal to transition from one ' +
          'ModelConfigList to another.',
      );
    }
    checkModels(config.models);
    checkPlatforms(this.models, config.models);
    await this.#options.checkBasePaths?.(config.models);
    this.#options.labels.assign(labelsOf(config.models));
    const before = this.models;
    this.#apply(config.models);
    if (isSameList(before, config.models)) return [];
    // Those that nobody waits for any more, since their entries have changed, are this one's.
    const inherited = this.#waits.replaced(before, config.models);
    return [...new Set([...added(before, config.models), ...inherited])];
  }

  /** REQUIRES: what was checked, its labels assigned. */
  #apply(models: Models): void {
    this.#config = { kind: 'models', models };
    this.#options.onModels?.(models);
    this.#options.source.configure(models);
  }

  /** After the models, as upstream. */
  #checkLogging(config: ModelServerConfig): void {
    if (config.kind === 'models' && !this.#options.canLog) refuseLogging(config.models);
  }
}

/** Of a server that logs nothing. @throws ServingError INVALID_ARGUMENT with upstream's text */
export function refuseLogging(models: Models): void {
  if (models.every(({ logging }) => logging === null)) return;
  throw new ServingError(StatusCode.INVALID_ARGUMENT, 'No request-logger-creator provided.');
}

function labelsOf(models: Models): Map<string, Labels> {
  return new Map(models.map(({ name, labels }) => [name, labels]));
}

/** Names that are new. */
function added(before: Models, now: Models): string[] {
  const known = new Set(before.map(({ name }) => name));
  return now.map(({ name }) => name).filter((name) => !known.has(name));
}

function isSameList(a: Models, b: Models): boolean {
  return a.length === b.length && a.every((model, i) => isSameModel(model, b[i] as ModelConfig));
}

/** Versions of a model are of one kind, as upstream has it. @throws ServingError INVALID_ARGUMENT */
function checkPlatforms(before: Models, after: Models): void {
  const platforms = new Map(before.map(({ name, platform }) => [name, platform]));
  for (const { name, platform } of after) {
    const other = platforms.get(name) ?? platform;
    if (other === platform) continue;
    throw new ServingError(
      StatusCode.INVALID_ARGUMENT,
      `Illegal to change a model's platform. For model ${name} platform was ${other} and new ` +
        `platform requested is ${platform}`,
    );
  }
}
