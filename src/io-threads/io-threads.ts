/**
 * IoThreads: the worker threads that carry requests, as the main thread sees them. Owns them: a thread
 * that ends by itself is a bug, and the owner is told. Nothing here knows what they do.
 */
import { Worker } from 'node:worker_threads';

import { Channel, type Handlers, type Message } from './channel.js';
import type { ControlCalls, ThreadCalls } from './messages.js';

const PATIENCE_MILLIS = 5_000;

export interface IoThreadsOptions {
  readonly count: number;
  /** What they run. */
  readonly script: URL;
  readonly handlers: Handlers<ControlCalls>;
  /** Called once, with the first one's error. */
  readonly onDeath: (error: Error) => void;
}

export type ThreadChannel = Channel<ThreadCalls, ControlCalls>;

export class IoThreads {
  readonly #onDeath: (error: Error) => void;
  readonly #workers: readonly Worker[];
  readonly #ends: readonly Promise<unknown>[];
  readonly channels: readonly ThreadChannel[];
  #isEnding = false;

  /** Starts them. */
  constructor({ count, script, handlers, onDeath }: IoThreadsOptions) {
    this.#onDeath = onDeath;
    this.#workers = Array.from({ length: count }, () => new Worker(script));
    this.#ends = this.#workers.map(
      (worker) => new Promise((resolve) => worker.once('exit', resolve)),
    );
    this.channels = this.#workers.map((worker, i) => this.#channelOf(worker, i + 1, handlers));
  }

  /** Asks each the same. @throws ServingError the first that one of them throws */
  async askAll<K extends keyof ThreadCalls>(
    kind: K,
    request: Parameters<Handlers<ThreadCalls>[K]>[0],
  ): Promise<void> {
    await Promise.all(this.channels.map((channel) => channel.ask(kind, request as never)));
  }

  /** Resolves when they have ended, which those that do not hear are made to. */
  async end(): Promise<void> {
    this.#isEnding = true;
    const terminate = setTimeout(() => {
      for (const worker of this.#workers) void worker.terminate();
    }, PATIENCE_MILLIS);
    this.askAll('end', null).catch(() => undefined);
    await Promise.all(this.#ends);
    clearTimeout(terminate);
  }

  #channelOf(worker: Worker, number: number, handlers: Handlers<ControlCalls>): ThreadChannel {
    const post = (message: Message): void => worker.postMessage(message);
    const channel: ThreadChannel = new Channel(post, handlers);
    worker.on('message', (message: Message) => channel.take(message));
    const died = (error: Error): void => {
      channel.close();
      if (this.#isEnding) return;
      this.#isEnding = true;
      this.#onDeath(
        new Error(`I/O thread ${number} has ended: ${error.message}`, { cause: error }),
      );
    };
    worker.on('error', died);
    worker.on('exit', (code) => died(new Error(`exit code ${code}`)));
    return channel;
  }
}
