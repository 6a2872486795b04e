/**
 * PredictRequest with float32 or int32 tensors, PredictResponse with float32 ones, GetModelStatus; from a
 * schema of the bench's own: the load must not be made by the code under test.
 */
import protobuf from 'protobufjs';

const SCHEMA = `
syntax = "proto3";
message Shape { message Dim { int64 size = 1; } repeated Dim dim = 2; }
message Tensor {
  int32 dtype = 1;
  Shape tensor_shape = 2;
  bytes tensor_content = 4;
  repeated float float_val = 5;
  repeated int32 int_val = 7;
}
message Spec { string name = 1; }
message Request { Spec model_spec = 1; map<string, Tensor> inputs = 2; }
message Response { map<string, Tensor> outputs = 1; }
message StatusRequest { Spec model_spec = 1; }
message StatusResponse {
  message Version { int64 version = 1; int32 state = 2; }
  repeated Version model_version_status = 1;
}
`;

const { root } = protobuf.parse(SCHEMA, { keepCase: true });
const Request = root.lookupType('Request');
const Response = root.lookupType('Response');
const StatusRequest = root.lookupType('StatusRequest');
const StatusResponse = root.lookupType('StatusResponse');

const DT_FLOAT = 1;
const DT_INT32 = 3;
const STATE_AVAILABLE = 30;

export type Numbers = Float32Array | Int32Array;

/** How a request carries its numbers: as raw bytes, or as repeated values. */
export type TensorForm = 'content' | 'values';

export function encodePredictRequest(
  model: string,
  input: string,
  shape: readonly number[],
  values: Numbers,
  form: TensorForm,
): Buffer {
  const whole = values instanceof Int32Array;
  const numbers =
    form === 'content'
      ? { tensor_content: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
      : { [whole ? 'int_val' : 'float_val']: [...values] };
  const tensor = {
    dtype: whole ? DT_INT32 : DT_FLOAT,
    tensor_shape: { dim: shape.map((size) => ({ size })) },
    ...numbers,
  };
  const message = { model_spec: { name: model }, inputs: { [input]: tensor } };
  return Buffer.from(Request.encode(Request.create(message)).finish());
}

/** The numbers of one output; null when the reply has no such output. */
export function decodePredictOutput(reply: Uint8Array, output: string): Float32Array | null {
  const message = Response.decode(reply) as unknown as {
    outputs: Record<string, { tensor_content: Uint8Array; float_val: number[] }>;
  };
  const tensor = message.outputs[output];
  if (tensor === undefined) return null;
  if (tensor.tensor_content.length === 0) return Float32Array.from(tensor.float_val);
  return new Float32Array(Uint8Array.from(tensor.tensor_content).buffer);
}

export function encodeStatusRequest(model: string): Buffer {
  return Buffer.from(StatusRequest.encode({ model_spec: { name: model } }).finish());
}

/** A version of the model can be asked. */
export function statusNamesAvailable(reply: Uint8Array): boolean {
  const message = StatusResponse.decode(reply) as unknown as {
    model_version_status: { state: number }[];
  };
  return message.model_version_status.some(({ state }) => state === STATE_AVAILABLE);
}
