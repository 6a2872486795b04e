/** TensorSpec: what a signature says of a tensor, or what a tensor is. Pure. */

export interface TensorSpec {
  /** `DT_FLOAT`. */
  readonly dtype: string;
  /** -1 is any size; null is any rank. */
  readonly shape: readonly number[] | null;
}

/** `DT_FLOAT [-1,256]`, as the addon writes it. */
export function specText({ dtype, shape }: TensorSpec): string {
  return `${dtype} ${shape === null ? 'of any shape' : `[${shape.join(',')}]`}`;
}

/** Whether a tensor can be both; where `a` is the spec of one that is there, whether it is as `b` says. */
export function areCompatible(a: TensorSpec, b: TensorSpec): boolean {
  if (a.dtype !== b.dtype) return false;
  if (a.shape === null || b.shape === null) return true;
  const other = b.shape;
  return (
    a.shape.length === other.length &&
    a.shape.every((size, i) => size < 0 || (other[i] ?? -1) < 0 || size === other[i])
  );
}
