/** Rows of tensors, along dimension 0: those of several requests as one tensor, and apart again. In a plugin thread. */
import { addon } from '../native/addon.js';
import { arrayOver, bytesOf, elementsOf } from './element-types.js';
import type { ElementArrays, NumericType, OutputTensor, RunRequest, Tensor } from './plugin.js';

export const allocate: RunRequest['allocate'] = (dtype, shape) => {
  const memory = addon().allocateTensor(bytesOf(dtype, shape));
  return { dtype, shape, data: arrayOver(dtype, memory) };
};

/** In native memory. REQUIRES: of one dtype and, but for their rows, of one shape; at least one. */
export function joined(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors as [Tensor];
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const shape = [rows, ...first.shape.slice(1)];
  if (first.dtype === 'DT_STRING') {
    const data = tensors.flatMap((each) => each.data as readonly Uint8Array[]);
    return { dtype: 'DT_STRING', shape, data };
  }
  const whole = allocate<NumericType>(first.dtype, shape);
  let at = 0;
  for (const { data } of tensors) {
    (whole.data as Float32Array).set(data as Float32Array, at);
    at += data.length;
  }
  return whole as Tensor;
}

/** In native memory, but for texts. REQUIRES: it has these rows */
export function rowsOf(tensor: OutputTensor, begin: number, count: number): OutputTensor {
  const { dtype, data } = tensor;
  const shape = [count, ...tensor.shape.slice(1)];
  const stride = elementsOf(shape.slice(1));
  const [from, to] = [begin * stride, (begin + count) * stride];
  if (dtype === 'DT_STRING') return { dtype, shape, data: data.slice(from, to) };
  const part = allocate<NumericType>(dtype, shape);
  const numbers = data as ElementArrays['DT_FLOAT'];
  (part.data as Float32Array).set(numbers.subarray(from, to));
  return part as OutputTensor;
}
