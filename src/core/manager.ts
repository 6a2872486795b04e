/**
 * Manager: turns the versions that sources want into loads and unloads, and hands out handles to what
 * is available. Availability-preserving, as upstream: a new version is loaded before the old one goes,
 * and one that fails to load leaves the old one serving.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import { systemClock, type Clock } from './clock.js';
import { Harness, type RetryOptions, type ServableHandle } from './harness.js';
import type { LoaderFactory } from './loader.js';
import { servableIdText, ServableState, type ServableId, type VersionStatus } from './servable.js';
import type { Aspire, AspiredVersion } from './source.js';

export type { ServableHandle } from './harness.js';

export interface ManagerOptions<S> extends RetryOptions {
  readonly loaderFor: LoaderFactory<S>;
  readonly clock?: Clock;
  /** Called on every change of state. */
  readonly onState?: (id: ServableId, state: ServableState, error: ServingError | null) => void;
}

interface Model<S> {
  /** Versions the manager still works on, by version. */
  readonly managed: Map<bigint, Harness<S>>;
  /** AVAILABLE versions, highest first. */
  available: Harness<S>[];
  /** The last status of every version ever seen; upstream keeps those that are gone, too. */
  readonly statuses: Map<bigint, VersionStatus>;
  /** A set that waits for versions which are still on their way out. */
  held: readonly AspiredVersion[] | null;
}

export class Manager<S> {
  readonly #options: ManagerOptions<S>;
  readonly #clock: Clock;
  readonly #models = new Map<string, Model<S>>();
  readonly #firstOutcome = new Map<string, (() => void)[]>();
  /** Loads and unloads in progress; they never reject. */
  readonly #work = new Set<Promise<void>>();
  #closing = false;
  #revision = 0;

