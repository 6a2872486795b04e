/**
 * ModelSet: the models that are configured, and every change of them: a whole list, or one model's
 * entry. Changes are made one after the other; one that is refused changes nothing. A reload waits for
 * the one before it to be over, as upstream; an edit only until what came before is in force.
 */
import { checkModels, type ModelConfig, type ModelServerConfig } from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Clock } from './clock.js';
import type { Source } from './source.js';
import type { Labels, VersionLabels } from './version-labels.js';

export interface ModelSetOptions {
  readonly source: Source;
  readonly labels: VersionLabels;
  /**
   * Resolves when each has a version AVAILABLE, rejects when one failed. `what` is upstream's word for
   * what failed: `servable(s)` at start, `model(s)` at a reload.
   */
  readonly untilServing: (names: readonly string[], what: string) => Promise<void>;
  /** Ends the waits for a model that is not configured any more. */
  readonly dismiss: (name: string) => void;
  /** How long a reload waits for models that are new to it; 0 is no limit, as upstream. */
  readonly waitMillis: number;
  /** The models of a configuration that is in force from now on. */
  readonly onModels?: (models: readonly ModelConfig[]) => void;
  readonly clock: Clock;
}

export class ModelSet {
  readonly #options: ModelSetOptions;
  #config: ModelServerConfig = { kind: 'none' };
  /** Settled when the last reload is over, and its new models serve. */
  #lastReload: Promise<unknown> = Promise.resolve();
  /** Settled when the last change is in force: a model that takes long holds up no edit. */
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: ModelSetOptions) {
    this.#options = options;
  }

  get models(): readonly ModelConfig[] {
    return this.#config.kind === 'models' ? this.#config.models : [];
  }

  of(name: string): ModelConfig | null {
    return this.models.find((model) => model.name === name) ?? null;
  }

  /** The first configuration: as `reload`, but waits without limit. @throws ServingError */
  start(config: ModelServerConfig): Promise<void> {
    return this.#reload(() => Promise.resolve(config), { what: 'servable(s)', waitMillis: 0 });
  }

  /**
   * Replaces the whole configuration. Resolves when every model that is new has a version AVAILABLE.
   * @throws ServingError with upstream's texts; UNKNOWN, when a new model failed to load, leaves the
   *   new configuration in force
   */
  reload(config: ModelServerConfig): Promise<void> {
    return this.#reload(() => Promise.resolve(config));
  }

  /**
   * As `reload`, of what `read` gives when it is its turn: no edit comes between the reading and
   * `onAccepted`, which is called when the configuration is in force.
   */
  reloadFrom(read: () => Promise<ModelServerConfig>, onAccepted: () => void): Promise<void> {
    return this.#reload(read, { onAccepted });
  }

  /**
   * Changes the list as `change` says, given the current one; labels that stay as they are may stand
   * for versions that are gone. `write` is waited for when all is checked: where it fails, nothing has
   * changed. Resolves to the models that are new, once the change is in force.
   * @throws ServingError as `reload`, and what `change` and `write` throw
   */
  edit(
    change: (models: readonly ModelConfig[]) => readonly ModelConfig[],
    write: ((models: readonly ModelConfig[]) => Promise<void>) | null,
  ): Promise<string[]> {
    return this.#inTurn(async () => {
      const models = change(this.models);
      checkModels(models);
      const labels = labelsOf(models);
      this.#options.labels.checkChanges(labels);
      await write?.(models);
      this.#options.labels.replace(labels);
      return this.#apply({ kind: 'models', models });
    });
  }

  /** Looks for the model's versions now, and tries those again that failed. */
  rescan(name: string): Promise<void> {
    return this.#inTurn(() => this.#options.source.rescan(name));
  }

  /**
   * Resolves when each has a version AVAILABLE, or is not configured any more.
   * @throws ServingError UNKNOWN for those that failed to load, DEADLINE_EXCEEDED
   */
  untilServing(names: readonly string[]): Promise<void> {
    return this.#untilServing(names, 'model(s)', this.#options.waitMillis);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#lastChange.then(change);
    this.#lastChange = turn.catch(() => undefined);
    return turn;
  }

  #reload(
    read: () => Promise<ModelServerConfig>,
    {
      what = 'model(s)',
      waitMillis = this.#options.waitMillis,
      onAccepted,
    }: {
      readonly what?: string;
      readonly waitMillis?: number;
      readonly onAccepted?: () => void;
    } = {},
  ): Promise<void> {
    const reloaded = this.#lastReload.then(async () => {
      const [config, added] = await this.#inTurn(async () => {
        const given = await read();
        const names = this.#accept(given);
        onAccepted?.();
        return [given, names];
      });
      await this.#untilServing(added, what, waitMillis);
      if (config.kind === 'models' && config.models.some(({ wantsLogging }) => wantsLogging)) {
        throw new ServingError(
          StatusCode.INVALID_ARGUMENT,
          'No request-logger-creator provided.', // after the models, as upstream
        );
      }
    });
    this.#lastReload = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Puts a whole configuration in force; the models that are new. @throws ServingError */
  #accept(config: ModelServerConfig): string[] {
    if (config.kind === 'none') return []; // "Taking no action for empty config", as upstream
    if (config.kind === 'custom') {
      throw new ServingError(
        StatusCode.FAILED_PRECONDITION,
        'Cannot transition to requested config. It is only legal to transition from one ' +
          'ModelConfigList to another.',
      );
    }
    checkModels(config.models);
    this.#options.labels.assign(labelsOf(config.models));
    return this.#apply(config);
  }

  /** REQUIRES: what was checked, its labels assigned. */
  #apply(config: Extract<ModelServerConfig, { kind: 'models' }>): string[] {
    const { source, dismiss } = this.#options;
    const names = new Set(config.models.map(({ name }) => name));
    const before = new Set(this.models.map(({ name }) => name));
    this.#config = config;
    this.#options.onModels?.(config.models);
    source.configure(config.models);
    for (const name of before) if (!names.has(name)) dismiss(name);
    return [...names].filter((name) => !before.has(name));
  }

  async #untilServing(names: readonly string[], what: string, waitMillis: number): Promise<void> {
    const { untilServing, clock } = this.#options;
    const serving = untilServing(names, what);
    if (waitMillis <= 0) return serving;
    let isServing = false;
    const served = serving.then(() => {
      isServing = true;
    });
    await Promise.race([served, clock.sleep(waitMillis, served)]);
    if (isServing) return;
    throw new ServingError(
      StatusCode.DEADLINE_EXCEEDED,
      `${what} have no version AVAILABLE after ${waitMillis} ms: ${names.join(', ')}; ` +
        'they are configured and go on being looked for',
    );
  }
}

function labelsOf(models: readonly ModelConfig[]): Map<string, Labels> {
  return new Map(models.map(({ name, labels }) => [name, labels]));
}
