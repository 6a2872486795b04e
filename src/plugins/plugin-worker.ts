/**
 * PluginWorker: one worker thread with the modules of --plugins, and what it was asked. Outlives what they do to it:
 * a thread that ends, or does not turn any more, is replaced, and only what it held fails. Until `end` it keeps the
 * process alive: at a start nothing else may. Main thread.
 */
import { Worker } from 'node:worker_threads';

import type { Log } from '../log/log.js';
import { dropTensors } from '../native/tensor-sets.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type {
  Answer,
  Failure,
  FromThread,
  Infer,
  PluginDescription,
  ToThread,
} from './messages.js';
import { ThreadCalls, type CallEnd, type CallMessage } from './thread-calls.js';

const BODY = new URL('./thread-body.js', import.meta.url);
/** A thread that lives shorter is started again after a pause, which doubles. */
const SETTLED_MILLIS = 10_000;
const FIRST_PAUSE_MILLIS = 100;
const LONGEST_PAUSE_MILLIS = 10_000;

export interface PluginWorkerOptions {
  /** In the log. */
  readonly name: string;
  /** Absolute. */
  readonly files: readonly string[];
  readonly heapMegabytes: number;
  /** How long after the deadline of a call its thread must turn again. */
  readonly hangGraceMillis: number;
  readonly log: Log;
}

/** Whose thread it is. */
export interface WorkerOwner {
  /** It has ended; those that were asked have yet to hear of it. */
  ended(): void;
  startedAgain(): void;
  /** The modules cannot be used any more; it is tried again. */
  refused(reason: string): void;
  infer(message: Infer): void;
  /** As a message of that kind. */
  changed(watch: number): void;
}

export class PluginWorker {
  readonly calls: ThreadCalls;
  readonly #options: PluginWorkerOptions;
  readonly #owner: WorkerOwner;
  readonly #running = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  /** Who waits until it is there, or has ended. */
  readonly #waiting: (() => void)[] = [];
  #worker: Worker | null = null;
  #isReady = false;
  #isEnding = false;
  #pause = FIRST_PAUSE_MILLIS;
  #restarting: NodeJS.Timeout | null = null;
  /** Why it was ended from here. */
  #verdict: string | null = null;

  constructor(options: PluginWorkerOptions, owner: WorkerOwner) {
    this.#options = options;
    this.#owner = owner;
    this.calls = new ThreadCalls({
      post: (message) => this.post(message),
      running: new Int32Array(this.#running),
      graceMillis: options.hangGraceMillis,
      onHang: (where) => {
        this.#verdict = `it did not turn any more${where}, ${options.hangGraceMillis} ms after a deadline`;
        void this.#worker?.terminate();
      },
    });
  }

  get isReady(): boolean {
    return this.#isReady;
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

  /** Resolves when it is ready, or has ended again: then what is asked fails. */
  async untilReady(): Promise<void> {
    if (!this.#isReady) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  /** `what` it does, for the log. `timeoutMillis` 0: no deadline. @throws ServingError */
  ask(ask: (call: number) => CallMessage, what: string, timeoutMillis: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.#isReady) {
        reject(unavailable('the plugin thread is being started again'));
        return;
      }
      const end: CallEnd = (error, value) => {
        if (error === null) resolve(value);
        else reject(this.logged(what, error));
      };
      this.calls.send(ask(this.calls.open(end, timeoutMillis, what)));
    });
  }

  logged(during: string, error: ServingError | Failure): ServingError {
    if (error instanceof ServingError) return error;
    const { code, message, stack } = error;
    if (code === StatusCode.INTERNAL) {
      this.#options.log.error({ ...(stack !== null && { stack }) }, `${during}: ${message}`);
    }
    return new ServingError(code, message);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#restarting !== null) clearTimeout(this.#restarting);
    await this.#worker?.terminate();
  }

  #start(
    onReady: (plugins: readonly PluginDescription[]) => void,
    onRefusal: (reason: string) => void,
  ): void {
    const { files, heapMegabytes, name } = this.#options;
    const running = this.#running;
    new Int32Array(running)[0] = 0;
    const worker = new Worker(BODY, {
      name,
      workerData: { files, running },
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    this.#worker = worker;
    const began = performance.now();
    let reason: string | null = null;
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'ready') {
        this.#isReady = true;
        onReady(message.plugins);
        this.#wake();
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
      this.#wake();
      if (!this.#isEnding) this.#restart(why, performance.now() - began);
      this.calls.failAll(unavailable('the plugin thread that had the request has ended'));
    });
  }

  #restart(why: string, lifeMillis: number): void {
    const { name, log } = this.#options;
    const [culprit] = this.calls.runningText();
    log.error({ reason: why, ...(culprit && { during: culprit }) }, `${name} ended`);
    if (lifeMillis >= SETTLED_MILLIS) this.#pause = FIRST_PAUSE_MILLIS;
    this.#owner.ended();
    const again = (): void => {
      if (this.#isEnding) return;
      const started = (): void => {
        log.info(`${name} started again`);
        this.#owner.startedAgain();
      };
      this.#start(started, (reason) => this.#owner.refused(reason));
    };
    this.#restarting = setTimeout(again, this.#pause);
    this.#pause = Math.min(LONGEST_PAUSE_MILLIS, this.#pause * 2);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #take(message: Exclude<FromThread, { kind: 'ready' | 'refused' }>): void {
    switch (message.kind) {
      case 'infer':
        this.#owner.infer(message);
        return;
      case 'changed':
        this.#owner.changed(message.watch);
        return;
      case 'cancelled':
        this.calls.acknowledged(message.call);
        return;
      case 'failure':
        this.calls.close(message.call, message.failure);
        return;
      case 'answer': {
        const { call, value } = message;
        const isLate = !this.calls.close(call, null, value);
        if (isLate && typeof value === 'number') dropTensors(value);
      }
    }
  }
}

export function unavailable(message: string): ServingError {
  return new ServingError(StatusCode.UNAVAILABLE, message);
}
