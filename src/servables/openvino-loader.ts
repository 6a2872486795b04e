/** OpenVinoLoader: a TFLite or ONNX file of a version's folder into the addon, and out of it. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { MODEL_FILES } from '../core/model-files.js';
import type { Loader } from '../core/loader.js';
import { servableIdText, type ServableId } from '../core/servable.js';
import type { Log } from '../log/log.js';
import type { RowPolicy } from '../native/binding.js';
import type { NativeWarmup, NativeWarmupOptions } from '../native/warmup.js';
import type { ModelFormat } from '../native/openvino.js';
import { SavedModel } from '../native/saved-model.js';
import { fileError } from '../status/file-error.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { LoadMemory } from './load-memory.js';

export interface OpenVinoLoaderOptions {
  /** Path of libopenvino_c.so, once it is there; rejects where it cannot be had. */
  readonly library: () => Promise<string>;
  /** Null: no warm-up. */
  readonly warmup: NativeWarmupOptions | null;
  /** See NativeLoadOptions; absent: null. */
  readonly rows?: RowPolicy | null;
  readonly onWarmup: (id: ServableId, path: string, warmup: NativeWarmup) => void;
  /** Null checks nothing. */
  readonly memory: LoadMemory | null;
  readonly log: Log;
}

/** About the files as they are: another attempt at them is no use. */
const PERMANENT: ReadonlySet<StatusCode> = new Set([
  StatusCode.INVALID_ARGUMENT,
  StatusCode.UNIMPLEMENTED,
]);

export class OpenVinoLoader implements Loader<SavedModel> {
  readonly #id: ServableId;
  readonly #path: string;
  readonly #format: ModelFormat;
  readonly #options: OpenVinoLoaderOptions;

  /** `path`: the version's folder. */
  constructor(id: ServableId, path: string, format: ModelFormat, options: OpenVinoLoaderOptions) {
    this.#id = id;
    this.#path = path;
    this.#format = format;
    this.#options = options;
  }

  async load(stop: AbortSignal | null = null): Promise<SavedModel> {
    const { memory, warmup, rows = null, onWarmup, log } = this.#options;
    const file = await this.#file();
    const reservation = await memory?.reserve(this.#id, this.#path);
    try {
      const library = await this.#library();
      const { model, version, leftOut } = await SavedModel.loadFile(
        { ...this.#id, path: this.#path, file, format: this.#format, library, rows },
        warmup && { ...warmup, onWarmup: (outcome) => onWarmup(this.#id, this.#path, outcome) },
        stop,
      );
      const notServed = Object.keys(leftOut).length > 0 && { notServed: leftOut };
      log.info(
        { servable: servableIdText(this.#id), openvino: version, ...notServed },
        'run by OpenVINO',
      );
      return model;
    } catch (error) {
      const { code, message, violations, isPermanent } = ServingError.from(error);
      const refusal = { cause: error, isPermanent: isPermanent || PERMANENT.has(code) };
      throw new ServingError(code, message, violations, refusal);
    } finally {
      reservation?.release();
    }
  }

  unload(servable: SavedModel): Promise<void> {
    return servable.unload();
  }

  async #file(): Promise<string> {
    const name = MODEL_FILES[this.#format];
    const names = await readdir(this.#path).catch((cause: unknown) => {
      throw fileError(this.#path, cause);
    });
    if (names.includes(name)) return join(this.#path, name);
    const message = `${this.#path} has no ${name}`;
    throw new ServingError(StatusCode.NOT_FOUND, message);
  }

  async #library(): Promise<string> {
    try {
      return await this.#options.library();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `${MODEL_FILES[this.#format]} is run by OpenVINO, which cannot be had: ${why}`;
      throw new ServingError(StatusCode.FAILED_PRECONDITION, message, [], { cause });
    }
  }
}
