/** HookLoader: a version that another loader brings into memory, with the signatures of the hooks put around it. */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import { declareModel, DeclaredModel, type RunDeclared } from '../native/declared-model.js';
import type { InferenceModel } from '../native/inference-model.js';
import { HookedModel } from '../servables/hooked-model.js';
import { readSignatures } from '../servables/signature-def-map.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { PluginThread } from './plugin-thread.js';
import type { PluginThreads } from './plugin-threads.js';

export interface HookLoaderOptions {
  readonly id: ServableId;
  /** The version's folder. */
  readonly folder: string;
  /** By their names; at least one. */
  readonly hooks: readonly string[];
  readonly threads: PluginThreads;
}

interface Attached {
  readonly hook: string;
  readonly thread: PluginThread;
  readonly key: number;
}

export class HookLoader implements Loader<InferenceModel> {
  readonly #loader: Loader<InferenceModel>;
  readonly #options: HookLoaderOptions;
  readonly ready?: (stop: AbortSignal) => Promise<void>;
  #attached: Attached[] = [];

  constructor(loader: Loader<InferenceModel>, options: HookLoaderOptions) {
    this.#loader = loader;
    this.#options = options;
    if (loader.ready !== undefined) this.ready = loader.ready.bind(loader);
  }

  async load(stop: AbortSignal): Promise<InferenceModel> {
    const own = await this.#loader.load(stop);
    try {
      for (const hook of this.#options.hooks) {
        this.#attached.push(await this.#attach(hook, own, stop));
      }
      return new HookedModel(own, this.#declared());
    } catch (error) {
      await this.#detach();
      await this.#loader.unload(own);
      throw ServingError.from(error);
    }
  }

  async unload(model: InferenceModel): Promise<void> {
    const { own, further } = model as HookedModel;
    await further.unload();
    await this.#detach();
    await this.#loader.unload(own);
  }

  async #attach(hook: string, model: InferenceModel, stop: AbortSignal): Promise<Attached> {
    const { id, folder, threads } = this.#options;
    const thread = threads.next();
    const signatures = model.signatureDefMap;
    const maker = { kind: 'hook', name: hook, signatures } as const;
    const key = await thread.loadVersion({ maker, folder, ...id, model }, stop);
    return { hook, thread, key };
  }

  /** @throws ServingError */
  #declared(): DeclaredModel {
    const { name, version } = this.#options.id;
    const runs = new Map<string, Attached>();
    const maps = this.#attached.map((attached) => {
      const { hook, thread, key } = attached;
      const map = thread.signatureDefMap(key);
      for (const signature of readSignatures(map).keys()) {
        const other = runs.get(signature);
        if (other !== undefined) {
          const message = `hooks ${other.hook} and ${hook} both have a signature ${JSON.stringify(signature)}`;
          throw new ServingError(StatusCode.FAILED_PRECONDITION, message, [], {
            isPermanent: true,
          });
        }
        runs.set(signature, attached);
      }
      return map;
    });
    const run: RunDeclared = (request, done) => {
      const attached = runs.get(request.signature === '' ? 'serving_default' : request.signature);
      if (attached === undefined) throw new Error(`no hook has signature ${request.signature}`);
      attached.thread.run(attached.key, request, done);
    };
    return new DeclaredModel(declareModel(name, version, Buffer.concat(maps)), run);
  }

  async #detach(): Promise<void> {
    for (const { thread, key } of this.#attached.splice(0)) await thread.unloadVersion(key);
  }
}
