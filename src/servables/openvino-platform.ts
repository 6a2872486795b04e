/** The platforms of TFLite and ONNX files: model.tflite or model.onnx in a version's folder, run by OpenVINO. */
import { MODEL_FILES } from '../core/model-files.js';
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { ModelFormat } from '../native/openvino.js';
import { OpenVinoLoader, type OpenVinoLoaderOptions } from './openvino-loader.js';
import type { Platform, PlatformContext, PlatformKind } from './platform.js';

export class OpenVinoPlatform implements Platform {
  readonly #format: ModelFormat;
  readonly #options: OpenVinoLoaderOptions;

  constructor(format: ModelFormat, { flags, log, memory, openVino, onWarmup }: PlatformContext) {
    this.#format = format;
    const iterations = Math.max(1, flags.num_request_iterations_for_warmup);
    const synthetic = flags.synthetic_warmup;
    const warmup = flags.enable_model_warmup ? { iterations, synthetic, batchRows: [] } : null;
    this.#options = { library: openVino, warmup, onWarmup, memory, log };
  }

  loaderFor(id: ServableId, path: string): Loader<InferenceModel> {
    return new OpenVinoLoader(id, path, this.#format, this.#options);
  }
}

export function openVinoPlatform(format: ModelFormat): PlatformKind {
  return {
    mainFile: MODEL_FILES[format],
    create: (context) => new OpenVinoPlatform(format, context),
  };
}
