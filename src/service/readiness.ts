/**
 * Readiness: whether the server is to be sent requests, and which of its models serve; for probes, whatever
 * carries them. One on each thread that has listeners, over that thread's catalog.
 */
import { ServableState } from '../core/servable.js';
import { stateName, type ModelCatalog } from './model-catalog.js';

/** `listening`: as soon as it can be asked; the others as many of the configured models must serve. */
export const READY_WHEN = ['all', 'any', 'listening'] as const;
export type ReadyWhen = (typeof READY_WHEN)[number];

/** `starting` until the first configuration serves, `draining` from the beginning of a stop on. */
export type ServerPhase = 'starting' | 'started' | 'draining';

export interface ReadinessOptions {
  readonly when: ReadyWhen;
  readonly catalog: Pick<ModelCatalog, 'statuses' | 'troubleOf'>;
  /** The models that are configured now. */
  readonly configured: () => readonly string[];
}

/** A probe needs no more of an error than this. */
const MAX_REASON_CHARACTERS = 300;
const MAX_REASONS = 1000;
const UNNAMED = 'a model does not serve';

export class Readiness {
  readonly #options: ReadinessOptions;
  readonly #watchers = new Set<() => void>();
  #phase: ServerPhase = 'starting';
  /** Why each configured model does not serve; null: it does. Made when it is asked for. */
  #models: ReadonlyMap<string, string | null> | null = null;
  #isDue = false;

  constructor(options: ReadinessOptions) {
    this.#options = options;
  }

  /** Whoever watches is told before this returns. A drain is never over. */
  enter(phase: ServerPhase): void {
    if (this.#phase === 'draining') return;
    this.#phase = phase;
    this.#tell();
  }

  /** To be called when a state or the configuration has changed; watchers hear of it after the turn. */
  changed(): void {
    this.#models = null;
    if (this.#isDue || this.#watchers.size === 0) return;
    this.#isDue = true;
    queueMicrotask(() => this.#tell());
  }

  /** `onChange` is called when something may have changed, any number of times. */
  watch(onChange: () => void): void {
    this.#watchers.add(onChange);
  }

  get isReady(): boolean {
    return this.reasons().length === 0;
  }

  /**
   * Why the server is not ready, a line each, at most 1000 models'; empty: it is. Models that `mayKnow` denies
   * are not named.
   */
  reasons(mayKnow: (model: string) => boolean = () => true): string[] {
    const { when } = this.#options;
    if (this.#phase === 'draining') return ['the server stops'];
    if (when === 'listening') return [];
    const models = [...this.#states()];
    const open = models.flatMap(([name, reason]) =>
      reason === null ? [] : mayKnow(name) ? `${name}: ${reason}` : UNNAMED,
    );
    if (models.length === 0) {
      if (this.#phase === 'starting') return ['no configuration is in force yet'];
      return when === 'any' ? ['no model is configured'] : [];
    }
    if (when === 'any' && open.length < models.length) return [];
    const told = [...new Set(open)];
    if (told.length <= MAX_REASONS) return told;
    return [...told.slice(0, MAX_REASONS), `and ${told.length - MAX_REASONS} more`];
  }

  /** Whether the model has a version that serves; null: it is not configured. */
  isServing(name: string): boolean | null {
    const reason = this.#states().get(name);
    if (reason === undefined) return null;
    return reason === null && this.#phase !== 'draining';
  }

  #tell(): void {
    this.#isDue = false;
    for (const onChange of this.#watchers) onChange();
  }

  #states(): ReadonlyMap<string, string | null> {
    const { configured } = this.#options;
    this.#models ??= new Map(configured().map((name) => [name, this.#reasonOf(name)]));
    return this.#models;
  }

  #reasonOf(name: string): string | null {
    const { catalog } = this.#options;
    const statuses = catalog.statuses(name);
    if (statuses.some(({ state }) => state === ServableState.AVAILABLE)) return null;
    const trouble = catalog.troubleOf(name);
    if (trouble !== null) {
      return trouble.toString().replaceAll(/\s+/g, ' ').slice(0, MAX_REASON_CHARACTERS);
    }
    const [latest] = statuses;
    if (latest === undefined) return 'no version was found yet';
    return `version ${latest.version} is ${stateName(latest.state)}`;
  }
}
