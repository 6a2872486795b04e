/** The signatures of models as SignatureDefMaps have them, as far as pipelines look at them. */
import type { InferenceModel } from '../native/inference-model.js';
import { encodeSignatureDefMap, signatureDefMapType } from '../servables/signature-def-map.js';

export interface TensorSpec {
  /** `DT_FLOAT`. */
  readonly dtype: string;
  /** -1 is any size; null is any rank. */
  readonly shape: readonly number[] | null;
}

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
  const type = signatureDefMapType();
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

/** A serialized SignatureDefMap of one signature, for Predict. */
export function writeSignature(
  name: string,
  { inputs, outputs }: Pick<SignatureSpec, 'inputs' | 'outputs'>,
): Uint8Array {
  return encodeSignatureDefMap({
    [name]: { inputs: messagesOf(inputs), outputs: messagesOf(outputs) },
  });
}

/** `DT_FLOAT [-1,256]`. */
export function specText({ dtype, shape }: TensorSpec): string {
  return `${dtype} ${shape === null ? 'of any rank' : `[${shape.join(',')}]`}`;
}

/** Whether a tensor can be both. */
export function areCompatible(a: TensorSpec, b: TensorSpec): boolean {
  if (a.dtype !== b.dtype) return false;
  if (a.shape === null || b.shape === null) return true;
  const other = b.shape;
  return (
    a.shape.length === other.length &&
    a.shape.every((size, i) => size < 0 || (other[i] ?? -1) < 0 || size === other[i])
  );
}

/** What is known of a tensor that is both. REQUIRES: they are compatible. */
export function bothOf(a: TensorSpec, b: TensorSpec): TensorSpec {
  if (a.shape === null || b.shape === null) return a.shape === null ? b : a;
  const other = b.shape;
  return { dtype: a.dtype, shape: a.shape.map((size, i) => (size < 0 ? (other[i] ?? -1) : size)) };
}

/** What is known of a tensor that is one of both. REQUIRES: they have one dtype. */
export function eitherOf(a: TensorSpec, b: TensorSpec): TensorSpec {
  const other = b.shape;
  if (a.shape === null || other === null || a.shape.length !== other.length) {
    return { dtype: a.dtype, shape: null };
  }
  return { dtype: a.dtype, shape: a.shape.map((size, i) => (size === other[i] ? size : -1)) };
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
      const known =
        shape === null ? { unknown_rank: true } : { dim: shape.map((size) => ({ size })) };
      return [alias, { name: `${alias}:0`, dtype, tensor_shape: known }];
    }),
  );
}
