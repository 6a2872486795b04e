/** The platforms of TFLite and ONNX files: model.tflite or model.onnx in a version's folder, run by OpenVINO. */
import { MODEL_FILES } from '../core/model-files.js';
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { RowPolicy } from '../native/binding.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { ModelFormat } from '../native/openvino.js';
import { BatchedLoader } from './batched-loader.js';
import { OpenVinoLoader, type OpenVinoLoaderOptions } from './openvino-loader.js';
import type { Platform, PlatformContext, PlatformKind } from './platform.js';

export class OpenVinoPlatform implements Platform {
  readonly #format: ModelFormat;
  readonly #context: PlatformContext;
  readonly #options: Omit<OpenVinoLoaderOptions, 'rows'>;

  constructor(format: ModelFormat, context: PlatformContext) {
    const { flags, log, memory, openVino, onWarmup } = context;
    this.#format = format;
    this.#context = context;
    const iterations = Math.max(1, flags.num_request_iterations_for_warmup);
    const synthetic = flags.synthetic_warmup;
    const warmup = flags.enable_model_warmup ? { iterations, synthetic, batchRows: [] } : null;
    this.#options = { library: openVino, warmup, onWarmup, memory, log };
  }

  loaderFor(id: ServableId, path: string): Loader<InferenceModel> {
    const { batchedSignatures: signatures } = this.#context;
    const loaderWith = (rows: RowPolicy | null): OpenVinoLoader =>
      new OpenVinoLoader(id, path, this.#format, { ...this.#options, rows });
    const batching = this.#context.batching();
    if (batching === null) return loaderWith(null);
    // Only on proof, whoever asks for batches; of any size, since one model runs all.
    const loaderFor = (_batchRows: readonly number[], rows: RowPolicy | null): OpenVinoLoader =>
      loaderWith(rows ?? 'prove');
    return new BatchedLoader({ id, path, batching, loaderFor, signatures });
  }
}

export function openVinoPlatform(format: ModelFormat): PlatformKind {
  return {
    mainFile: MODEL_FILES[format],
    create: (context) => new OpenVinoPlatform(format, context),
  };
}
