/**
 * Manager: turns the versions that sources want into loads and unloads, and hands out handles to what
 * is available. What to do next for a model is its policy's decision; how many loads run at once is
 * the gate's. THREAD: the event loop's.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import { availabilityPreserving, type AspiredVersionPolicy } from './aspired-version-policy.js';
import { systemClock, type Clock } from './clock.js';
import {
  Harness,
  type Failure,
  type HarnessObserver,
  type RetryOptions,
  type ServableHandle,
} from './harness.js';
import { LoadGate } from './load-gate.js';
import type { LoaderFactory } from './loader.js';
import { ServableState, type ServableId, type VersionStatus } from './servable.js';
import { ServingWaits, type Outcome, type WaitOptions } from './serving-waits.js';
import type { AspiredVersion, SourceListener } from './source.js';

export type { Failure, ServableHandle } from './harness.js';

export interface ManagerOptions<S> extends RetryOptions {
  readonly loaderFor: LoaderFactory<S>;
  /** Loads at once, until `maxParallelLoads` is set. */
  readonly parallelLoads?: number;
  readonly policyOf?: (name: string) => AspiredVersionPolicy;
  readonly clock?: Clock;
  /** The version of the model that requests must name to get its answers; null is none. */
  readonly shadowOf?: (name: string) => bigint | null;
  /** Called on every change of state, and when an attempt to load fails that is not the last. */
  readonly onState?: (id: ServableId, state: ServableState, error: ServingError | null) => void;
  readonly onFailure?: (id: ServableId, failure: Failure) => void;
  /** An attempt to load that failed is made again; `retry` from 1 on. */
  readonly onRetry?: (id: ServableId, retry: number) => void;
  /** What keeps a model without versions has changed. */
  readonly onTrouble?: (name: string) => void;
}

interface Model<S> {
  /** Versions the manager still works on, by version. */
  readonly managed: Map<bigint, Harness<S>>;
  /** AVAILABLE versions, highest first. */
  available: Harness<S>[];
  /** What answers requests that name no version. */
  latest: Harness<S> | undefined;
  /** The last status of every version ever seen; upstream keeps those that are gone, too. */
  readonly statuses: Map<bigint, VersionStatus>;
  /** A set that waits for versions which are still on their way out. */
  held: readonly AspiredVersion[] | null;
  /** New versions come faster than they load. */
  isOverrun: boolean;
  /** The set taken last, by version. */
  wanted: ReadonlyMap<bigint, AspiredVersion>;
  /** Why its source has no version for it. */
  trouble: ServingError | null;
}

/** What a model has to answer requests with. */
export interface AvailableModel<S> {
  readonly name: string;
  /** Of requests that name no version; null is none. */
  readonly latest: S | null;
  /** AVAILABLE ones, highest first. */
  readonly versions: readonly (readonly [version: bigint, servable: S])[];
}

/** Of versions that are gone, so that a model with a new version every minute costs no memory. */
const MAX_STATUSES = 1000;

export class Manager<S> implements SourceListener {
  readonly #options: ManagerOptions<S>;
  readonly #clock: Clock;
  readonly #gate: LoadGate;
  readonly #models = new Map<string, Model<S>>();
  readonly #waits = new ServingWaits((name) => this.#outcome(name));
  /** Loads and unloads in progress; they never reject. */
  readonly #work = new Set<Promise<void>>();
  #closing = false;
  #revision = 0;

  constructor(options: ManagerOptions<S>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#gate = new LoadGate(options.parallelLoads ?? Infinity);
  }

  set maxParallelLoads(count: number) {
    this.#gate.width = count;
  }

