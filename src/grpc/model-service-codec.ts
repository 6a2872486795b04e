/** ModelService's messages: small, so protobufjs reads and writes them. */
import type protobuf from 'protobufjs';

import { modelServerConfigOf } from '../config/model-config.js';
import { readModelSpec } from '../native/requests.js';
import { loadProtos } from '../protos/protos.js';
import type { ModelAdminService } from '../service/model-admin.js';
import type { ModelStatusService } from '../service/model-status.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export class ModelServiceCodec {
  readonly #modelStatus: ModelStatusService;
  readonly #modelAdmin: ModelAdminService;
  readonly #statusResponse: protobuf.Type;
  readonly #reloadRequest: protobuf.Type;
  readonly #reloadResponse: protobuf.Type;

  constructor(modelStatus: ModelStatusService, modelAdmin: ModelAdminService) {
    this.#modelStatus = modelStatus;
    this.#modelAdmin = modelAdmin;
    const root = loadProtos(
      ['get_model_status', 'model_management'].map(
        (name) => `tensorflow_serving/apis/${name}.proto`,
      ),
    );
    this.#statusResponse = root.lookupType('tensorflow.serving.GetModelStatusResponse');
    this.#reloadRequest = root.lookupType('tensorflow.serving.ReloadConfigRequest');
    this.#reloadResponse = root.lookupType('tensorflow.serving.ReloadConfigResponse');
  }

  /** A GetModelStatusRequest to its response. @throws ServingError */
  getModelStatus(request: Uint8Array): Uint8Array {
    const spec = readModelSpec(request);
    if (spec === null) {
      throw new ServingError(StatusCode.INVALID_ARGUMENT, 'Missing ModelSpec', [
        { field: 'model_spec', description: 'expected a model_spec, got none' },
      ]);
    }
    const statuses = this.#modelStatus.statuses(spec.name, spec.version);
    const message = this.#statusResponse.fromObject({
      model_version_status: statuses.map(({ version, state, error }) => ({
        version: String(version),
        state,
        status: { error_code: error?.code ?? 0, error_message: error?.message ?? '' },
      })),
    });
    return this.#statusResponse.encode(message).finish();
  }

  /** A ReloadConfigRequest to its response, when the new models serve. @throws ServingError */
  async handleReloadConfig(request: Uint8Array): Promise<Uint8Array> {
    const { config } = this.#reloadOf(request);
    await this.#modelAdmin.reload(modelServerConfigOf(config ?? {}));
    return this.#reloadResponse.encode({ status: { error_code: 0 } }).finish();
  }

  #reloadOf(request: Uint8Array): { config?: Record<string, unknown> } {
    try {
      const message = this.#reloadRequest.decode(request);
      return this.#reloadRequest.toObject(message, { longs: BigInt, enums: String });
    } catch (cause) {
      const message = 'The request is not a ReloadConfigRequest';
      throw new ServingError(StatusCode.INVALID_ARGUMENT, message, [], { cause });
    }
  }
}
