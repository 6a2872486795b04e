/**
 * SavedModelLoader: one SavedModel directory into the addon and out of it. Makes the checks that
 * upstream makes before TensorFlow looks at the directory, with upstream's texts.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import { addon } from '../native/addon.js';
import type {
  NativePlanOptions,
  NativeWarmup,
  NativeWarmupOptions,
  RowPolicy,
} from '../native/binding.js';
import { SavedModel } from '../native/saved-model.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { ExecutionPlans } from './execution-plans.js';
import type { LoadMemory } from './load-memory.js';
import { explainMissingOp } from './missing-ops.js';
import type { ModelOpLibraries } from './op-libraries.js';

export interface SavedModelLoaderOptions {
  readonly tags: readonly string[];
  /** Serialized tensorflow.ConfigProto. */
  readonly configProto: Uint8Array;
  readonly runInCallerThread: boolean;
  readonly checkMethodNames: boolean;
  /** See NativeLoadOptions; absent: false. */
  readonly rows?: RowPolicy | null;
  /** Null: no warm-up. */
  readonly warmup: NativeWarmupOptions | null;
  /** Called after each warm-up, whether it failed or not. */
  readonly onWarmup: (id: ServableId, path: string, warmup: NativeWarmup) => void;
  /** Shared by all loaders of a server; null checks nothing. */
  readonly memory: LoadMemory | null;
  readonly opLibraries: ModelOpLibraries;
  /** Null: graphs are executed as they were saved. */
  readonly plans: ExecutionPlans | null;
}

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
    await this.#checkDirectory();
    const { memory, opLibraries, plans, warmup, onWarmup, ...options } = this.#options;
    const reservation = await memory?.reserve(this.#id, this.#path);
    try {
      await opLibraries.prepare(this.#id, this.#path);
      const load = (plan: NativePlanOptions | null): Promise<SavedModel> =>
        SavedModel.load(
          { ...this.#id, path: this.#path, ...options, ...(plan && { plan }) },
          warmup && { ...warmup, onWarmup: (outcome) => onWarmup(this.#id, this.#path, outcome) },
          stop,
        );
      if (plans === null) return await load(null);
      return await plans.load(this.#id, this.#path, reservation, load);
    } catch (error) {
      throw explainMissingOp(error, () => addon().tensorflowVersion());
    } finally {
      reservation?.release();
    }
  }

  unload(servable: SavedModel): Promise<void> {
    return servable.unload();
  }

  async #checkDirectory(): Promise<void> {
    if (await this.#has('export.meta')) {
      throw new ServingError(StatusCode.UNIMPLEMENTED, 'Session Bundle is deprecated and removed.');
    }
    if ((await this.#has('saved_model.pb')) || (await this.#has('saved_model.pbtxt'))) return;
    throw new ServingError(
      StatusCode.NOT_FOUND,
      'Specified file path does not appear to contain a SavedModel bundle (should have a file ' +
        `called \`saved_model.pb\`)\nSpecified file path: ${this.#path}`,
    );
  }

  async #has(file: string): Promise<boolean> {
    try {
      await access(join(this.#path, file));
      return true;
    } catch {
      return false;
    }
  }
}
