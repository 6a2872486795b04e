/** gRPC as a Node client speaks it: grpc-js, with messages by protobufjs from protos/. */
import * as grpc from '@grpc/grpc-js';

import { loadProtos } from '../../src/protos/protos.js';

const root = loadProtos([
  'tensorflow_serving/apis/prediction_service.proto',
  'tensorflow_serving/apis/model_service.proto',
  'tensorflow_serving/apis/session_service.proto',
]);

export interface RpcError {
  readonly code: number;
  readonly details: string;
}

const bytes = (buffer: Buffer): Buffer => buffer;

export class GrpcClient {
  readonly #client: grpc.Client;

  constructor(
    address: string,
    credentials = grpc.credentials.createInsecure(),
    options: grpc.ClientOptions = {},
  ) {
    this.#client = new grpc.Client(address, credentials, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      ...options,
    });
  }

  close(): void {
    this.#client.close();
  }

  /** Any bytes as the request; rejects with an RpcError. */
  raw(
    path: string,
    request: Uint8Array,
    deadlineMillis = 30_000,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        bytes,
        bytes,
        Buffer.from(request),
        grpc.Metadata.fromHttp2Headers(headers),
        { deadline: Date.now() + deadlineMillis },
        (error, reply) => {
          if (error === null) resolve(reply as Buffer);
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an RpcError is what callers look at
          else reject({ code: error.code, details: error.details } satisfies RpcError);
        },
      );
    });
  }

  predict(
    request: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, unknown>> {
    return this.#call(PREDICT, 'PredictRequest', request, 'PredictResponse', headers);
  }

  classify(request: object): Promise<Record<string, unknown>> {
    const path = `${PREDICTION_SERVICE}/Classify`;
    return this.#call(path, 'ClassificationRequest', request, 'ClassificationResponse');
  }

  regress(request: object): Promise<Record<string, unknown>> {
    const path = `${PREDICTION_SERVICE}/Regress`;
    return this.#call(path, 'RegressionRequest', request, 'RegressionResponse');
  }

  multiInference(request: object): Promise<Record<string, unknown>> {
    const path = `${PREDICTION_SERVICE}/MultiInference`;
    return this.#call(path, 'MultiInferenceRequest', request, 'MultiInferenceResponse');
  }

  sessionRun(request: object): Promise<Record<string, unknown>> {
    return this.#call(SESSION_RUN, 'SessionRunRequest', request, 'SessionRunResponse');
  }

  modelStatus(request: object): Promise<Record<string, unknown>> {
    return this.#call(GET_MODEL_STATUS, 'GetModelStatusRequest', request, 'GetModelStatusResponse');
  }

  /** Replaces all models by these; a ModelConfig needs only name and base_path. */
  reload(
    models: readonly object[],
    metricNames: readonly string[] = [],
  ): Promise<Record<string, unknown>> {
    const config = models.map((model) => ({ model_platform: 'tensorflow', ...model }));
    const request = { config: { model_config_list: { config } }, metric_names: metricNames };
    return this.#call(RELOAD, 'ReloadConfigRequest', request, 'ReloadConfigResponse');
  }

  async #call(
    path: string,
    requestType: string,
    request: object,
    responseType: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, unknown>> {
    const bytes = encode(requestType, request);
    return decode(responseType, await this.raw(path, bytes, undefined, headers));
  }
}

const PREDICTION_SERVICE = '/tensorflow.serving.PredictionService';
export const PREDICT = `${PREDICTION_SERVICE}/Predict`;
export const SESSION_RUN = '/tensorflow.serving.SessionService/SessionRun';
export const GET_MODEL_STATUS = '/tensorflow.serving.ModelService/GetModelStatus';

export const RELOAD = '/tensorflow.serving.ModelService/HandleReloadConfigRequest';

export function encode(message: string, value: object): Uint8Array {
  const type = root.lookupType(`tensorflow.serving.${message}`);
  return type.encode(type.fromObject(value)).finish();
}

function decode(message: string, reply: Buffer): Record<string, unknown> {
  const type = root.lookupType(`tensorflow.serving.${message}`);
  return type.toObject(type.decode(reply), { longs: String, enums: String });
}

/** A float tensor as a request carries it. */
export function floats(...values: number[]): object {
  return {
    dtype: 'DT_FLOAT',
    tensor_shape: { dim: [{ size: values.length }] },
    float_val: values,
  };
}