  constructor(options: ManagerOptions<S>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Sources report here. A set replaces the previous one of its model. */
  readonly aspire: Aspire = (name, versions) => {
    if (this.#closing) return;
    const model = this.#model(name);
    model.held = versions;
    this.#reconcile(name, model);
  };

  /**
   * Pins the version, or the highest available one.
   * @throws ServingError NOT_FOUND when it is not available
   */
  acquire(name: string, version: bigint | null): ServableHandle<S> {
    const model = this.#models.get(name);
    const harness =
      version === null
        ? model?.available[0]
        : model?.available.find((candidate) => candidate.id.version === version);
    if (harness !== undefined) return harness.acquire();
    const asked = version === null ? `Latest(${name})` : `Specific(${name}, ${version})`;
    throw new ServingError(StatusCode.NOT_FOUND, `Servable not found for request: ${asked}`);
  }

  /** Changes whenever a status or the set of names does. */
  get revision(): number {
    return this.#revision;
  }

  /** Every model ever heard of, in no order. */
  names(): string[] {
    return [...this.#models.keys()];
  }

  /** Every version of the model ever seen, highest first; empty for a model never heard of. */
  statuses(name: string): VersionStatus[] {
    const statuses = [...(this.#models.get(name)?.statuses.values() ?? [])];
    return statuses.sort((a, b) => (a.version < b.version ? 1 : -1));
  }

  /**
   * Resolves when each model has a first version AVAILABLE or failed.
   * @throws ServingError UNKNOWN with upstream's text, naming every model whose first version failed
   */
  async untilServing(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(
        (name) =>
          new Promise<void>((resolve) => {
            if (this.#outcome(name) !== null) resolve();
            else this.#firstOutcome.set(name, [...(this.#firstOutcome.get(name) ?? []), resolve]);
          }),
      ),
    );
    const failures = names.map((name) => this.#outcome(name)).filter((text) => text !== '');
    if (failures.length === 0) return;
    throw new ServingError(
      StatusCode.UNKNOWN,
      `${failures.length} servable(s) did not become available: {${failures.join('')}}`,
    );
  }

  /** Unloads everything; resolves when all memory is given back. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const model of this.#models.values()) {
      for (const harness of model.managed.values()) {
        harness.aspired = false;
        if (harness.state === ServableState.AVAILABLE) this.#track(harness.unload());
      }
    }
    // A load in progress ends AVAILABLE or failed; #changed then unloads it, which is new work.
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  #model(name: string): Model<S> {
    let model = this.#models.get(name);
    if (model === undefined) {
      model = { managed: new Map(), available: [], statuses: new Map(), held: null };
      this.#models.set(name, model);
      ++this.#revision;
    }
    return model;
  }

  #reconcile(name: string, model: Model<S>): void {
    this.#takeHeldSet(name, model);
    if (this.#closing) return;
    const harnesses = [...model.managed.values()].sort((a, b) =>
      a.id.version < b.id.version ? -1 : 1,
    );
    const ready = harnesses.filter((harness) => harness.state === ServableState.AVAILABLE);
    const unwanted = ready.filter((harness) => !harness.aspired);
    const aspired = harnesses.filter((harness) => harness.aspired);
    const oneAspiredIsReady = ready.length > unwanted.length;
    const lowest = unwanted[0];
    if (
      lowest !== undefined &&
      (aspired.length === 0 || oneAspiredIsReady || unwanted.length > 1)
    ) {
      this.#track(lowest.unload());
      return;
    }
    const next = aspired.reverse().find((harness) => harness.state === ServableState.START);
    if (next !== undefined) this.#track(next.load(this.#options, this.#clock));
  }

  /** Adopts the newest set, unless it wants a version back that is still on its way out. */
  #takeHeldSet(name: string, model: Model<S>): void {
    const versions = model.held;
    if (versions === null) return;
    const leaving = (wanted: AspiredVersion): boolean => {
      const harness = model.managed.get(wanted.version);
      return harness !== undefined && !harness.aspired;
    };
    if (versions.some(leaving)) return;
    model.held = null;
    const wanted = new Set(versions.map((each) => each.version));
    for (const harness of model.managed.values()) {
      if (wanted.has(harness.id.version)) continue;
      harness.aspired = false;
      // Never loaded, or failed to: nothing to unload.
      if (harness.state === ServableState.START || harness.state === ServableState.END) {
        model.managed.delete(harness.id.version);
      }
    }
    for (const each of versions) {
      if (model.managed.has(each.version)) continue;
      const id = { name, version: each.version };
      const loader = this.#options.loaderFor(name, each.version, each.path);
      const harness = new Harness(id, each.path, loader, this.#changed);
      model.managed.set(each.version, harness);
      this.#publish(harness);
    }
  }

  readonly #changed = (harness: Harness<S>): void => {
    const { name } = harness.id;
    const model = this.#model(name);
    model.available = [...model.managed.values()]
      .filter((each) => each.state === ServableState.AVAILABLE)
      .sort((a, b) => (a.id.version < b.id.version ? 1 : -1));
    // A version that failed stays managed while it is aspired: it is not tried again.
    if (harness.state === ServableState.END && !harness.aspired) {
      model.managed.delete(harness.id.version);
    }
    this.#publish(harness);
    if (this.#outcome(name) !== null) {
      for (const resolve of this.#firstOutcome.get(name) ?? []) resolve();
      this.#firstOutcome.delete(name);
    }
    if (harness.state === ServableState.AVAILABLE || harness.state === ServableState.END) {
      if (!this.#closing) queueMicrotask(() => this.#reconcile(name, model));
      else if (harness.state === ServableState.AVAILABLE) this.#track(harness.unload());
    }
  };

  #publish(harness: Harness<S>): void {
    const { name, version } = harness.id;
    const { state, error } = harness;
    this.#model(name).statuses.set(version, { version, state, error });
    ++this.#revision;
    this.#options.onState?.(harness.id, state, error);
  }

  /** Null: none yet. Empty: serving. Otherwise upstream's text of what failed. */
  #outcome(name: string): string | null {
    const statuses = this.statuses(name);
    if (statuses.some((status) => status.state === ServableState.AVAILABLE)) return '';
    const failed = statuses.find((status) => status.state === ServableState.END);
    if (failed === undefined) return null;
    const id = servableIdText({ name, version: failed.version });
    return `{${id} due to error: ${String(failed.error ?? 'OK')}}, `;
  }
}
