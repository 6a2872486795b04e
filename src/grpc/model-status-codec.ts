/** GetModelStatus's messages: small, so protobufjs reads and writes them. */
import type protobuf from 'protobufjs';

import type { Caller } from '../access/caller.js';
import { readModelSpec } from '../native/requests.js';
import { loadProtos } from '../protos/protos.js';
import type { ModelStatusService } from '../service/model-status.js';
import { ServingError, StatusCode } from '../status/serving-error.js';

export class ModelStatusCodec {
  readonly #modelStatus: ModelStatusService;
  readonly #response: protobuf.Type;

  constructor(modelStatus: ModelStatusService) {
    this.#modelStatus = modelStatus;
    const root = loadProtos(['tensorflow_serving/apis/get_model_status.proto']);
    this.#response = root.lookupType('tensorflow.serving.GetModelStatusResponse');
  }

  /** A GetModelStatusRequest to its response. @throws ServingError */
  getModelStatus(request: Uint8Array, caller: Caller): Uint8Array {
    const spec = readModelSpec(request);
    if (spec === null) {
      throw new ServingError(StatusCode.INVALID_ARGUMENT, 'Missing ModelSpec', [
        { field: 'model_spec', description: 'expected a model_spec, got none' },
      ]);
    }
    const statuses = this.#modelStatus.statuses(spec.name, spec.version, caller);
    const message = this.#response.fromObject({
      model_version_status: statuses.map(({ version, state, error }) => ({
        version: String(version),
        state,
        status: { error_code: error?.code ?? 0, error_message: error?.message ?? '' },
      })),
    });
    return this.#response.encode(message).finish();
  }
}
