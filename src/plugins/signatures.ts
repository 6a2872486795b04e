/** The signatures that a plugin's servable declares: looked through, written for the addon, compared with tensors. */
import { loadProtos } from '../protos/protos.js';
import { DATA_TYPES } from './element-types.js';
import type { Signature, TensorInfo } from './plugin.js';

const PREDICT = 'tensorflow/serving/predict';

/**
 * A serialized tensorflow.serving.SignatureDefMap.
 * @throws TypeError that says where it is wrong, what was expected and what was given
 */
export function encodeSignatures(signatures: unknown): Uint8Array {
  const named = entriesOf('signatures', signatures).map(([name, signature]): [string, object] => {
    const where = `signatures[${JSON.stringify(name)}]`;
    const { inputs, outputs } = Object(signature) as Partial<Signature>;
    const fields = {
      inputs: tensorsOf(`${where}.inputs`, inputs),
      outputs: tensorsOf(`${where}.outputs`, outputs),
      method_name: PREDICT,
    };
    return [name, fields];
  });
  const type = loadProtos(['tensorflow_serving/apis/get_model_metadata.proto']).lookupType(
    'tensorflow.serving.SignatureDefMap',
  );
  return type
    .encode(type.fromObject({ signature_def: Object.fromEntries<object>(named) }))
    .finish();
}

/** Whether a tensor is as the signature says. */
export function agrees(
  { dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] },
  info: TensorInfo,
): boolean {
  const { shape: sizes } = info;
  if (dtype !== info.dtype) return false;
  if (sizes === undefined) return true;
  return sizes.length === shape.length && sizes.every((size, i) => size < 0 || size === shape[i]);
}

/** `DT_FLOAT of shape [-1, 4]` */
export function tensorText({ dtype, shape }: TensorInfo): string {
  return shape === undefined ? `${dtype} of any shape` : `${dtype} of shape [${shape.join(', ')}]`;
}

function tensorsOf(where: string, tensors: unknown): object {
  const fields = entriesOf(where, tensors).map(([alias, info]) => {
    const at = `${where}[${JSON.stringify(alias)}]`;
    const { dtype, shape } = Object(info) as Partial<TensorInfo>;
    if (!DATA_TYPES.includes(String(dtype))) {
      const given = dtype === undefined ? 'none' : JSON.stringify(dtype);
      throw new TypeError(`${at}.dtype: expected one of ${DATA_TYPES.join(', ')}, got ${given}`);
    }
    return [alias, { name: alias, dtype, tensor_shape: shapeOf(`${at}.shape`, shape) }];
  });
  return Object.fromEntries(fields) as object;
}

function shapeOf(where: string, shape: readonly number[] | undefined): object {
  if (shape === undefined) return { unknown_rank: true };
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= -1)) {
    const given = JSON.stringify(shape);
    throw new TypeError(`${where}: expected an array of integers from -1 on, got ${given}`);
  }
  return { dim: shape.map((size: number) => ({ size })) };
}

function entriesOf(where: string, value: unknown): [string, unknown][] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (entries.length > 0) return entries;
  throw new TypeError(`${where}: expected an object with at least one entry, got ${String(value)}`);
}
