/** ModelService's messages: small, so protobufjs reads and writes them. */
import type protobuf from 'protobufjs';

import type { Caller } from '../access/caller.js';
import { modelServerConfigOf } from '../config/model-config.js';
import type { LifecycleMetrics, MetricIncrease } from '../metrics/lifecycle-metrics.js';
import { loadProtos } from '../protos/protos.js';
import type { ModelAdminService } from '../service/model-admin.js';
import type { ModelStatusService } from '../service/model-status.js';
import { ServingError, StatusCode } from '../status/serving-error.js';
import { ModelStatusCodec } from './model-status-codec.js';

/** Requests to responses. @throws ServingError, both */
export interface ModelServiceMessages {
  getModelStatus(request: Uint8Array, caller: Caller): Uint8Array;
  /** Resolves when the new models serve; `signal` ends the wait for them. */
  handleReloadConfig(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

/** A ReloadConfigRequest in its plain form. */
interface ReloadMessage {
  readonly config?: Record<string, unknown>;
  readonly metric_names?: readonly string[];
}

export class ModelServiceCodec implements ModelServiceMessages {
  readonly #status: ModelStatusCodec;
  readonly #modelAdmin: ModelAdminService;
  readonly #metrics: LifecycleMetrics | null;
  readonly #reloadRequest: protobuf.Type;
  readonly #reloadResponse: protobuf.Type;

  /** `metrics` null: nothing is counted, and every metric that a reload asks for has grown by 0. */
  constructor(
    modelStatus: ModelStatusService,
    modelAdmin: ModelAdminService,
    metrics: LifecycleMetrics | null,
  ) {
    this.#status = new ModelStatusCodec(modelStatus);
    this.#modelAdmin = modelAdmin;
    this.#metrics = metrics;
    const root = loadProtos(['tensorflow_serving/apis/model_management.proto']);
    this.#reloadRequest = root.lookupType('tensorflow.serving.ReloadConfigRequest');
    this.#reloadResponse = root.lookupType('tensorflow.serving.ReloadConfigResponse');
  }

  getModelStatus(request: Uint8Array, caller: Caller): Uint8Array {
    return this.#status.getModelStatus(request, caller);
  }

  async handleReloadConfig(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const { config, metric_names: names } = this.#reloadOf(request);
      const increases = this.#watch(new Set(names));
      await this.#modelAdmin.reload(modelServerConfigOf(config ?? {}), signal);
      this.#metrics?.reloaded(null);
      const metric = increases();
      return this.#reloadResponse.encode({ status: { error_code: 0 }, metric }).finish();
    } catch (thrown) {
      const error = ServingError.from(thrown);
      this.#metrics?.reloaded(error);
      throw error;
    }
  }

  #watch(names: ReadonlySet<string>): () => MetricIncrease[] {
    const none = (name: string): MetricIncrease => ({ name, int64_value_increase: 0 });
    return this.#metrics?.watch(names) ?? ((): MetricIncrease[] => [...names].map(none));
  }

  #reloadOf(request: Uint8Array): ReloadMessage {
    try {
      const message = this.#reloadRequest.decode(request);
      return this.#reloadRequest.toObject(message, { longs: BigInt, enums: String });
    } catch (cause) {
      const message = 'The request is not a ReloadConfigRequest';
      throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
    }
  }
}
