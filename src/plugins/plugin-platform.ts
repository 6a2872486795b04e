/** The platforms of plugins: a version lives in one plugin thread, and is a DeclaredModel to those who serve it. */
import { addPlatforms } from '../config/platform-names.js';
import type { Flags } from '../config/flag-table.js';
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import { declareModel, DeclaredModel } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { Platform, PlatformKind } from '../servables/platform.js';
import { ServingError } from '../status/serving-error.js';
import type { PluginThread } from './plugin-thread.js';
import { PluginThreads, refuseKnown } from './plugin-threads.js';

/** Those of --plugins, by their names, which are known from here on. @throws ServingError as PluginThreads.start */
export async function pluginPlatforms(
  flags: Flags,
  log: Log,
): Promise<ReadonlyMap<string, PlatformKind>> {
  const threads = await PluginThreads.start({
    files: flags.plugins,
    count: flags.plugin_threads,
    heapMegabytes: flags.plugin_heap_mb,
    capacity: flags.run_queue_capacity,
    log,
  });
  try {
    refuseKnown(threads.plugins);
  } catch (error) {
    await threads.end();
    throw error;
  }
  for (const { file, name, platforms } of threads.plugins) {
    log.info({ file, platforms }, `plugin ${name}`);
    addPlatforms(platforms.map((platform) => [platform, null]));
  }
  const names = threads.plugins.flatMap(({ platforms }) => platforms);
  return new Map(
    names.map((name) => [
      name,
      { mainFile: null, create: () => new PluginPlatform(name, threads) },
    ]),
  );
}

export class PluginPlatform implements Platform {
  readonly #name: string;
  readonly #threads: PluginThreads;

  constructor(name: string, threads: PluginThreads) {
    this.#name = name;
    this.#threads = threads;
  }

  loaderFor(id: ServableId, folder: string): Loader<InferenceModel> {
    return new PluginLoader(this.#name, id, folder, this.#threads);
  }
}

interface Place {
  readonly thread: PluginThread;
  readonly key: number;
}

class PluginLoader implements Loader<InferenceModel> {
  readonly #platform: string;
  readonly #id: ServableId;
  readonly #folder: string;
  readonly #threads: PluginThreads;
  #place: Place | null = null;

  constructor(platform: string, id: ServableId, folder: string, threads: PluginThreads) {
    this.#platform = platform;
    this.#id = id;
    this.#folder = folder;
    this.#threads = threads;
  }

  async load(stop: AbortSignal): Promise<InferenceModel> {
    const thread = this.#threads.next();
    const { name, version } = this.#id;
    const place = { platform: this.#platform, folder: this.#folder, name, version };
    const key = await thread.loadVersion(place, stop);
    this.#place = { thread, key };
    try {
      const declared = declareModel(name, version, thread.signatureDefMap(key));
      return new DeclaredModel(declared, (run, done) => thread.run(key, run, done));
    } catch (error) {
      await thread.unloadVersion(key);
      throw ServingError.from(error);
    }
  }

  async unload(model: InferenceModel): Promise<void> {
    await model.unload();
    const place = this.#place;
    this.#place = null;
    await place?.thread.unloadVersion(place.key);
  }
}