  /** Sources report here. A set replaces the previous one of its model. */
  aspire(name: string, versions: readonly AspiredVersion[]): void {
    if (this.#closing) return;
    const model = this.#model(name);
    model.held = versions;
    this.#reconcile(name, model);
  }

  /** And here why there is none; null: that is over. */
  troubled(name: string, trouble: ServingError | null): void {
    const model = this.#model(name);
    if (this.#closing || String(model.trouble) === String(trouble)) return;
    model.trouble = trouble;
    ++this.#revision;
    this.#options.onTrouble?.(name);
    this.#waits.changed(name);
  }

  /**
   * Why the model does not serve: what keeps it without versions, or the error of a version that fails;
   * null: nothing is known.
   */
  troubleOf(name: string): ServingError | null {
    const { trouble = null, managed } = this.#models.get(name) ?? {};
    const wanted = [...(managed?.values() ?? [])].filter(({ aspired }) => aspired);
    if (wanted.some(({ state }) => state === ServableState.AVAILABLE)) return null;
    return trouble ?? highestFirst(wanted).find(({ error }) => error !== null)?.error ?? null;
  }

  /** To be called when `shadowOf` says something new. */
  reroute(): void {
    for (const [name, model] of this.#models) this.#route(name, model);
  }

  /**
   * Pins the version, or the highest available one that is no shadow.
   * @throws ServingError NOT_FOUND when it is not available
   */
  acquire(name: string, version: bigint | null): ServableHandle<S> {
    const model = this.#models.get(name);
    const harness =
      version === null
        ? model?.latest
        : model?.available.find((candidate) => candidate.id.version === version);
    if (harness !== undefined) return harness.acquire();
    throw servableNotFound(name, version);
  }

  isAvailable(name: string, version: bigint): boolean {
    return this.#models.get(name)?.available.some(({ id }) => id.version === version) ?? false;
  }

  /** Whether the version's load has failed, for good or for now: it is worth looking for new files. */
  hasFailed(name: string, version: bigint): boolean {
    const harness = this.#models.get(name)?.managed.get(version);
    return harness !== undefined && isFailed(harness);
  }

  /** Changes whenever a status or the set of names does. */
  get revision(): number {
    return this.#revision;
  }

  /** Every model that has an AVAILABLE version. Nothing is pinned. */
  available(): AvailableModel<S>[] {
    return [...this.#models]
      .filter(([, { available }]) => available.length > 0)
      .map(([name]) => this.availableOf(name));
  }

  /** As `available`, of one model; empty for one never heard of. */
  availableOf(name: string): AvailableModel<S> {
    const { available = [], latest } = this.#models.get(name) ?? {};
    return {
      name,
      latest: latest?.servable ?? null,
      versions: available.flatMap(({ id, servable }) =>
        servable === null ? [] : [[id.version, servable] as const],
      ),
    };
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

  /** As ServingWaits. @throws ServingError */
  untilServing(names: readonly string[], options?: WaitOptions): Promise<void> {
    return this.#waits.until(names, options);
  }

  /** Unloads everything; resolves when all memory is given back. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const model of this.#models.values()) {
      for (const harness of model.managed.values()) {
        harness.unaspire();
        if (harness.state === ServableState.AVAILABLE) this.#track(harness.unload());
      }
    }
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  #model(name: string): Model<S> {
    let model = this.#models.get(name);
    if (model === undefined) {
      model = {
        managed: new Map(),
        available: [],
        latest: undefined,
        statuses: new Map(),
        held: null,
        isOverrun: false,
        wanted: new Map(),
        trouble: null,
      };
      this.#models.set(name, model);
      ++this.#revision;
    }
    return model;
  }

  #reconcile(name: string, model: Model<S>): void {
    this.#takeHeldSet(name, model);
    if (this.#closing) return;
    const policy = this.#options.policyOf?.(name) ?? availabilityPreserving;
    const moreComing = model.held !== null && model.held.length > 0;
    const action = policy([...model.managed.values()], moreComing);
    if (action === null) return;
    this.#track(
      action.kind === 'unload'
        ? action.version.unload()
        : action.version.load(this.#options, this.#gate, this.#clock),
    );
    // With every load asked for at once, the gate decides how many are under way.
    if (action.kind === 'load') this.#reconcile(name, model);
  }

  /** Adopts the newest set, unless it wants a version back that is still on its way out. */
  #takeHeldSet(name: string, model: Model<S>): void {
    const versions = model.held;
    if (versions === null) return;
    for (const each of versions) {
      const harness = model.managed.get(each.version);
      // Its next attempt would be made at files that are not the ones wanted: it begins anew.
      const isOutdated = harness?.isBetweenAttempts === true && hasChanged(each, harness.origin);
      if (isOutdated) harness.unaspire();
    }
    const isLeaving = ({ version }: AspiredVersion): boolean => {
      const harness = model.managed.get(version);
      return harness?.aspired === false && harness.state !== ServableState.AVAILABLE;
    };
    if (versions.some(isLeaving)) return;
    model.held = null;
    const wanted = new Map(versions.map((each) => [each.version, each]));
    model.wanted = wanted;
    for (const harness of model.managed.values()) {
      const { version } = harness.id;
      const again = wanted.get(version);
      const failed = harness.state === ServableState.END;
      if (again !== undefined && !(failed && hasChanged(again, harness.origin))) {
        if (!harness.aspired) harness.reaspire(); // it goes on serving: a rollback costs nothing
        continue;
      }
      harness.unaspire(this.#mayFinish(model, harness, versions));
      if (failed) model.managed.delete(version); // nothing to unload
    }
    for (const each of versions) {
      if (model.managed.has(each.version)) continue;
      const id = { name, version: each.version };
      const loader = this.#options.loaderFor(name, each.version, each.path);
      const harness = new Harness(id, each, loader, this.#observer);
      harness.isShadow = this.#options.shadowOf?.(name) === each.version;
      model.managed.set(each.version, harness);
      this.#publish(harness);
    }
  }

  /**
   * A load whose version a newer one supersedes is stopped. The next one is not: where versions come
   * faster than they load none would serve otherwise.
   */
  #mayFinish(
    model: Model<S>,
    { id, isLoading, isShadow }: Harness<S>,
    versions: readonly AspiredVersion[],
  ): boolean {
    if (!isLoading || isShadow || versions.every(({ version }) => version < id.version)) {
      return false;
    }
    const { isOverrun } = model;
    model.isOverrun = true;
    return isOverrun;
  }

  readonly #observer: HarnessObserver<S> = {
    changed: (harness) => this.#changed(harness),
    failed: ({ id }, failure) => this.#options.onFailure?.(id, failure),
    retrying: ({ id }, retry) => this.#options.onRetry?.(id, retry),
  };

  #changed(harness: Harness<S>): void {
    const { name, version } = harness.id;
    const model = this.#model(name);
    model.available = highestFirst(
      [...model.managed.values()].filter((each) => each.state === ServableState.AVAILABLE),
    );
    this.#route(name, model);
    // A version that failed stays managed while it is aspired: it is not tried again.
    if (harness.state === ServableState.END && !harness.aspired) model.managed.delete(version);
    if (harness.state === ServableState.AVAILABLE && harness.aspired) model.isOverrun = false;
    this.#publish(harness);
    this.#waits.changed(name);
    if (harness.isBetweenAttempts) {
      // Other files may have been wanted while the attempt was under way.
      const wanted = model.wanted.get(version);
      if (wanted === undefined || !hasChanged(wanted, harness.origin)) return;
      model.held ??= [...model.wanted.values()];
    }
    const isDone = harness.state === ServableState.END || harness.isBetweenAttempts;
    if (!isDone && harness.state !== ServableState.AVAILABLE) return;
    if (!this.#closing) queueMicrotask(() => this.#reconcile(name, model));
    else if (harness.state === ServableState.AVAILABLE) this.#track(harness.unload());
  }

  /** A version that answers and is made the shadow goes on answering until another one can. */
  #route(name: string, model: Model<S>): void {
    const shadow = this.#options.shadowOf?.(name) ?? null;
    for (const harness of model.managed.values()) harness.isShadow = harness.id.version === shadow;
    const before = model.latest;
    model.latest =
      model.available.find(({ isShadow }) => !isShadow) ??
      model.available.find((harness) => harness === before);
  }

  #publish(harness: Harness<S>): void {
    const { name, version } = harness.id;
    const { state, error } = harness;
    const { statuses } = this.#model(name);
    statuses.delete(version); // so that the order is that of the last change
    statuses.set(version, { version, state, error });
    if (statuses.size > MAX_STATUSES) forgetOldest(statuses);
    ++this.#revision;
    this.#options.onState?.(harness.id, state, error);
  }

  /**
   * Only what is wanted now counts: a model that was removed and is back has statuses of its former life.
   */
  #outcome(name: string): Outcome {
    const { managed, trouble = null } = this.#models.get(name) ?? {};
    const wanted = highestFirst(
      [...(managed?.values() ?? [])].filter((harness) => harness.aspired && !harness.isShadow),
    );
    if (wanted.some(({ state }) => state === ServableState.AVAILABLE)) return { kind: 'serving' };
    const failed = wanted.find(({ state }) => state === ServableState.END);
    if (failed !== undefined) {
      const error = failed.error ?? new ServingError(StatusCode.OK, '');
      return { kind: 'failed', ...failed.id, error };
    }
    if (wanted.length === 0 && trouble?.isPermanent === true) {
      return { kind: 'failed', name, version: null, error: trouble };
    }
    return { kind: 'pending', isIdle: wanted.length === 0 && trouble !== null };
  }
}

/** Upstream's text for what is not available; `version` null: any. */
export function servableNotFound(name: string, version: bigint | null): ServingError {
  const asked = version === null ? `Latest(${name})` : `Specific(${name}, ${version})`;
  return new ServingError(StatusCode.NOT_FOUND, `Servable not found for request: ${asked}`);
}

function isFailed({ state, isBetweenAttempts }: Harness<unknown>): boolean {
  return state === ServableState.END || isBetweenAttempts;
}

function hasChanged(now: AspiredVersion, before: AspiredVersion): boolean {
  if (now.path !== before.path) return true;
  return now.fingerprint !== undefined && now.fingerprint !== before.fingerprint;
}

function highestFirst<S>(harnesses: Harness<S>[]): Harness<S>[] {
  return harnesses.sort((a, b) => (a.id.version < b.id.version ? 1 : -1));
}

function forgetOldest(statuses: Map<bigint, VersionStatus>): void {
  for (const [version, { state }] of statuses) {
    if (state !== ServableState.END) continue;
    statuses.delete(version);
    return;
  }
}
