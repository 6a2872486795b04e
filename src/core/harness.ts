/**
 * Harness: one version on its way from START to END. Owns the loader, the servable once it is loaded,
 * and the count of handles that keep it loaded. Moves only forward; the manager decides when.
 */
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Clock } from './clock.js';
import type { LoadGate } from './load-gate.js';
import type { Loader } from './loader.js';
import { ServableState, type ServableId } from './servable.js';
import type { AspiredVersion } from './source.js';

export interface RetryOptions {
  /** Attempts after the first failure. */
  readonly maxLoadRetries: number;
  readonly loadRetryIntervalMillis: number;
}

/** What went wrong with a version. */
export type Failure =
  /** An attempt to load, counted from 1, of `attempts` at most; `nextMillis` null: there is no other. */
  | {
      readonly kind: 'load';
      readonly error: ServingError;
      readonly attempt: number;
      readonly attempts: number;
      readonly nextMillis: number | null;
    }
  /** It is not wanted any more before it was loaded; with the error of the last attempt, if any. */
  | { readonly kind: 'cancelled'; readonly error: ServingError }
  | { readonly kind: 'unload'; readonly error: ServingError };

/** Who is told of a version. */
export interface HarnessObserver<S> {
  /** Of another state, or another error in the same one. */
  changed(harness: Harness<S>): void;
  /** Before the state shows it. */
  failed(harness: Harness<S>, failure: Failure): void;
  /** The next attempt begins; `retry` from 1 on. */
  retrying(harness: Harness<S>, retry: number): void;
}

/** Pins a version: it is not unloaded before `release`, which must be called exactly once. */
export interface ServableHandle<S> {
  readonly id: ServableId;
  readonly servable: S;
  release(): void;
}

