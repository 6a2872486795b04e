/**
 * PluginThread: the versions of plugins in one worker thread, as the main thread sees them: platforms' and hooks'.
 * When the thread is replaced they are loaded again in the next one; requests that come meanwhile wait.
 */
import type { Done } from '../native/calls.js';
import type { DeclaredRun } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import { adoptTensors, type TensorSet } from '../native/tensor-sets.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { HookRuns } from './hook-runs.js';
import type { Answer, Failure, Maker, PluginDescription } from './messages.js';
import { PluginWorker, unavailable, type PluginWorkerOptions } from './plugin-worker.js';
import type { CallEnd, CallMessage } from './thread-calls.js';

/** A version that was being loaded again when its thread ended so often is taken to be why. */
const MOST_INTERRUPTIONS = 3;
const UNLOAD_MILLIS = 5_000;

export interface PluginThreadOptions extends PluginWorkerOptions {
  /** Calls at once; more are refused. */
  readonly capacity: number;
}

/** What is loaded, and from where, so that it can be loaded again. */
export interface VersionPlace {
  readonly maker: Maker;
  readonly folder: string;
  readonly name: string;
  readonly version: bigint;
  /** What a hook is put around; null: it is no hook. */
  readonly model: InferenceModel | null;
}

interface Version extends VersionPlace {
  readonly key: number;
  signatureDefMap: Uint8Array;
  /** Null: it is loaded, or being loaded again. */
  error: ServingError | null;
  /** Who waits until it is loaded again; null where it is. */
  waiting: (() => void)[] | null;
  /** So often its thread ended while it was being loaded again. */
  interruptions: number;
}

export class PluginThread {
  readonly #options: PluginThreadOptions;
  readonly #worker: PluginWorker;
  readonly #hookRuns: HookRuns;
  readonly #versions = new Map<number, Version>();
  #lastKey = 0;

