/** tensorflow.serving.SignatureDefMap, of servables that are no SavedModels: they have Predict alone. */
import type protobuf from 'protobufjs';

import { loadProtos } from '../protos/protos.js';

const PREDICT = 'tensorflow/serving/predict';

/** TensorInfo messages in their plain form, by alias. */
export interface SignatureTensors {
  readonly inputs: Readonly<Record<string, object>>;
  readonly outputs: Readonly<Record<string, object>>;
}

let type: protobuf.Type | null = null;

export function signatureDefMapType(): protobuf.Type {
  const file = 'tensorflow_serving/apis/get_model_metadata.proto';
  type ??= loadProtos([file]).lookupType('tensorflow.serving.SignatureDefMap');
  return type;
}

/** Serialized; by the signatures' names. */
export function encodeSignatureDefMap(
  signatures: Readonly<Record<string, SignatureTensors>>,
): Uint8Array {
  const definitions = Object.entries(signatures).map(([name, tensors]) => [
    name,
    { ...tensors, method_name: PREDICT },
  ]);
  const map = signatureDefMapType();
  return map
    .encode(map.fromObject({ signature_def: Object.fromEntries(definitions) as object }))
    .finish();
}
