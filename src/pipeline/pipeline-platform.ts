/** The platform of pipelines: versions whose folder holds a pipeline.pbtxt. See docs/pipelines.md. */
import type { Loader } from '../core/loader.js';
import type { ServableId } from '../core/servable.js';
import type { InferenceModel } from '../native/inference-model.js';
import type { Platform, PlatformContext } from '../servables/platform.js';
import { PipelineLoader } from './pipeline-loader.js';
import { Recursion } from './recursion.js';

export class PipelinePlatform implements Platform {
  readonly #context: PlatformContext;
  readonly #recursion = new Recursion();

  constructor(context: PlatformContext) {
    this.#context = context;
  }

  loaderFor(id: ServableId, path: string): Loader<InferenceModel> {
    const { flags, log, models } = this.#context;
    const waitMillis = flags.model_reload_wait_seconds * 1000;
    return new PipelineLoader({ id, path, models, recursion: this.#recursion, log, waitMillis });
  }
}
