/** Plugins: what the modules of --plugins bring to a server: platforms, hooks around models, sources and policies. */
import type { Flags } from '../config/flag-table.js';
import { addPlatforms, isPlatformName } from '../config/platform-names.js';
import { addPluginNames } from '../config/plugin-names.js';
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import { createLog, type Log } from '../log/log.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { PlatformKind } from '../servables/platform.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { HookLoader } from './hook-loader.js';
import type { PluginDescription } from './messages.js';
import { PluginPlatform } from './plugin-platform.js';
import { PluginSources } from './plugin-sources.js';
import { PluginThreads } from './plugin-threads.js';

export class Plugins {
  /** By the names that `model_platform` has for them. */
  readonly platforms: ReadonlyMap<string, PlatformKind>;
  /** Null: they have neither sources nor policies. */
  readonly sources: PluginSources | null;
  readonly #threads: PluginThreads;

  private constructor(threads: PluginThreads, sources: PluginSources | null) {
    this.#threads = threads;
    this.sources = sources;
    const names = threads.plugins.flatMap(({ platforms }) => platforms);
    this.platforms = new Map(
      names.map((name) => [
        name,
        { mainFile: null, create: () => new PluginPlatform(name, threads) },
      ]),
    );
  }

  /** Their names are known from here on. @throws ServingError INVALID_ARGUMENT with file and reason */
  static async start(flags: Flags, log: Log): Promise<Plugins> {
    const threads = await PluginThreads.start({
      files: flags.plugins,
      count: flags.plugin_threads,
      heapMegabytes: flags.plugin_heap_mb,
      capacity: flags.run_queue_capacity,
      log,
    });
    let sources: PluginSources | null = null;
    try {
      addNames(threads.plugins);
      const isWatching = threads.plugins.some(
        ({ sources, policies }) => sources.length + policies.length > 0,
      );
      if (isWatching) {
        sources = new PluginSources({ ...threads.workerOptions, name: 'plugin source thread' });
        await sources.start();
      }
    } catch (error) {
      await threads.end();
      throw error;
    }
    for (const { file, name, ...parts } of threads.plugins) {
      log.info({ file, ...parts }, `plugin ${name}`);
    }
    return new Plugins(threads, sources);
  }

  /** The loader of a version whose model has these hooks. */
  hooked(
    loader: Loader<InferenceModel>,
    id: ServableId,
    folder: string,
    hooks: readonly string[],
  ): Loader<InferenceModel> {
    if (hooks.length === 0) return loader;
    return new HookLoader(loader, { id, folder, hooks, threads: this.#threads });
  }
}

/** Names what the modules have, as far as it can be found out in a thread that ends. @throws ServingError as Plugins.start */
export async function namePlugins(files: string): Promise<void> {
  const options = { files, count: 1, heapMegabytes: 512, capacity: 1, log: createLog('silent') };
  const threads = await PluginThreads.start(options);
  await threads.end();
  addNames(threads.plugins);
}

/** @throws ServingError INVALID_ARGUMENT where a platform has the name of one of the server's */
function addNames(plugins: readonly PluginDescription[]): void {
  for (const { file, platforms } of plugins) {
    const name = platforms.find(isPlatformName);
    if (name === undefined) continue;
    const message = `--plugins: ${file}: platform ${name} is one of the server's`;
    throw new ServingError(StatusCode.INVALID_ARGUMENT, message);
  }
  for (const { platforms, hooks, sources, policies } of plugins) {
    addPlatforms(platforms.map((platform) => [platform, null]));
    addPluginNames('hooks', hooks);
    addPluginNames('sources', sources);
    addPluginNames('policies', policies);
  }
}
