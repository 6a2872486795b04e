/**
 * SavedModelLoader: one SavedModel directory into the addon and out of it, after the checks that upstream
 * makes before TensorFlow looks at the directory.
 */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import { addon } from '../native/addon.js';
import type { NativePlanOptions, RowPolicy } from '../native/binding.js';
import type { NativeWarmup, NativeWarmupOptions } from '../native/warmup.js';
import { SavedModel } from '../native/saved-model.js';
import { ServingError } from '../status/serving-error.js';
import type { ExecutionPlans } from './execution-plans.js';
import type { LoadMemory } from './load-memory.js';
import { explainMissingOp } from './missing-ops.js';
import type { ModelOpLibraries } from './op-libraries.js';
import type { ResponseCaches } from './response-caches.js';
import { checkVersionFolder } from './version-folder-check.js';

export interface SavedModelLoaderOptions {
  readonly tags: readonly string[];
  /** Serialized tensorflow.ConfigProto. */
  readonly configProto: Uint8Array;
  readonly runInCallerThread: boolean;
  readonly checkMethodNames: boolean;
  /** See NativeLoadOptions; absent: false. */
  readonly rows?: RowPolicy | null;
  /** See NativeLoadOptions; absent: none. */
  readonly refusedOps?: readonly string[];
  /** Null: no warm-up. */
  readonly warmup: NativeWarmupOptions | null;
  /** Called after each warm-up, whether it failed or not. */
  readonly onWarmup: (id: ServableId, path: string, warmup: NativeWarmup) => void;
  /** Shared by all loaders of a server; null checks nothing. */
  readonly memory: LoadMemory | null;
  readonly opLibraries: ModelOpLibraries;
  /** Null: graphs are executed as they were saved. */
  readonly plans: ExecutionPlans | null;
  /** Told of what is loaded. */
  readonly caches?: ResponseCaches;
}

/** Texts about the files as they are, TensorFlow's and ours: another attempt at them is no use. */
const PERMANENT =
  /^(?:Op type not registered|Could not find meta graph def matching supplied tags|--refuse_ops: )/;

export class SavedModelLoader implements Loader<SavedModel> {
  readonly #id: ServableId;
  readonly #path: string;
  readonly #options: SavedModelLoaderOptions;

  constructor(id: ServableId, path: string, options: SavedModelLoaderOptions) {
    this.#id = id;
    this.#path = path;
    this.#options = options;
  }

  async load(stop: AbortSignal | null = null): Promise<SavedModel> {
    await checkVersionFolder(this.#id, this.#path);
    const { memory, opLibraries, plans, warmup, onWarmup, caches, ...options } = this.#options;
    const reservation = await memory?.reserve(this.#id, this.#path);
    try {
      await opLibraries.prepare(this.#id, this.#path);
      const load = (plan: NativePlanOptions | null): Promise<SavedModel> =>
        SavedModel.load(
          { ...this.#id, path: this.#path, ...options, ...(plan && { plan }) },
          warmup && { ...warmup, onWarmup: (outcome) => onWarmup(this.#id, this.#path, outcome) },
          stop,
        );
      const model = await (plans?.load(this.#id, this.#path, reservation, load) ?? load(null));
      caches?.loaded(this.#id, model);
      return model;
    } catch (error) {
      const explained = explainMissingOp(error, () => addon().tensorflowVersion());
      throw withPermanence(ServingError.from(explained));
    } finally {
      reservation?.release();
    }
  }

  unload(servable: SavedModel): Promise<void> {
    return servable.unload();
  }
}

function withPermanence(error: ServingError): ServingError {
  const { code, message, violations, isPermanent } = error;
  if (isPermanent || !PERMANENT.test(message)) return error;
  return new ServingError(code, message, violations, { cause: error, isPermanent: true });
}
