/**
 * Predict, Classify, Regress, MultiInference and SessionRun, free of any transport: request bytes and
 * deadline in, response bytes or an error out. The version is pinned from the lookup until the answer.
 */
import type { ServableHandle } from '../core/harness.js';
import { Method } from '../native/binding.js';
import type { Done } from '../native/calls.js';
import { jsonError, readModelSpec } from '../native/requests.js';
import type { SavedModel } from '../native/saved-model.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { resolve, type ModelCatalog, type VersionChoice } from './model-catalog.js';

/** The methods that REST has, by the names in its paths. */
export type JsonMethod = 'predict' | 'classify' | 'regress';

export class InferenceService {
  readonly #catalog: ModelCatalog;
  readonly #asTensorContent: boolean;

  /** `asTensorContent` is about the outputs of Predict alone. */
  constructor(catalog: ModelCatalog, asTensorContent: boolean) {
    this.#catalog = catalog;
    this.#asTensorContent = asTensorContent;
  }

  /** A serialized request to the serialized response. `timeoutMillis` 0 is none. */
  proto(
    method: keyof typeof Method,
    body: Uint8Array,
    timeoutMillis: number,
    done: Done<Uint8Array>,
  ): void {
    const number = Method[method];
    let handle: ServableHandle<SavedModel>;
    try {
      handle = this.#handleFor(body, number);
    } catch (error) {
      done(ServingError.from(error), null);
      return;
    }
    handle.servable.inferProto(
      number,
      body,
      timeoutMillis,
      this.#asTensorContent,
      (error, reply) => {
        handle.release();
        done(error, reply);
      },
    );
  }

  /**
   * A REST body to the reply body. OWNERSHIP: a body above decodeOnLoopBytes() must stay as it is
   * until `done`.
   */
  json(
    method: JsonMethod,
    name: string,
    choice: VersionChoice,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
  ): void {
    const number = Method[method];
    let handle: ServableHandle<SavedModel>;
    try {
      handle = resolve(this.#catalog, name, choice);
    } catch (error) {
      // Upstream reads the body before it looks for the model.
      done(jsonError(body, number) ?? ServingError.from(error), null);
      return;
    }
    handle.servable.inferJson(number, body, timeoutMillis, (error, reply) => {
      handle.release();
      done(error, reply);
    });
  }

  #handleFor(body: Uint8Array, method: Method): ServableHandle<SavedModel> {
    const spec = readModelSpec(body, method);
    if (spec === null && method !== Method.multiInference) {
      throw new ServingError(StatusCode.INVALID_ARGUMENT, 'Missing ModelSpec', [
        { field: 'model_spec', description: 'expected a model_spec, got none' },
      ]);
    }
    if (spec === null || spec.name === '') {
      const field = method === Method.multiInference ? 'tasks[0].model_spec' : 'model_spec';
      throw new ServingError(StatusCode.INVALID_ARGUMENT, 'ModelSpec has no name specified.', [
        { field: `${field}.name`, description: 'expected the name of a model, got none' },
      ]);
    }
    return resolve(this.#catalog, spec.name, spec);
  }
}
