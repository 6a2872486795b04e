/**
 * Predict, Classify, Regress, MultiInference and SessionRun, free of any transport: request bytes and
 * deadline in, response bytes or an error out. The version is pinned from the lookup until the answer.
 */
import type { ServableHandle } from '../core/harness.js';
import { GRPC_ENTRY, type RequestMetrics } from '../metrics/request-metrics.js';
import { Method } from '../native/binding.js';
import type { Done } from '../native/calls.js';
import { jsonError, readModelSpec, type ModelSpec } from '../native/requests.js';
import type { InferenceModel, IsGone } from '../native/inference-model.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { resolve, type ModelCatalog, type VersionChoice } from './model-catalog.js';

/** The methods that REST has, by the names in its paths. */
export type JsonMethod = 'predict' | 'classify' | 'regress';

export class InferenceService {
  readonly #catalog: ModelCatalog;
  readonly #asTensorContent: boolean;
  readonly #metrics: RequestMetrics | null;

  /**
   * `asTensorContent` is about the outputs of Predict alone. `metrics` counts the serialized requests;
   * those of REST are counted by the transport, which sees more of them.
   */
  constructor(
    catalog: ModelCatalog,
    asTensorContent: boolean,
    metrics: RequestMetrics | null = null,
  ) {
    this.#catalog = catalog;
    this.#asTensorContent = asTensorContent;
    this.#metrics = metrics;
  }

  /** A serialized request to the serialized response. `timeoutMillis` 0 is none. */
  proto(
    method: keyof typeof Method,
    body: Uint8Array,
    timeoutMillis: number,
    done: Done<Uint8Array>,
    isGone?: IsGone,
  ): void {
    const number = Method[method];
    const startMillis = this.#metrics === null ? 0 : performance.now();
    let spec: ModelSpec | null = null;
    let handle: ServableHandle<InferenceModel>;
    try {
      spec = readModelSpec(body, number);
      handle = this.#handleFor(spec, number);
    } catch (error) {
      const refusal = ServingError.from(error);
      this.#count(method, spec, refusal, startMillis);
      done(refusal, null);
      return;
    }
    handle.servable.inferProto(
      number,
      body,
      timeoutMillis,
      this.#asTensorContent,
      (error, reply) => {
        handle.release();
        this.#count(method, spec, error, startMillis);
        done(error, reply);
      },
      isGone,
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
    isGone?: IsGone,
  ): void {
    const number = Method[method];
    let handle: ServableHandle<InferenceModel>;
    try {
      handle = resolve(this.#catalog, name, choice);
    } catch (error) {
      // Upstream reads the body before it looks for the model.
      done(jsonError(body, number) ?? ServingError.from(error), null);
      return;
    }
    const answer: typeof done = (error, reply) => {
      handle.release();
      done(error, reply);
    };
    handle.servable.inferJson(number, body, timeoutMillis, answer, isGone);
  }

  /** Upstream does not count MultiInference; SessionRun it does not have. */
  #count(
    method: keyof typeof Method,
    spec: ModelSpec | null,
    error: ServingError | null,
    startMillis: number,
  ): void {
    if (this.#metrics === null || method === 'multiInference' || method === 'sessionRun') return;
    const code = error === null ? StatusCode.OK : error.code;
    this.#metrics.ended(spec?.name ?? '', GRPC_ENTRY[method], code, startMillis);
  }

  #handleFor(spec: ModelSpec | null, method: Method): ServableHandle<InferenceModel> {
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
