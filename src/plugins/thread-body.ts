/**
 * What a plugin thread runs: imports the modules of --plugins, then loads, runs and unloads versions as the main
 * thread asks. A plugin may end the thread, or keep it from turning: plugin-thread.ts is made for that.
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { addon } from '../native/addon.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { readSignatures } from '../servables/signature-def-map.js';
import type { Answer, Failure, FromThread, Maker, ThreadData, ToThread } from './messages.js';
import { Infers, ModelError } from './infers.js';
import { importPlugins, type Named, type PluginModules } from './plugin-modules.js';
import { REQUEST_STATUSES, type VersionInfo } from './plugin.js';
import { ServedVersion } from './served-version.js';
import { pluginSignatures } from './signatures.js';
import { ThreadSources } from './thread-sources.js';

type Call<K extends ToThread['kind']> = Extract<ToThread, { kind: K }>;

interface Version {
  readonly served: ServedVersion;
  readonly isHook: boolean;
}

class ThreadBody {
  readonly #port: MessagePort;
  readonly #running: Int32Array;
  readonly #modules: PluginModules;
  readonly #versions = new Map<number, Version>();
  readonly #calls = new Map<number, AbortController>();
  readonly #sources: ThreadSources;
  readonly #infers = new Infers((infer) => this.#post(infer));
  #isOpen = false;

  constructor(port: MessagePort, running: SharedArrayBuffer, modules: PluginModules) {
    this.#port = port;
    this.#running = new Int32Array(running);
    this.#modules = modules;
    this.#sources = new ThreadSources(modules, (message) => this.#post(message));
  }

  take(message: ToThread): void {
    switch (message.kind) {
      case 'cancel':
        this.#calls.get(message.call)?.abort();
        this.#infers.close(message.call);
        this.#post({ kind: 'cancelled', call: message.call });
        return;
      case 'load': {
        const plugin = this.#makerOf(message.maker)?.plugin ?? '';
        void this.#answer(message.call, plugin, (signal) => this.#load(message, signal));
        return;
      }
      case 'run': {
        const version = this.#versions.get(message.key);
        void this.#answer(message.call, version?.served.plugin ?? '', (signal) => {
          if (version === undefined) return Promise.resolve(null);
          const { inputs, signature, outputs, call } = message;
          const infer = version.isHook ? this.#infers.open(call) : null;
          return version.served.run(call, inputs, signature, outputs, signal, infer);
        });
        return;
      }
      case 'versions': {
        const plugin = this.#modules.sources.get(message.source)?.plugin ?? '';
        void this.#answer(message.call, plugin, () => this.#sources.versions(message));
        return;
      }
      case 'fetch':
        void this.#answer(message.call, this.#sources.pluginOf(message.watch), () =>
          this.#sources.fetch(message),
        );
        return;
      case 'forget':
        this.#sources.forget(message.watch);
        return;
      case 'choose': {
        const plugin = this.#modules.policies.get(message.policy)?.plugin ?? '';
        void this.#answer(message.call, plugin, () => this.#sources.choose(message));
        return;
      }
      case 'inferred':
        this.#infers.settle(message.infer, message.result);
        return;
      case 'unload': {
        const version = this.#versions.get(message.key);
        this.#versions.delete(message.key);
        void this.#answer(message.call, version?.served.plugin ?? '', async () => {
          await version?.served.unload();
          return null;
        });
      }
    }
  }

  async #load(
    { key, maker, folder, name, version }: Call<'load'>,
    signal: AbortSignal,
  ): Promise<Answer> {
    this.#openAddon();
    const served = await this.#made(maker, folder, { name, version, signal });
    if (signal.aborted) await served.unload();
    else this.#versions.set(key, { served, isHook: maker.kind === 'hook' });
    return served.signatureDefMap;
  }

  async #made(maker: Maker, folder: string, info: VersionInfo): Promise<ServedVersion> {
    if (maker.kind === 'platform') {
      const { plugin, value } = found(this.#modules.platforms, maker);
      return new ServedVersion(plugin, await value.load(folder, info), 'load', this.#enter);
    }
    const { plugin, value } = found(this.#modules.hooks, maker);
    const signatures = pluginSignatures(readSignatures(maker.signatures));
    const servable = await value.attach({ ...info, folder, signatures });
    return new ServedVersion(plugin, servable, 'attach', this.#enter);
  }

  #makerOf({ kind, name }: Maker): Named<unknown> | undefined {
    return (kind === 'hook' ? this.#modules.hooks : this.#modules.platforms).get(name);
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
      this.#enter(call);
      const acting = act(controller.signal);
      this.#enter(0);
      this.#post({ kind: 'answer', call, value: await acting });
    } catch (thrown) {
      this.#post({ kind: 'failure', call, failure: failureOf(plugin, thrown) });
    } finally {
      this.#calls.delete(call);
      this.#infers.close(call);
    }
  }

  readonly #enter = (call: number): void => {
    Atomics.store(this.#running, 0, call);
  };

  #post(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

function found<T>(named: ReadonlyMap<string, Named<T>>, { kind, name }: Maker): Named<T> {
  const known = named.get(name);
  if (known === undefined) throw new Error(`there is no ${kind} ${name}`);
  return known;
}

const MEANT: ReadonlySet<unknown> = new Set(REQUEST_STATUSES);
const MOST_MESSAGE = 2048;

function failureOf(plugin: string, thrown: unknown): Failure {
  if (thrown instanceof ServingError || thrown instanceof ModelError) {
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
