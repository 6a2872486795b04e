/**
 * Harness: one version on its way from START to END. Owns the loader, the servable once it is loaded,
 * and the count of handles that keep it loaded. Moves only forward; the manager decides when.
 */
import { ServingError } from '../status/serving-error.js';
import type { Clock } from './clock.js';
import type { Loader } from './loader.js';
import { ServableState, type ServableId } from './servable.js';

export interface RetryOptions {
  /** Attempts after the first failure. */
  readonly maxLoadRetries: number;
  readonly loadRetryIntervalMillis: number;
}

/** Pins a version: it is not unloaded before `release`, which must be called exactly once. */
export interface ServableHandle<S> {
  readonly id: ServableId;
  readonly servable: S;
  release(): void;
}

export class Harness<S> {
  readonly id: ServableId;
  readonly path: string;
  /** Wanted by the source; a version that is not is unloaded. */
  aspired = true;
  #state: ServableState = ServableState.START;
  #error: ServingError | null = null;
  #servable: S | null = null;
  #handles = 0;
  #whenFree: (() => void) | null = null;
  readonly #loader: Loader<S>;
  readonly #onChange: (harness: Harness<S>) => void;

  constructor(
    id: ServableId,
    path: string,
    loader: Loader<S>,
    onChange: (harness: Harness<S>) => void,
  ) {
    this.id = id;
    this.path = path;
    this.#loader = loader;
    this.#onChange = onChange;
  }

  get state(): ServableState {
    return this.#state;
  }

  get error(): ServingError | null {
    return this.#error;
  }

  /** Ends in AVAILABLE or, when the last attempt fails or the version is unaspired, in END. */
  async load(retry: RetryOptions, clock: Clock): Promise<void> {
    this.#move(ServableState.LOADING);
    for (let attempt = 0; ; ++attempt) {
      try {
        this.#servable = await this.#loader.load();
        break;
      } catch (error) {
        if (attempt >= retry.maxLoadRetries || !this.aspired) {
          this.#error = ServingError.from(error);
          this.#move(ServableState.END);
          return;
        }
        await clock.sleep(retry.loadRetryIntervalMillis);
      }
    }
    this.#move(ServableState.AVAILABLE);
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

  #move(state: ServableState): void {
    this.#state = state;
    this.#onChange(this);
  }
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