export class Harness<S> {
  readonly id: ServableId;
  readonly origin: AspiredVersion;
  loadRequested = false;
  /** Its answers go to no client who does not name it. The manager sets it. */
  isShadow = false;
  #aspired = true;
  #state: ServableState = ServableState.START;
  #error: ServingError | null = null;
  #isBetweenAttempts = false;
  #servable: S | null = null;
  #handles = 0;
  #whenFree: (() => void) | null = null;
  #isLoading = false;
  /** A load under way goes on though the version is not wanted any more. */
  #finishes = false;
  #cancel: () => void = () => undefined;
  readonly #cancelled = new Promise<void>((resolve) => {
    this.#cancel = resolve;
  });
  readonly #stop = new AbortController();
  readonly #loader: Loader<S>;
  readonly #observer: HarnessObserver<S>;

  constructor(
    id: ServableId,
    origin: AspiredVersion,
    loader: Loader<S>,
    observer: HarnessObserver<S>,
  ) {
    this.id = id;
    this.origin = origin;
    this.#loader = loader;
    this.#observer = observer;
  }

  /** Wanted by the source; a version that is not is unloaded. */
  get aspired(): boolean {
    return this.#aspired;
  }

  get state(): ServableState {
    return this.#state;
  }

  /** Of the last attempt to load, until one succeeds. */
  get error(): ServingError | null {
    return this.#error;
  }

  /** The loader is at work. */
  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** An attempt has failed, and the next one is yet to begin. */
  get isBetweenAttempts(): boolean {
    return this.#isBetweenAttempts;
  }

  /** Null unless it is AVAILABLE, or on its way out. */
  get servable(): S | null {
    return this.#servable;
  }

  /** Wanted again. REQUIRES: AVAILABLE, not yet being unloaded. */
  reaspire(): void {
    this.#aspired = true;
  }

  /** @param finishes a load that is under way goes on, and ends in AVAILABLE */
  unaspire(finishes = false): void {
    this.#aspired = false;
    this.#finishes = finishes && this.#isLoading;
    this.#cancel();
    if (!this.#finishes) this.#stop.abort();
    const isIdle = this.#state === ServableState.START && !this.loadRequested;
    if (isIdle) this.#move(ServableState.END);
  }

  /**
   * Ends in AVAILABLE, or in END when the last attempt fails, when no other can succeed, or when the
   * version is unaspired meanwhile. REQUIRES: called once.
   */
  async load(retry: RetryOptions, gate: LoadGate, clock: Clock): Promise<void> {
    this.loadRequested = true;
    for (let attempt = 1; ; ++attempt) {
      if (this.#loader.ready !== undefined) await this.#loader.ready(this.#stop.signal);
      await gate.enter();
      try {
        if (!this.#aspired) return this.#endCancelled();
        if (attempt === 1) this.#move(ServableState.LOADING);
        else this.#observer.retrying(this, attempt - 1);
        this.#isLoading = true;
        const servable = await this.#loader.load(this.#stop.signal);
        if (!this.#aspired && !this.#finishes) {
          await this.#loader.unload(servable);
          this.#error = null;
          return this.#endCancelled();
        }
        this.#error = null;
        this.#servable = servable;
        return this.#move(ServableState.AVAILABLE);
      } catch (thrown) {
        const error = ServingError.from(thrown);
        const isStopped = !this.#aspired && error.code === StatusCode.CANCELLED;
        if (isStopped) return this.#endCancelled();
        const isLast = attempt > retry.maxLoadRetries || error.isPermanent || !this.#aspired;
        const { loadRetryIntervalMillis: interval } = retry;
        this.#observer.failed(this, {
          kind: 'load',
          error,
          attempt,
          attempts: retry.maxLoadRetries + 1,
          nextMillis: isLast ? null : clock.now() + Math.max(0, interval),
        });
        if (isLast) return this.#end(error);
        this.#error = error;
        this.#isBetweenAttempts = true;
      } finally {
        this.#isLoading = false;
        gate.leave();
      }
      this.#move(ServableState.LOADING); // the error stands in the status at once
      await clock.sleep(retry.loadRetryIntervalMillis, this.#cancelled);
      this.#isBetweenAttempts = false;
      // Not by way of the gate: the version is not to wait for others to be gone.
      if (!this.#aspired) return this.#endCancelled();
    }
  }

  /** UNLOADING is published before the version becomes unreachable, END when its memory is free. */
  async unload(): Promise<void> {
    this.#move(ServableState.UNLOADING);
    if (this.#handles > 0) {
      await new Promise<void>((resolve) => {
        this.#whenFree = resolve;
      });
    }
    const servable = this.#servable as S;
    this.#servable = null;
    try {
      await this.#loader.unload(servable);
    } catch (error) {
      this.#error = ServingError.from(error);
      this.#observer.failed(this, { kind: 'unload', error: this.#error });
    }
    this.#move(ServableState.END);
  }

  /** REQUIRES: AVAILABLE. */
  acquire(): ServableHandle<S> {
    ++this.#handles;
    return new PinnedHandle(this.id, this.#servable as S, this.#released);
  }

  readonly #released = (): void => {
    if (--this.#handles === 0) this.#whenFree?.();
  };

  /** What stood in its way is said rather than that it was cancelled. */
  #endCancelled(): void {
    const error = this.#error ?? cancelled();
    this.#observer.failed(this, { kind: 'cancelled', error });
    this.#end(error);
  }

  #end(error: ServingError): void {
    this.#error = error;
    this.#move(ServableState.END);
  }

  #move(state: ServableState): void {
    this.#state = state;
    this.#observer.changed(this);
  }
}

function cancelled(): ServingError {
  return new ServingError(StatusCode.CANCELLED, 'Loading of servable cancelled');
}

class PinnedHandle<S> implements ServableHandle<S> {
  readonly id: ServableId;
  readonly servable: S;
  #release: (() => void) | null;

  constructor(id: ServableId, servable: S, release: () => void) {
    this.id = id;
    this.servable = servable;
    this.#release = release;
  }

  release(): void {
    const release = this.#release;
    if (release === null) throw new Error(`handle of ${this.id.name} was released twice`);
    this.#release = null;
    release();
  }
}
