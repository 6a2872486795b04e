/**
 * ConfigurationWaits: changes of the configuration that are in force and wait for their models to serve,
 * and what ends such a wait: the outcome, the time, the caller, a later change that leaves nothing to
 * wait for, the server's stop. THREAD: the event loop's.
 */
import { isSameModel, type ModelConfig } from '../config/model-config.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Clock } from './clock.js';
import type { WaitOptions } from './serving-waits.js';

export interface ConfigurationWaitsOptions {
  /** As ServingWaits. */
  readonly untilServing: (names: readonly string[], options: WaitOptions) => Promise<void>;
  /** Why the model does not serve; null: it does, or nothing stands in its way so far. */
  readonly troubleOf: (name: string) => ServingError | null;
  readonly isServing: (name: string) => boolean;
  readonly clock: Clock;
}

type Models = readonly ModelConfig[];

interface Wait {
  /** Of a start, every change ends it, and the next begins; of a model, only what changes that one. */
  readonly kind: 'start' | 'reload' | 'model';
  readonly names: readonly string[];
  readonly end: AbortController;
}

export class ConfigurationWaits {
  readonly #options: ConfigurationWaitsOptions;
  readonly #waits = new Set<Wait>();
  #isClosed = false;

  constructor(options: ConfigurationWaitsOptions) {
    this.#options = options;
  }

  /** `names`: of the models that are configured when it is called. @throws ServingError */
  async forStart(names: () => readonly string[]): Promise<void> {
    for (let isOver = false; !isOver;) {
      const superseded = new AbortController();
      const wait: Wait = { kind: 'start', names: names(), end: superseded };
      isOver = await this.#wait(wait, 'servable(s)', 0).then(
        () => true,
        (error: unknown) => {
          if (error instanceof Superseded) return false;
          throw error;
        },
      );
    }
  }

  /** Of a whole list. `waitMillis` 0 is no limit. @throws ServingError */
  forReload(names: readonly string[], waitMillis: number, signal?: AbortSignal): Promise<void> {
    const wait: Wait = { kind: 'reload', names, end: new AbortController() };
    return this.#wait(wait, 'model(s)', waitMillis, signal);
  }

  /** Of one model. @throws ServingError */
  forModel(name: string, waitMillis: number, signal?: AbortSignal): Promise<void> {
    const wait: Wait = { kind: 'model', names: [name], end: new AbortController() };
    return this.#wait(wait, 'model(s)', waitMillis, signal);
  }

  /**
   * Another list is in force. A reload that it leaves nothing to wait for ends: it lacks one of its models,
   * has another entry for it, or that one is in trouble. Models that load go on being waited for. The
   * models whose entries have changed, for which nobody waits any more.
   */
  replaced(before: Models, now: Models): string[] {
    return this.#changed(before, now, (name) => this.#options.troubleOf(name) !== null);
  }

  /** As `replaced`, by a change of single models. */
  edited(before: Models, now: Models): void {
    this.#changed(before, now, () => false);
  }

  close(): void {
    this.#isClosed = true;
    for (const wait of this.#waits) wait.end.abort(this.#stopping(wait.names));
  }

  #changed(before: Models, now: Models, isLost: (name: string) => boolean): string[] {
    const was = new Map(before.map((model) => [model.name, model]));
    const is = new Map(now.map((model) => [model.name, model]));
    const isMoved = (name: string): boolean => {
      const [a, b] = [was.get(name), is.get(name)];
      return a !== undefined && b !== undefined && !isSameButForLabels(a, b);
    };
    const moved = new Set<string>();
    for (const { kind, names, end } of this.#waits) {
      const open = names.filter((name) => !this.#options.isServing(name));
      const reasons = open.flatMap((name) => {
        if (!is.has(name)) return [`${name} (removed)`];
        if (isMoved(name)) return [`${name} (configured otherwise)`];
        return kind === 'reload' && isLost(name) ? [this.#described(name)] : [];
      });
      if (reasons.length === 0 && kind !== 'start') continue;
      if (kind === 'reload') for (const name of open) if (isMoved(name)) moved.add(name);
      end.abort(new Superseded(reasons));
    }
    return [...moved];
  }

  async #wait(wait: Wait, what: string, waitMillis: number, caller?: AbortSignal): Promise<void> {
    const { names, end } = wait;
    const { untilServing, clock } = this.#options;
    const leave = (): void => end.abort(caller?.reason);
    if (this.#isClosed) end.abort(this.#stopping(names));
    if (caller?.aborted === true) leave();
    caller?.addEventListener('abort', leave);
    this.#waits.add(wait);
    try {
      const failsFast = wait.kind === 'start';
      const serving = untilServing(names, { what, signal: end.signal, failsFast });
      if (waitMillis > 0) {
        const over = serving.catch(() => undefined);
        void clock
          .sleep(waitMillis, over)
          .then(() => end.abort(this.#late(wait, what, waitMillis)));
      }
      await serving;
    } finally {
      this.#waits.delete(wait);
      caller?.removeEventListener('abort', leave);
    }
  }

  #late({ names }: Wait, what: string, waitMillis: number): ServingError {
    return new ServingError(
      StatusCode.DEADLINE_EXCEEDED,
      `${what} have no version AVAILABLE after ${waitMillis} ms: ${this.#open(names)}; ` +
        'they are configured and go on being looked for',
    );
  }

  #stopping(names: readonly string[]): ServingError {
    const message = `The server stops before these served: ${this.#open(names)}`;
    return new ServingError(StatusCode.UNAVAILABLE, message);
  }

  /** Those that do not serve, with what is known about why. */
  #open(names: readonly string[]): string {
    const open = names.filter((name) => !this.#options.isServing(name));
    return open.map((name) => this.#described(name)).join(', ');
  }

  #described(name: string): string {
    const trouble = this.#options.troubleOf(name);
    return trouble === null ? name : `${name} (${trouble.toString()})`;
  }
}

class Superseded extends ServingError {
  constructor(reasons: readonly string[]) {
    super(
      StatusCode.ABORTED,
      `Superseded by a later configuration before these models served: ${reasons.join(', ')}`,
    );
  }
}

function isSameButForLabels(a: ModelConfig, b: ModelConfig): boolean {
  const labels = new Map();
  return isSameModel({ ...a, labels }, { ...b, labels });
}
