/**
 * PolledSource: looks again and again for the versions of each model, by the looker that knows where they are, and
 * reports those that are wanted.
 */
import type { ModelConfig } from '../config/model-config.js';
import { timerMillis } from '../core/clock.js';
import type { AspiredVersion, Source, SourceListener } from '../core/source.js';
import type { Log } from '../log/log.js';
import { ServingError } from '../status/serving-error.js';

/** What an unfinished version looked like, and since when it does. */
export interface Resting {
  readonly fingerprint: string;
  readonly sinceMillis: number;
}

/** One look's findings. */
export interface Look {
  readonly aspired: readonly AspiredVersion[];
  /** Worth telling, though the model may serve. */
  readonly notes: readonly string[];
  /** Why nothing is wanted that is there. */
  readonly trouble: ServingError | null;
  /** Versions that are not taken yet, by path. */
  readonly resting: ReadonlyMap<string, Resting>;
  /** It is worth looking again so soon; null: as ever. */
  readonly againMillis: number | null;
}

/** One kind of place that versions come from. */
export interface Looker {
  /**
   * `before`: the findings of the last look that counted. `rescans`: a version that has failed is tried again once it
   * is another number.
   * @throws ServingError when nothing can be said now: what was found last stays
   */
  look(config: ModelConfig, before: Look, rescans: number): Promise<Look>;
  /** The versions that are there, wanted or not, highest first. @throws ServingError */
  found(config: ModelConfig): Promise<readonly bigint[]>;
  /** What the log says of what `look` has thrown. */
  troubleText(config: ModelConfig, error: ServingError): string;
  /** The model is looked for no more, or elsewhere. */
  forget(name: string): void;
}

export interface PolledSourceOptions {
  /** 0: look once, and once after each `configure`. Negative: never look. */
  readonly pollWaitSeconds: number;
  readonly lookerOf: (config: ModelConfig) => Looker;
  readonly log: Log;
}

/** What the source remembers of a model between two looks. */
interface Monitored {
  config: ModelConfig;
  looker: Looker;
  /** The last one that counted. */
  look: Look;
  /** Counts the looks; the findings of one that was overtaken are dropped. */
  turn: number;
  timer: NodeJS.Timeout | null;
  /** Counts the rescans: a version that failed before the last one is tried again. */
  rescans: number;
  /** Troubles told, so that a lasting one is told once rather than every second. */
  told: ReadonlySet<string>;
}

const NOTHING: Look = {
  aspired: [],
  notes: [],
  trouble: null,
  resting: new Map(),
  againMillis: null,
};

export class PolledSource implements Source {
  readonly #options: PolledSourceOptions;
  readonly #models = new Map<string, Monitored>();
  #listener: SourceListener | null = null;
  #closed = false;

  constructor(options: PolledSourceOptions) {
    this.#options = options;
  }

  start(listener: SourceListener): void {
    this.#listener = listener;
    for (const model of this.#models.values()) void this.#poll(model);
  }

  configure(models: readonly ModelConfig[]): void {
    const names = new Set(models.map(({ name }) => name));
    for (const [name, model] of this.#models) {
      if (names.has(name)) continue;
      this.#models.delete(name);
      if (model.timer !== null) clearTimeout(model.timer);
      model.looker.forget(name);
      this.#listener?.aspire(name, []);
      this.#listener?.troubled(name, null);
    }
    for (const config of models) {
      const { name } = config;
      const looker = this.#options.lookerOf(config);
      let model = this.#models.get(name);
      if (model === undefined) {
        model = newlyMonitored(config, looker);
        this.#models.set(name, model);
      }
      if (model.looker !== looker) model.looker.forget(name);
      model.config = config;
      model.looker = looker;
      if (this.#listener !== null) void this.#poll(model);
    }
  }

  async rescan(name: string): Promise<void> {
    const model = this.#models.get(name);
    if (model === undefined || this.#listener === null) return;
    ++model.rescans;
    await this.#poll(model, true);
  }

  /** Something is known to have changed. */
  lookAgain(name: string): void {
    const model = this.#models.get(name);
    if (model !== undefined && this.#listener !== null) void this.#poll(model, true);
  }

  async found(name: string): Promise<readonly bigint[]> {
    const { looker, config } = this.#models.get(name) ?? {};
    return looker === undefined || config === undefined ? [] : looker.found(config);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#models.values()) if (timer !== null) clearTimeout(timer);
  }

  /** `asked`: even where the model is never to be looked at by itself. */
  async #poll(model: Monitored, asked = false): Promise<void> {
    const { config, looker } = model;
    const waitSeconds = config.pollWaitSeconds ?? this.#options.pollWaitSeconds;
    if (this.#closed || (waitSeconds < 0 && !asked)) return;
    if (model.timer !== null) clearTimeout(model.timer);
    const turn = ++model.turn;
    const isOvertaken = (): boolean =>
      this.#closed || model.turn !== turn || this.#models.get(config.name) !== model;
    // Upstream changes no model in a round with an error; here the other models go on.
    const look = await looker
      .look(config, model.look, model.rescans)
      .catch((error: unknown) => ServingError.from(error));
    if (isOvertaken()) return;
    const againMillis = look instanceof ServingError ? null : look.againMillis;
    if (look instanceof ServingError) {
      this.#listener?.troubled(config.name, look);
      this.#tell(model, [looker.troubleText(config, look)]);
    } else {
      model.look = look;
      this.#listener?.aspire(config.name, look.aspired);
      this.#listener?.troubled(config.name, look.trouble);
      this.#tell(model, look.trouble === null ? look.notes : [...look.notes, look.trouble.message]);
    }
    if (waitSeconds <= 0 && againMillis === null) return;
    const waitMillis = waitSeconds <= 0 ? Infinity : waitSeconds * 1000;
    model.timer = setTimeout(
      () => void this.#poll(model, asked),
      timerMillis(Math.min(waitMillis, againMillis ?? Infinity)),
    );
  }

  #tell(model: Monitored, troubles: readonly string[]): void {
    for (const trouble of troubles) {
      if (!model.told.has(trouble)) this.#options.log.warn(trouble);
    }
    model.told = new Set(troubles);
  }
}

function newlyMonitored(config: ModelConfig, looker: Looker): Monitored {
  const told = new Set<string>();
  return { config, looker, look: NOTHING, turn: 0, timer: null, rescans: 0, told };
}
