/** Loader and clock of the control plane's tests: nothing ends before the test says so. */
import type { Clock } from '../../../src/core/clock.js';
import type { Loader } from '../../../src/core/loader.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

/** A loader that ends when the test says so. */
export class PuppetLoader implements Loader<string> {
  readonly name: string;
  loads = 0;
  /** Of the latest load. */
  stop: AbortSignal | null = null;
  unloads = 0;
  #settle: { resolve(servable: string): void; reject(error: Error): void } | null = null;
  #unloaded: (() => void) | null = null;

  constructor(name: string) {
    this.name = name;
  }

  load(stop: AbortSignal): Promise<string> {
    ++this.loads;
    this.stop = stop;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  unload(): Promise<void> {
    ++this.unloads;
    return new Promise((resolve) => {
      this.#unloaded = resolve;
    });
  }

  async finishLoad(): Promise<void> {
    this.#settle?.resolve(this.name);
    await settled();
  }

  async failLoad(message: string, options?: { readonly isPermanent: boolean }): Promise<void> {
    this.#settle?.reject(new ServingError(StatusCode.DATA_LOSS, message, [], options));
    await settled();
  }

  async finishUnload(): Promise<void> {
    this.#unloaded?.();
    await settled();
  }
}

/** Lets every microtask run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class FakeClock implements Clock {
  readonly slept: number[] = [];
  /** Time stands still: a sleep ends only by being cancelled, or by `wake`. */
  holds = false;
  #wake: () => void = () => undefined;

  now(): number {
    return 0;
  }

  sleep(millis: number, cancelled: Promise<void>): Promise<void> {
    this.slept.push(millis);
    if (!this.holds) return Promise.resolve();
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    return Promise.race([cancelled, woken]);
  }

  /** Ends the last sleep. */
  wake(): void {
    this.#wake();
  }
}