  constructor(options: PluginThreadOptions) {
    this.#options = options;
    this.#worker = new PluginWorker(options, {
      ended: () => {
        for (const version of this.#versions.values()) version.waiting ??= [];
      },
      startedAgain: () => void this.#reload(),
      refused: (reason) => this.#giveUp([...this.#versions.values()], reason),
      infer: (message) => this.#hookRuns.infer(message),
      changed: () => undefined, // sources are elsewhere
    });
    this.#hookRuns = new HookRuns(this.#worker);
  }

  /** Versions that are loaded, or about to be. */
  get load(): number {
    return this.#versions.size;
  }

  /** As PluginWorker's. */
  start(): Promise<readonly PluginDescription[]> {
    return this.#worker.start();
  }

  /** Resolves with the version's key. @throws ServingError */
  async loadVersion(place: VersionPlace, stop: AbortSignal): Promise<number> {
    const key = ++this.#lastKey;
    const version: Version = {
      ...place,
      key,
      signatureDefMap: new Uint8Array(),
      error: null,
      waiting: null,
      interruptions: 0,
    };
    this.#versions.set(key, version); // it counts from now on
    try {
      await this.#worker.untilReady();
      version.signatureDefMap = await this.#load(version, stop);
      return key;
    } catch (error) {
      this.#versions.delete(key);
      throw error;
    }
  }

  signatureDefMap(key: number): Uint8Array {
    return this.#versions.get(key)?.signatureDefMap ?? new Uint8Array();
  }

  run(key: number, run: DeclaredRun, done: Done<TensorSet>): void {
    const { calls } = this.#worker;
    const version = this.#versions.get(key);
    if (version === undefined || version.error !== null) {
      done(version?.error ?? unavailable('the version is not loaded'), null);
      return;
    }
    if (calls.size >= this.#options.capacity) {
      done(unavailable(`${this.#options.capacity} calls of the plugin thread are under way`), null);
      return;
    }
    const { inputs, signature, outputs, timeoutMillis } = run;
    const end: CallEnd = (error, value) => {
      this.#hookRuns.ended(call);
      this.#answer(version, error, value, done);
    };
    const call = calls.open(end, timeoutMillis, runText(version));
    const send = (): void => {
      if (!calls.isOpen(call)) return; // at its deadline
      if (version.error !== null) calls.close(call, version.error);
      else if (run.isGone()) calls.close(call, cancelled());
      else {
        if (version.model !== null) this.#hookRuns.began(call, version.model, run.trace);
        calls.send({ kind: 'run', call, key, inputs, signature, outputs });
      }
    };
    if (version.waiting === null) send();
    else version.waiting.push(send);
  }

  /** REQUIRES: no run of it is under way. */
  async unloadVersion(key: number): Promise<void> {
    const version = this.#versions.get(key);
    if (version === undefined) return;
    const isLoaded = this.#worker.isReady && version.error === null && version.waiting === null;
    this.#versions.delete(key);
    if (!isLoaded) return; // with its thread it is gone already
    await this.#unload(version);
  }

  end(): Promise<void> {
    return this.#worker.end();
  }

  /** One after the other: of one that ends the thread it is known. */
  async #reload(): Promise<void> {
    const { log } = this.#options;
    const never = new AbortController().signal;
    for (const version of [...this.#versions.values()]) {
      if (version.waiting === null || version.error !== null) continue;
      if (!this.#versions.has(version.key)) continue; // unloaded meanwhile
      try {
        const signatures = await this.#load(version, never);
        if (!this.#versions.has(version.key)) {
          await this.#unload(version);
          continue;
        }
        if (Buffer.compare(signatures, version.signatureDefMap) !== 0) {
          throw new ServingError(StatusCode.FAILED_PRECONDITION, 'its signatures are others now');
        }
        version.interruptions = 0;
        this.#release(version, null);
      } catch (thrown) {
        const isInterrupted = !this.#worker.isReady; // the next thread goes on
        if (!isInterrupted || ++version.interruptions >= MOST_INTERRUPTIONS) {
          const { code, message } = ServingError.from(thrown);
          this.#release(version, new ServingError(code, `not loaded again: ${message}`));
          log.error(`${versionText(version)}: not loaded again: ${message}`);
        }
        if (isInterrupted) return;
      }
    }
  }

  #giveUp(versions: readonly Version[], reason: string): void {
    for (const version of versions) {
      if (version.error !== null) continue;
      const calls = version.waiting ?? [];
      version.waiting = [];
      version.error = unavailable(`its plugin cannot be loaded: ${reason}`);
      for (const send of calls) send();
      version.error = null; // the next thread may
    }
  }

  #release(version: Version, error: ServingError | null): void {
    const waiting = version.waiting ?? [];
    version.waiting = null;
    version.error = error;
    for (const send of waiting) send();
  }

  async #load(version: Version, stop: AbortSignal): Promise<Uint8Array> {
    const { key, maker, folder, name, version: number } = version;
    let cancel = (): void => undefined;
    const ask = (call: number): CallMessage => {
      cancel = () => this.#worker.calls.cancel(call, cancelled());
      return { kind: 'load', call, key, maker, folder, name, version: number };
    };
    const onStop = (): void => cancel();
    stop.addEventListener('abort', onStop);
    const what = maker.kind === 'hook' ? `hook ${maker.name} of ` : '';
    const answer = await this.#worker
      .ask(ask, `the load of ${what}${versionText(version)}`, 0)
      .finally(() => stop.removeEventListener('abort', onStop));
    return answer as Uint8Array;
  }

  /** What goes wrong is logged: the version is of no use to anybody. */
  async #unload(version: Version): Promise<void> {
    const { key } = version;
    const text = `the unload of ${versionText(version)}`;
    const ask = (call: number): CallMessage => ({ kind: 'unload', call, key });
    await this.#worker.ask(ask, text, UNLOAD_MILLIS).catch((error: unknown) => {
      this.#options.log.error(`${text}: ${ServingError.from(error).message}`);
    });
  }

  #answer(
    version: Version,
    error: ServingError | Failure | null,
    set: Answer,
    done: Done<TensorSet>,
  ): void {
    if (error !== null) done(this.#worker.logged(runText(version), error), null);
    else if (typeof set === 'number' && adoptTensors(set)) done(null, set);
    else done(unavailable('the answer is gone with its plugin thread'), null);
  }
}

function versionText({ name, version }: VersionPlace): string {
  return `${name}:${version}`;
}

function runText(place: VersionPlace): string {
  const { maker } = place;
  return maker.kind === 'hook'
    ? `a run of hook ${maker.name} of ${versionText(place)}`
    : `a run of ${versionText(place)}`;
}

function cancelled(): ServingError {
  return new ServingError(StatusCode.CANCELLED, 'nobody waits for it any more');
}
