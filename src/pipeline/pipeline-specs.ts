/** What is known of a tensor that comes of several places, or goes to several. Pure. */
import type { TensorSpec } from '../servables/tensor-spec.js';

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
