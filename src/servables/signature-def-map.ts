/**
 * tensorflow.serving.SignatureDefMap: written for servables that are no SavedModels, which have Predict alone, and
 * read as far as those look at it who run other models.
 */
import type protobuf from 'protobufjs';

import type { InferenceModel } from '../native/inference-model.js';
import { loadProtos } from '../protos/protos.js';
import type { TensorSpec } from './tensor-spec.js';

const PREDICT = 'tensorflow/serving/predict';

export interface SignatureSpec {
  /** By alias. */
  readonly inputs: ReadonlyMap<string, TensorSpec>;
  readonly outputs: ReadonlyMap<string, TensorSpec>;
  /** Inputs that may be left out. */
  readonly defaults: ReadonlySet<string>;
}

/** By name. */
export type Signatures = ReadonlyMap<string, SignatureSpec>;

interface TensorMessage {
  readonly dtype?: string;
  readonly tensor_shape?: {
    readonly dim?: readonly { readonly size?: number }[];
    readonly unknown_rank?: boolean;
  };
}

interface MapMessage {
  readonly signature_def?: Readonly<
    Record<
      string,
      {
        readonly inputs?: Readonly<Record<string, TensorMessage>>;
        readonly outputs?: Readonly<Record<string, TensorMessage>>;
        readonly defaults?: Readonly<Record<string, unknown>>;
      }
    >
  >;
}

let type: protobuf.Type | null = null;

function mapType(): protobuf.Type {
  const file = 'tensorflow_serving/apis/get_model_metadata.proto';
  type ??= loadProtos([file]).lookupType('tensorflow.serving.SignatureDefMap');
  return type;
}

/** Serialized; each tensor is called in the graph as in the signature. */
export function writeSignatures(
  signatures: ReadonlyMap<string, Pick<SignatureSpec, 'inputs' | 'outputs'>>,
): Uint8Array {
  const definitions = [...signatures].map(([name, { inputs, outputs }]) => [
    name,
    { inputs: messagesOf(inputs), outputs: messagesOf(outputs), method_name: PREDICT },
  ]);
  const map = mapType();
  return map
    .encode(map.fromObject({ signature_def: Object.fromEntries(definitions) as object }))
    .finish();
}

const known = new WeakMap<InferenceModel, Signatures>();

/** Read once for each model. */
export function signaturesOf(model: InferenceModel): Signatures {
  let signatures = known.get(model);
  if (signatures === undefined) {
    signatures = readSignatures(model.signatureDefMap);
    known.set(model, signatures);
  }
  return signatures;
}

export function readSignatures(map: Uint8Array): Signatures {
  const type = mapType();
  const { signature_def: definitions = {} } = type.toObject(type.decode(map), {
    longs: Number,
    enums: String,
  }) as MapMessage;
  return new Map(
    Object.entries(definitions).map(([name, { inputs = {}, outputs = {}, defaults = {} }]) => [
      name,
      {
        inputs: specsOf(inputs),
        outputs: specsOf(outputs),
        defaults: new Set(Object.keys(defaults)),
      },
    ]),
  );
}

function specsOf(tensors: Readonly<Record<string, TensorMessage>>): Map<string, TensorSpec> {
  return new Map(
    Object.entries(tensors).map(([alias, { dtype = 'DT_INVALID', tensor_shape: shape }]) => {
      const isAnyRank = shape === undefined || shape.unknown_rank === true;
      const sizes = (shape?.dim ?? []).map(({ size = 0 }) => size);
      return [alias, { dtype, shape: isAnyRank ? null : sizes }];
    }),
  );
}

function messagesOf(specs: ReadonlyMap<string, TensorSpec>): Record<string, object> {
  return Object.fromEntries(
    [...specs].map(([alias, { dtype, shape }]) => {
      const sizes =
        shape === null ? { unknown_rank: true } : { dim: shape.map((size) => ({ size })) };
      return [alias, { name: alias, dtype, tensor_shape: sizes }];
    }),
  );
}
