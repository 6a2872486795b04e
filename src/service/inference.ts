/**
 * Predict, Classify, Regress, MultiInference and SessionRun, free of any transport: request bytes and
 * deadline in, response bytes or an error out. The version is pinned from the lookup until the answer.
 */
import { AccessMethod, EVERY_MODEL, type Caller, type Ticket } from '../access/caller.js';
import type { ServableHandle } from '../core/harness.js';
import { GRPC_ENTRY, type RequestMetrics } from '../metrics/request-metrics.js';
import type { Done } from '../native/calls.js';
import { jsonError, readModelSpec, type ModelSpec } from '../native/requests.js';
import type { InferenceModel } from '../native/inference-model.js';
import { Method } from '../native/values.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import type { ServableId } from '../core/servable.js';
import { servableAttributes } from '../tracing/tracer.js';
import { resolve, type ModelCatalog, type VersionChoice } from './model-catalog.js';
import type { RequestContext } from './request-context.js';
import type { ShadowRequest, ShadowTraffic } from './shadow-traffic.js';
import { stickyKeyOf, type Headers } from './sticky-key.js';

/** The methods that REST has, by the names in its paths. */
export type JsonMethod = 'predict' | 'classify' | 'regress';

export interface InferenceOptions {
  readonly catalog: ModelCatalog;
  /** About the outputs of Predict alone. */
  readonly asTensorContent: boolean;
  /** Counts the serialized requests; those of REST are counted by the transport, which sees more. */
  readonly metrics: RequestMetrics | null;
  /** As stickyHeaderOf() gives it. */
  readonly stickyHeader: string | null;
  readonly shadows: ShadowTraffic;
}

export class InferenceService {
  readonly #catalog: ModelCatalog;
  readonly #asTensorContent: boolean;
  readonly #metrics: RequestMetrics | null;
  readonly #stickyHeader: string | null;
  readonly #shadows: ShadowTraffic;

  constructor(options: InferenceOptions) {
    this.#catalog = options.catalog;
    this.#asTensorContent = options.asTensorContent;
    this.#metrics = options.metrics;
    this.#stickyHeader = options.stickyHeader;
    this.#shadows = options.shadows;
  }

  /** A serialized request to the serialized response. `timeoutMillis` 0 is none. */
  proto(
    method: keyof typeof Method,
    body: Uint8Array,
    timeoutMillis: number,
    done: Done<Uint8Array>,
    context: RequestContext,
  ): void {
    const { headers, caller, trace } = context;
    const number = Method[method];
    const startMillis = this.#metrics === null ? 0 : performance.now();
    let spec: ModelSpec | null = null;
    let ticket: Ticket | null = null;
    let handle: ServableHandle<InferenceModel>;
    try {
      spec = readModelSpec(body, number);
      ticket = admitted(caller, method, spec?.name ?? '');
      handle = this.#handleFor(spec, number, headers);
      trace?.set(servableAttributes(handle.id.name, handle.id.version));
    } catch (error) {
      ticket?.release();
      const refusal = ServingError.from(error);
      this.#count(method, spec, refusal, startMillis);
      done(refusal, null);
      return;
    }
    // SessionRun may change the session it runs in.
    const shadow = method === 'sessionRun' ? null : this.#sampled(handle.id, number, false, body);
    handle.servable.inferProto(
      number,
      body,
      timeoutMillis,
      this.#asTensorContent,
      (error, reply) => {
        handle.release();
        ticket.release();
        this.#count(method, spec, error, startMillis);
        done(error, reply);
        shadow?.answered(error, reply);
      },
      context,
    );
  }

  /**
   * A REST body to the reply body. OWNERSHIP: a body above decodeOnLoopBytes() must stay as it is
   * until `done`; an ArrayBuffer is given away. `key` is the sticky key. Returns what answers; null where
   * `done` has an error.
   */
  json(
    method: JsonMethod,
    name: string,
    choice: VersionChoice,
    key: string | null,
    body: Uint8Array | ArrayBuffer,
    timeoutMillis: number,
    done: Done<string | Uint8Array>,
    context: Omit<RequestContext, 'headers'>,
  ): ServableId | null {
    const { caller, trace } = context;
    const number = Method[method];
    let ticket: Ticket;
    try {
      ticket = caller.admit(AccessMethod.infer, name);
    } catch (error) {
      done(ServingError.from(error), null);
      return null;
    }
    let handle: ServableHandle<InferenceModel>;
    try {
      handle = resolve(this.#catalog, name, choice, key);
    } catch (error) {
      ticket.release();
      // Upstream reads the body before it looks for the model.
      done(jsonError(body, number) ?? ServingError.from(error), null);
      return null;
    }
    const shadow = this.#sampled(handle.id, number, true, body);
    const answer: typeof done = (error, reply) => {
      handle.release();
      ticket.release();
      done(error, reply);
      shadow?.answered(error, reply);
    };
    trace?.set(servableAttributes(handle.id.name, handle.id.version));
    const { servable, id } = handle;
    servable.inferJson(number, body, timeoutMillis, answer, context);
    return id;
  }

  /**
   * Counts a request that failed outside, with the error that its client gets. Those that succeed
   * there are counted there, too.
   */
  failedElsewhere(method: JsonMethod, body: Uint8Array, error: ServingError): void {
    if (this.#metrics === null) return;
    let spec: ModelSpec | null = null;
    try {
      spec = readModelSpec(body, Method[method]);
    } catch {
      // It has no name then, as in proto().
    }
    this.#count(method, spec, error, 0);
  }

  /** Whether the label's requests go to several versions. */
  isShared(name: string, label: string): boolean {
    return this.#catalog.isShared(name, label);
  }

  #sampled(
    { name, version }: ServableId,
    method: Method,
    isJson: boolean,
    body: Uint8Array | ArrayBuffer,
  ): ShadowRequest | null {
    const shadows = this.#shadows;
    if (!shadows.isOn) return null;
    return shadows.sample(name, version, method, isJson, this.#asTensorContent, body);
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

  #handleFor(
    spec: ModelSpec | null,
    method: Method,
    headers: Headers,
  ): ServableHandle<InferenceModel> {
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
    const readsKey = spec.label !== null && this.#stickyHeader !== null;
    const key = readsKey ? stickyKeyOf(headers.get(this.#stickyHeader)[0]) : null;
    return resolve(this.#catalog, spec.name, spec, key);
  }
}

/** SessionRun reaches into the whole graph, and may change it. @throws ServingError */
function admitted(caller: Caller, method: keyof typeof Method, name: string): Ticket {
  if (method === 'sessionRun') return caller.admit(AccessMethod.admin, EVERY_MODEL);
  return caller.admit(AccessMethod.infer, name);
}
