/** CatalogFollower: who tells other threads what is served, and waits until they use it no more. */
import type { Loader } from './core/loader.js';
import type { InferenceModel } from './native/inference-model.js';

export interface CatalogFollower {
  /** A version of the model has another state. */
  changed(name: string): void;
  /** Another configuration is in force. */
  configured(): void;
  /** Resolves when nobody there uses the model, which is not AVAILABLE any more. */
  retired(model: InferenceModel): Promise<void>;
}

/** A loader that unloads nothing that other threads use. */
export function followed(
  loader: Loader<InferenceModel>,
  follower: CatalogFollower | null,
): Loader<InferenceModel> {
  if (follower === null) return loader;
  return {
    ...(loader.ready && { ready: loader.ready.bind(loader) }),
    load: (stop) => loader.load(stop),
    unload: async (model) => {
      await follower.retired(model);
      await loader.unload(model);
    },
  };
}
