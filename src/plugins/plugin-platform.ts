/** The platforms of plugins: a version lives in one plugin thread, and is a DeclaredModel to those who serve it. */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import { declareModel, DeclaredModel } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { Platform } from '../servables/platform.js';
import { ServingError } from '../status/serving-error.js';
import type { PluginThread } from './plugin-thread.js';
import type { PluginThreads } from './plugin-threads.js';

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
    const maker = { kind: 'platform', name: this.#platform } as const;
    const place = { maker, folder: this.#folder, name, version, model: null };
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
