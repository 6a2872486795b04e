/**
 * PredictRequest and PredictResponse for float32 tensors, from a schema of the bench's own: the
 * load must not be made by the code under test.
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
}
message Spec { string name = 1; }
message Request { Spec model_spec = 1; map<string, Tensor> inputs = 2; }
message Response { map<string, Tensor> outputs = 1; }
`;

const { root } = protobuf.parse(SCHEMA, { keepCase: true });
const Request = root.lookupType('Request');
const Response = root.lookupType('Response');

const DT_FLOAT = 1;

/** How a request carries its numbers: as raw bytes, or as repeated floats. */
export type TensorForm = 'content' | 'values';

export function encodePredictRequest(
  model: string,
  input: string,
  shape: readonly number[],
  values: Float32Array,
  form: TensorForm,
): Buffer {
  const numbers =
    form === 'content'
      ? { tensor_content: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
      : { float_val: [...values] };
  const tensor = {
    dtype: DT_FLOAT,
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
