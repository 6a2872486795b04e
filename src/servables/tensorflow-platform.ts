/**
 * The platform of SavedModels: loaded with a plan and a warm-up, and batched. A TFLite or ONNX file in the place of
 * one is served too.
 */
import { readdir } from 'node:fs/promises';

import { refusedOpsOf } from '../config/refused-ops.js';
import type { Loader } from '../core/loader.js';
import { modelFileIn } from '../core/model-files.js';
import type { ServableId } from '../core/servable.js';
import type { RowPolicy } from '../native/binding.js';
import type { InferenceModel } from '../native/inference-model.js';
import { BatchedLoader } from './batched-loader.js';
import { ModelOpLibraries } from './op-libraries.js';
import { OpenVinoPlatform } from './openvino-platform.js';
import type { Platform, PlatformContext } from './platform.js';
import { SavedModelLoader, type SavedModelLoaderOptions } from './saved-model-loader.js';

export class TensorFlowPlatform implements Platform {
  readonly #context: PlatformContext;
  readonly #options: Omit<SavedModelLoaderOptions, 'warmup'>;
  readonly #files: { readonly tflite: Platform; readonly onnx: Platform };

  constructor(context: PlatformContext) {
    const { flags, log, tags, configProto, runInCallerThread, plans, onWarmup } = context;
    const { responseCaches: caches, memory } = context;
    this.#context = context;
    this.#options = {
      tags,
      configProto,
      runInCallerThread,
      checkMethodNames: flags.enable_signature_method_name_check,
      refusedOps: refusedOpsOf(flags.refuse_ops),
      memory,
      opLibraries: new ModelOpLibraries(flags.allow_model_op_libraries, log),
      plans,
      caches,
      onWarmup,
    };
    this.#files = {
      tflite: new OpenVinoPlatform('tflite', context),
      onnx: new OpenVinoPlatform('onnx', context),
    };
  }

  /** Which model a folder holds is known when it is loaded: until then its files may change. */
  loaderFor(id: ServableId, path: string): Loader<InferenceModel> {
    const prefersTflite = this.#context.flags.prefer_tflite_model;
    return {
      load: async (stop) => {
        const names = await readdir(path).catch(() => []); // the SavedModel's loader says what is wrong
        const format = modelFileIn(names, prefersTflite);
        const loader =
          format === null
            ? this.#savedModelLoader(id, path)
            : this.#files[format].loaderFor(id, path);
        return loader.load(stop);
      },
      unload: (model) => model.unload(),
    };
  }

  #savedModelLoader(id: ServableId, path: string): Loader<InferenceModel> {
    const { flags, batchedSignatures: signatures } = this.#context;
    const iterations = Math.max(1, flags.num_request_iterations_for_warmup);
    const loaderFor = (batchRows: readonly number[], rows: RowPolicy | null): SavedModelLoader => {
      const warmup = flags.enable_model_warmup
        ? { iterations, synthetic: flags.synthetic_warmup, batchRows }
        : null;
      return new SavedModelLoader(id, path, { ...this.#options, rows, warmup });
    };
    const batching = this.#context.batching();
    if (batching === null) return loaderFor([], null);
    return new BatchedLoader({ id, path, batching, loaderFor, signatures });
  }
}
