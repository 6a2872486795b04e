/**
 * PluginThread: one worker thread for plugins, as the main thread sees it. Outlives what they do to it: a thread
 * that ends, or does not turn any more, is replaced, its versions are loaded again in the new one, and only what
 * it held fails.
 */
import { Worker } from 'node:worker_threads';

import type { Log } from '../log/log.js';
import type { Done } from '../native/calls.js';
import type { DeclaredRun } from '../native/declared-model.js';
import { adoptTensors, dropTensors, type TensorSet } from '../native/tensor-sets.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Answer, Failure, FromThread, PluginDescription, ToThread } from './messages.js';
import { ThreadCalls, type CallEnd } from './thread-calls.js';

const BODY = new URL('./thread-body.js', import.meta.url);
/** A thread that lives shorter is started again after a pause, which doubles. */
const SETTLED_MILLIS = 10_000;
const FIRST_PAUSE_MILLIS = 100;
const LONGEST_PAUSE_MILLIS = 10_000;
/** A version that was being loaded again when its thread ended so often is taken to be why. */
const MOST_INTERRUPTIONS = 3;
const UNLOAD_MILLIS = 5_000;

export interface PluginThreadOptions {
  readonly number: number;
  /** Absolute. */
  readonly files: readonly string[];
  readonly heapMegabytes: number;
  /** Calls at once; more are refused. */
  readonly capacity: number;
  /** How long after the deadline of a call its thread must turn again. */
  readonly hangGraceMillis: number;
  readonly log: Log;
}

/** What is loaded, and from where, so that it can be loaded again. */
export interface VersionPlace {
  readonly platform: string;
  readonly folder: string;
  readonly name: string;
  readonly version: bigint;
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
  readonly #calls: ThreadCalls;
  readonly #versions = new Map<number, Version>();
  readonly #running = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  /** Loads that wait for a thread. */
  readonly #loads: (() => void)[] = [];
  #worker: Worker | null = null;
  #isReady = false;
  #isEnding = false;
  #lastKey = 0;
  #pause = FIRST_PAUSE_MILLIS;
  /** Why it was ended from here. */
  #verdict: string | null = null;

