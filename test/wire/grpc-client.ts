/** gRPC as a Node client speaks it: grpc-js, with messages by protobufjs from protos/. */
import * as grpc from '@grpc/grpc-js';

import { loadProtos } from '../../src/grpc/protos.js';

const root = loadProtos([
  'tensorflow_serving/apis/prediction_service.proto',
  'tensorflow_serving/apis/model_service.proto',
]);

export interface RpcError {
  readonly code: number;
  readonly details: string;
}

const bytes = (buffer: Buffer): Buffer => buffer;

export class GrpcClient {
  readonly #client: grpc.Client;

  constructor(address: string) {
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
    });
  }

  close(): void {
    this.#client.close();
  }

  /** Any bytes as the request; rejects with an RpcError. */
  raw(path: string, request: Uint8Array, deadlineMillis = 30_000): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        bytes,
        bytes,
        Buffer.from(request),
        new grpc.Metadata(),
        { deadline: Date.now() + deadlineMillis },
        (error, reply) => {
          if (error === null) resolve(reply as Buffer);
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an RpcError is what callers look at
          else reject({ code: error.code, details: error.details } satisfies RpcError);
        },
      );
    });
  }

  async predict(request: object): Promise<Record<string, unknown>> {
    const reply = await this.raw(PREDICT, encode('PredictRequest', request));
    return decode('PredictResponse', reply);
  }

  async modelStatus(request: object): Promise<Record<string, unknown>> {
    const reply = await this.raw(GET_MODEL_STATUS, encode('GetModelStatusRequest', request));
    return decode('GetModelStatusResponse', reply);
  }
}

export const PREDICT = '/tensorflow.serving.PredictionService/Predict';
export const GET_MODEL_STATUS = '/tensorflow.serving.ModelService/GetModelStatus';

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
