/** The dtypes of plugins: their numbers, and the arrays that hold their elements. */
import type { NativeNamedTensor } from '../native/tensor-set-binding.js';
import type { DataType, ElementArrays, NumericType, OutputTensor, Tensor } from './plugin.js';

interface ElementType<D extends NumericType> {
  /** tensorflow.DataType */
  readonly number: number;
  readonly array: {
    new (buffer: ArrayBuffer): ElementArrays[D];
    readonly BYTES_PER_ELEMENT: number;
  };
}

const NUMERIC: { readonly [D in NumericType]: ElementType<D> } = {
  DT_FLOAT: { number: 1, array: Float32Array },
  DT_DOUBLE: { number: 2, array: Float64Array },
  DT_INT32: { number: 3, array: Int32Array },
  DT_UINT8: { number: 4, array: Uint8Array },
  DT_INT16: { number: 5, array: Int16Array },
  DT_INT8: { number: 6, array: Int8Array },
  DT_INT64: { number: 9, array: BigInt64Array },
  DT_BOOL: { number: 10, array: Uint8Array },
  DT_BFLOAT16: { number: 14, array: Uint16Array },
  DT_UINT16: { number: 17, array: Uint16Array },
  DT_HALF: { number: 19, array: Uint16Array },
  DT_UINT32: { number: 22, array: Uint32Array },
  DT_UINT64: { number: 23, array: BigUint64Array },
};
const STRING = 7;

const BY_NUMBER: ReadonlyMap<number, NumericType> = new Map(
  Object.entries(NUMERIC).map(([name, { number }]) => [number, name as NumericType]),
);

export const DATA_TYPES: readonly string[] = [...Object.keys(NUMERIC), 'DT_STRING'];

export function dataTypeNumber(dtype: DataType): number {
  return dtype === 'DT_STRING' ? STRING : NUMERIC[dtype].number;
}

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function bytesOf(dtype: NumericType, shape: readonly number[]): number {
  return elementsOf(shape) * NUMERIC[dtype].array.BYTES_PER_ELEMENT;
}

export function arrayOver<D extends NumericType>(dtype: D, memory: ArrayBuffer): ElementArrays[D] {
  return new NUMERIC[dtype].array(memory);
}

/** Over the memory that the addon lends; of another dtype, which no signature has, the bytes. */
export function tensorOf({ dtype: number, shape, data }: NativeNamedTensor): Tensor {
  if (number === STRING) return { dtype: 'DT_STRING', shape, data: data as readonly Uint8Array[] };
  const dtype = BY_NUMBER.get(number);
  if (dtype === undefined) return { dtype: `dtype ${number}`, shape, data } as unknown as Tensor;
  return { dtype, shape, data: arrayOver(dtype, data as ArrayBuffer) } as Tensor;
}

/** Why it is no tensor, or null. Whatever a plugin has put out may be asked for. */
export function malformation(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return `got ${nameOf(value)}`;
  const { dtype, shape, data } = value as Partial<Record<keyof OutputTensor, unknown>>;
  if (typeof dtype !== 'string' || !DATA_TYPES.includes(dtype)) return `got dtype ${nameOf(dtype)}`;
  const isSize = (size: unknown): boolean => Number.isSafeInteger(size) && (size as number) >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return `got as shape ${Array.isArray(shape) ? `[${shape.join(', ')}]` : nameOf(shape)}`;
  }
  const holds = dtype === 'DT_STRING' ? Array : NUMERIC[dtype as NumericType].array;
  if (!(data instanceof holds)) return `got as data ${nameOf(data)}, which must be ${holds.name}`;
  const elements = elementsOf(shape as number[]);
  if (data.length !== elements) {
    return `got ${data.length} elements of shape [${shape.join(', ')}], which has ${elements}`;
  }
  const isText = (each: unknown): boolean => typeof each === 'string' || each instanceof Uint8Array;
  if (Array.isArray(data) && !data.every(isText)) {
    return 'got other elements than strings and Uint8Arrays';
  }
  return null;
}

/** What the addon takes: memory of its own as it is, of other memory a copy. REQUIRES: no malformation */
export function nativeTensor(
  name: string,
  { dtype, shape, data }: OutputTensor,
): NativeNamedTensor {
  const number = dataTypeNumber(dtype);
  if (dtype === 'DT_STRING') return { name, dtype: number, shape, data };
  const { buffer, byteLength } = data;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return { name, dtype: number, shape, data: isWhole ? buffer : data.slice().buffer };
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value !== 'object' || value === null) return String(value);
  return value.constructor?.name ?? 'an object';
}
