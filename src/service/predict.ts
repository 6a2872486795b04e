/**
 * Predict, free of any transport: request bytes and deadline in, response bytes or an error out. The
 * version is pinned from the lookup until the answer.
 */
import type { Done } from '../native/calls.js';
import { predictJsonError, readModelSpec } from '../native/requests.js';
import type { SavedModel } from '../native/saved-model.js';
import type { ServableHandle } from '../core/harness.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { resolve, type ModelCatalog, type VersionChoice } from './model-catalog.js';

export class PredictService {
  readonly #catalog: ModelCatalog;
  readonly #asTensorContent: boolean;

  constructor(catalog: ModelCatalog, asTensorContent: boolean) {
    this.#catalog = catalog;
    this.#asTensorContent = asTensorContent;
  }

  /** A serialized PredictRequest to a serialized PredictResponse. `timeoutMillis` 0 is none. */
  predictProto(body: Uint8Array, timeoutMillis: number, done: Done<Uint8Array>): void {
    let handle: ServableHandle<SavedModel>;
    try {
      const spec = readModelSpec(body);
      if (spec === null) {
        throw new ServingError(StatusCode.INVALID_ARGUMENT, 'Missing ModelSpec');
      }
      if (spec.name === '') {
        throw new ServingError(StatusCode.INVALID_ARGUMENT, 'ModelSpec has no name specified.');
      }
      handle = resolve(this.#catalog, spec.name, spec);
    } catch (error) {
      done(ServingError.from(error), null);
      return;
    }
    handle.servable.predictProto(body, timeoutMillis, this.#asTensorContent, (error, reply) => {
      handle.release();
      done(error, reply);
    });
  }

  /**
   * A REST predict body to the reply body. OWNERSHIP: a body above decodeOnLoopBytes() must stay as
   * it is until `done`.
   */
  predictJson(
    name: string,
    choice: VersionChoice,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
  ): void {
    let handle: ServableHandle<SavedModel>;
    try {
      handle = resolve(this.#catalog, name, choice);
    } catch (error) {
      // Upstream reads the body before it looks for the model.
      done(predictJsonError(body) ?? ServingError.from(error), null);
      return;
    }
    handle.servable.predictJson(body, timeoutMillis, (error, reply) => {
      handle.release();
      done(error, reply);
    });
  }
}
