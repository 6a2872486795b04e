/**
 * What a plugin thread runs: imports the modules of --plugins, then loads, runs and unloads versions as the main
 * thread asks. A plugin may end the thread, or keep it from turning: plugin-thread.ts is made for that.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { addon } from '../native/addon.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { Answer, Failure, FromThread, ThreadData, ToThread } from './messages.js';
import { importPlugins, type PluginModules } from './plugin-modules.js';
import { REQUEST_STATUSES } from './plugin.js';
import { ServedVersion } from './served-version.js';

type Call<K extends ToThread['kind']> = Extract<ToThread, { kind: K }>;

class ThreadBody {
  readonly #port: MessagePort;
  readonly #running: Int32Array;
  readonly #modules: PluginModules;
  readonly #versions = new Map<number, ServedVersion>();
  readonly #calls = new Map<number, AbortController>();
  #isOpen = false;

  constructor(port: MessagePort, running: SharedArrayBuffer, modules: PluginModules) {
    this.#port = port;
    this.#running = new Int32Array(running);
    this.#modules = modules;
  }

  take(message: ToThread): void {
    switch (message.kind) {
      case 'cancel':
        this.#calls.get(message.call)?.abort();
        this.#post({ kind: 'cancelled', call: message.call });
        return;
      case 'load': {
        const plugin = this.#modules.platforms.get(message.platform)?.plugin ?? '';
        void this.#answer(message.call, plugin, (signal) => this.#load(message, signal));
        return;
      }
      case 'run': {
        const version = this.#versions.get(message.key);
        void this.#answer(message.call, version?.plugin ?? '', (signal) => {
          const { inputs, signature, outputs } = message;
          return version?.run(inputs, signature, outputs, signal) ?? Promise.resolve(null);
        });
        return;
      }
      case 'unload': {
        const version = this.#versions.get(message.key);
        this.#versions.delete(message.key);
        void this.#answer(message.call, version?.plugin ?? '', async () => {
          await version?.unload();
          return null;
        });
      }
    }
  }

  async #load(
    { key, platform: kind, folder, name, version }: Call<'load'>,
    signal: AbortSignal,
  ): Promise<Answer> {
    this.#openAddon();
    const known = this.#modules.platforms.get(kind);
    if (known === undefined) throw new Error(`there is no platform ${kind}`);
    const { plugin, platform } = known;
    const servable = await platform.load(folder, { name, version, signal });
    const served = new ServedVersion(plugin, servable);
    if (signal.aborted) await served.unload();
    else this.#versions.set(key, served);
    return served.signatureDefMap;
  }

  /** What is held here is dropped with the thread, once the addon has been told so. */
  #openAddon(): void {
    if (this.#isOpen) return;
    addon().onCompletions(() => undefined);
    this.#isOpen = true;
  }

  /** `act` begins at once: until its first wait the thread is in that call. */
  async #answer(
    call: number,
    plugin: string,
    act: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(call, controller);
    try {
      Atomics.store(this.#running, 0, call);
      const acting = act(controller.signal);
      Atomics.store(this.#running, 0, 0);
      this.#post({ kind: 'answer', call, value: await acting });
    } catch (thrown) {
      this.#post({ kind: 'failure', call, failure: failureOf(plugin, thrown) });
    } finally {
      this.#calls.delete(call);
    }
  }

  #post(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

const MEANT: ReadonlySet<unknown> = new Set(REQUEST_STATUSES);
const MOST_MESSAGE = 2048;

function failureOf(plugin: string, thrown: unknown): Failure {
  if (thrown instanceof ServingError) {
    const { code, message } = thrown;
    return { code, message, stack: null };
  }
  const isError = thrown instanceof Error;
  const message = (isError ? thrown.message : String(thrown)).slice(0, MOST_MESSAGE);
  const { status } = Object(thrown) as { status?: unknown };
  if (isError && MEANT.has(status)) {
    return { code: StatusCode[status as keyof typeof StatusCode], message, stack: null };
  }
  return {
    code: StatusCode.INTERNAL,
    message: `plugin ${JSON.stringify(plugin)} failed: ${message}`,
    stack: (isError ? thrown.stack : null) ?? null,
  };
}

async function start(port: MessagePort): Promise<void> {
  const { files, running } = workerData as ThreadData;
  const post = (message: FromThread): void => port.postMessage(message);
  const modules = await importPlugins(files).catch((error: Error) => {
    post({ kind: 'refused', reason: error.message });
    return null;
  });
  if (modules === null) return;
  const body = new ThreadBody(port, running, modules);
  port.on('message', (message: ToThread) => body.take(message));
  post({ kind: 'ready', plugins: modules.descriptions });
}

if (parentPort !== null) await start(parentPort);
