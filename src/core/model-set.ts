/**
 * ModelSet: the models that are configured, and every change of them: a whole list, or one model's
 * entry. Changes are made one after the other; one that is refused changes nothing.
 */
import { checkModels, type ModelConfig, type ModelServerConfig } from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Clock } from './clock.js';
import type { Source } from './source.js';
import type { VersionLabels } from './version-labels.js';

export interface ModelSetOptions {
  readonly source: Source;
  readonly labels: VersionLabels;
  /**
   * Resolves when each has a version AVAILABLE, rejects when one failed. `what` is upstream's word for
   * what failed: `servable(s)` at start, `model(s)` at a reload.
   */
  readonly untilServing: (names: readonly string[], what: string) => Promise<void>;
  /** How long a reload waits for models that are new to it; 0 is no limit, as upstream. */
  readonly waitMillis: number;
  /** The models of a configuration that is in force from now on. */
  readonly onModels?: (models: readonly ModelConfig[]) => void;
  readonly clock: Clock;
}

export class ModelSet {
  readonly #options: ModelSetOptions;
  #config: ModelServerConfig = { kind: 'none' };
  #last: Promise<void> = Promise.resolve();

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
    return this.#inTurn(() => this.#reload(config, 'servable(s)', 0));
  }

  /**
   * Replaces the whole configuration. Resolves when every model that is new has a version AVAILABLE.
   * @throws ServingError with upstream's texts; UNKNOWN, when a new model failed to load, leaves the
   *   new configuration in force
   */
  reload(config: ModelServerConfig): Promise<void> {
    return this.#inTurn(() => this.#reload(config, 'model(s)', this.#options.waitMillis));
  }

  /**
   * Changes the list as `change` says, given the current one. @throws as `reload`, and what `change`
   * throws
   */
  edit(change: (models: readonly ModelConfig[]) => readonly ModelConfig[]): Promise<void> {
    return this.#inTurn(async () => {
      const models = change(this.models);
      await this.#reload({ kind: 'models', models }, 'model(s)', this.#options.waitMillis);
    });
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #reload(config: ModelServerConfig, what: string, waitMillis: number): Promise<void> {
    if (config.kind === 'none') return; // "Taking no action for empty config", as upstream
    if (config.kind === 'custom') {
      throw new ServingError(
        StatusCode.FAILED_PRECONDITION,
        'Cannot transition to requested config. It is only legal to transition from one ' +
          'ModelConfigList to another.',
      );
    }
    const { models } = config;
    checkModels(models);
    const { labels, source } = this.#options;
    labels.assign(new Map(models.map((model) => [model.name, model.labels])));
    const before = new Set(this.models.map(({ name }) => name));
    this.#config = config;
    this.#options.onModels?.(models);
    source.configure(models);
    const added = models.map(({ name }) => name).filter((name) => !before.has(name));
    await this.#untilServing(added, what, waitMillis);
    if (models.some(({ wantsLogging }) => wantsLogging)) {
      throw new ServingError(
        StatusCode.INVALID_ARGUMENT,
        'No request-logger-creator provided.', // after the models, as upstream
      );
    }
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
