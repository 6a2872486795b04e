/** The signatures that a plugin's servable declares: looked through, written for the addon, compared with tensors. */
import { encodeSignatureDefMap, type SignatureTensors } from '../servables/signature-def-map.js';
import { DATA_TYPES } from './element-types.js';
import type { Signature, TensorInfo } from './plugin.js';

/**
 * A serialized tensorflow.serving.SignatureDefMap.
 * @throws TypeError that says where it is wrong, what was expected and what was given
 */
export function encodeSignatures(signatures: unknown): Uint8Array {
  const named = entriesOf('signatures', signatures).map(([name, signature]) => {
    const where = `signatures[${JSON.stringify(name)}]`;
    const { inputs, outputs } = Object(signature) as Partial<Signature>;
    const tensors: SignatureTensors = {
      inputs: tensorsOf(`${where}.inputs`, inputs),
      outputs: tensorsOf(`${where}.outputs`, outputs),
    };
    return [name, tensors] as const;
  });
  return encodeSignatureDefMap(Object.fromEntries(named));
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

function tensorsOf(where: string, tensors: unknown): Record<string, object> {
  const fields = entriesOf(where, tensors).map(([alias, info]) => {
    const at = `${where}[${JSON.stringify(alias)}]`;
    const { dtype, shape } = Object(info) as Partial<TensorInfo>;
    if (!DATA_TYPES.includes(String(dtype))) {
      const given = dtype === undefined ? 'none' : JSON.stringify(dtype);
      throw new TypeError(`${at}.dtype: expected one of ${DATA_TYPES.join(', ')}, got ${given}`);
    }
    return [alias, { name: alias, dtype, tensor_shape: shapeOf(`${at}.shape`, shape) }];
  });
  return Object.fromEntries(fields) as Record<string, object>;
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