  constructor(options: PluginThreadOptions) {
    this.#options = options;
    this.#calls = new ThreadCalls({
      post: (message) => this.#worker?.postMessage(message),
      running: new Int32Array(this.#running),
      graceMillis: options.hangGraceMillis,
      onHang: (where) => {
        this.#verdict = `it did not turn any more${where}, ${options.hangGraceMillis} ms after a deadline`;
        void this.#worker?.terminate();
      },
    });
  }

  /** Versions that are loaded, or about to be. */
  get load(): number {
    return this.#versions.size;
  }

  /** Resolves with what the modules have. @throws ServingError INVALID_ARGUMENT that says which cannot be used, and why */
  start(): Promise<readonly PluginDescription[]> {
    return new Promise((resolve, reject) => {
      this.#start(resolve, (reason) => {
        this.#isEnding = true;
        reject(new ServingError(StatusCode.INVALID_ARGUMENT, `--plugins: ${reason}`));
      });
    });
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
      if (!this.#isReady) await new Promise<void>((resolve) => this.#loads.push(resolve));
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
    const version = this.#versions.get(key);
    if (version === undefined || version.error !== null) {
      done(version?.error ?? unavailable('the version is not loaded'), null);
      return;
    }
    if (this.#calls.size >= this.#options.capacity) {
      done(unavailable(`${this.#options.capacity} calls of the plugin thread are under way`), null);
      return;
    }
    const { inputs, signature, outputs, timeoutMillis } = run;
    const end: CallEnd = (error, value) => this.#answer(version, error, value, done);
    const call = this.#calls.open(end, timeoutMillis, runText(version));
    const send = (): void => {
      if (!this.#calls.isOpen(call)) return; // at its deadline
      if (version.error !== null) this.#calls.close(call, version.error);
      else if (run.isGone()) this.#calls.close(call, cancelled());
      else this.#calls.send({ kind: 'run', call, key, inputs, signature, outputs });
    };
    if (version.waiting === null) send();
    else version.waiting.push(send);
  }

  /** REQUIRES: no run of it is under way. */
  async unloadVersion(key: number): Promise<void> {
    const version = this.#versions.get(key);
    if (version === undefined) return;
    const isLoaded = this.#isReady && version.error === null && version.waiting === null;
    this.#versions.delete(key);
    if (!isLoaded) return; // with its thread it is gone already
    await this.#unload(version);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#worker?.terminate();
  }

  #start(
    onReady: (plugins: readonly PluginDescription[]) => void,
    onRefusal: (reason: string) => void,
  ): void {
    const { files, heapMegabytes, number } = this.#options;
    const running = this.#running;
    new Int32Array(running)[0] = 0;
    const worker = new Worker(BODY, {
      name: `plugins ${number}`,
      workerData: { files, running },
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    this.#worker = worker;
    const began = performance.now();
    let reason: string | null = null;
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'ready') {
        this.#isReady = true;
        worker.unref(); // what serves keeps the process alive
        onReady(message.plugins);
        this.#wakeLoads();
      } else if (message.kind === 'refused') ({ reason } = message);
      else this.#take(message);
    });
    worker.on('error', (error: unknown) => {
      const { stack, message, code } = Object(error) as NodeJS.ErrnoException;
      reason ??= (code === 'ERR_WORKER_OUT_OF_MEMORY' ? message : stack) ?? String(error);
    });
    worker.on('exit', (code) => {
      const wasReady = this.#isReady;
      this.#isReady = false;
      this.#worker = null;
      const why = this.#verdict ?? reason ?? `exit code ${code}`;
      this.#verdict = null;
      if (!wasReady) onRefusal(why);
      this.#wakeLoads();
      if (!this.#isEnding) this.#restart(why, performance.now() - began);
      this.#calls.failAll(unavailable('the plugin thread that had the request has ended'));
    });
  }

  #restart(why: string, lifeMillis: number): void {
    const { number, log } = this.#options;
    const [culprit] = this.#calls.runningText();
    log.error(
      { reason: why, ...(culprit && { during: culprit }) },
      `plugin thread ${number} ended`,
    );
    if (lifeMillis >= SETTLED_MILLIS) this.#pause = FIRST_PAUSE_MILLIS;
    for (const version of this.#versions.values()) version.waiting ??= [];
    const again = (): void => {
      if (this.#isEnding) return;
      this.#start(
        () => void this.#reload(),
        (reason) => this.#giveUp([...this.#versions.values()], reason),
      );
    };
    setTimeout(again, this.#pause).unref();
    this.#pause = Math.min(LONGEST_PAUSE_MILLIS, this.#pause * 2);
  }

  #wakeLoads(): void {
    for (const load of this.#loads.splice(0)) load();
  }

  /** One after the other: of one that ends the thread it is known. */
  async #reload(): Promise<void> {
    const { log, number } = this.#options;
    log.info(`plugin thread ${number} started again`);
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
        const isInterrupted = !this.#isReady; // the next thread goes on
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
    const { key, platform, folder, name, version: number } = version;
    let cancel = (): void => undefined;
    const ask = (call: number): ToThread => {
      cancel = () => this.#calls.cancel(call, cancelled());
      return { kind: 'load', call, key, platform, folder, name, version: number };
    };
    const onStop = (): void => cancel();
    stop.addEventListener('abort', onStop);
    const answer = await this.#ask(ask, `the load of ${versionText(version)}`, 0).finally(() =>
      stop.removeEventListener('abort', onStop),
    );
    return answer as Uint8Array;
  }

  /** What goes wrong is logged: the version is of no use to anybody. */
  async #unload(version: Version): Promise<void> {
    const { key } = version;
    const text = `the unload of ${versionText(version)}`;
    const ask = (call: number): ToThread => ({ kind: 'unload', call, key });
    await this.#ask(ask, text, UNLOAD_MILLIS).catch((error: unknown) => {
      this.#options.log.error(`${text}: ${ServingError.from(error).message}`);
    });
  }

  #ask(ask: (call: number) => ToThread, text: string, timeoutMillis: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.#isReady) {
        reject(unavailable('the plugin thread is being started again'));
        return;
      }
      const end: CallEnd = (error, value) => {
        if (error === null) resolve(value);
        else reject(this.#logged(text, error));
      };
      this.#calls.send(ask(this.#calls.open(end, timeoutMillis, text)));
    });
  }

  #take(message: Exclude<FromThread, { kind: 'ready' | 'refused' }>): void {
    if (message.kind === 'cancelled') this.#calls.acknowledged(message.call);
    else if (message.kind === 'failure') this.#calls.close(message.call, message.failure);
    else if (!this.#calls.close(message.call, null, message.value)) {
      if (typeof message.value === 'number') dropTensors(message.value); // too late
    }
  }

  #answer(
    version: Version,
    error: ServingError | Failure | null,
    set: Answer,
    done: Done<TensorSet>,
  ): void {
    if (error !== null) done(this.#logged(runText(version), error), null);
    else if (typeof set === 'number' && adoptTensors(set)) done(null, set);
    else done(unavailable('the answer is gone with its plugin thread'), null);
  }

  #logged(during: string, error: ServingError | Failure): ServingError {
    if (error instanceof ServingError) return error;
    const { code, message, stack } = error;
    if (code === StatusCode.INTERNAL) {
      this.#options.log.error({ ...(stack !== null && { stack }) }, `${during}: ${message}`);
    }
    return new ServingError(code, message);
  }
}

function versionText({ name, version }: VersionPlace): string {
  return `${name}:${version}`;
}

function runText(version: VersionPlace): string {
  return `a run of ${versionText(version)}`;
}

function unavailable(message: string): ServingError {
  return new ServingError(StatusCode.UNAVAILABLE, message);
}

function cancelled(): ServingError {
  return new ServingError(StatusCode.CANCELLED, 'nobody waits for it any more');
}
