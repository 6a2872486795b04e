/** The double next above, of infinity itself: x <= a is the same as x < nextAbove(a) for every finite x. */
const double = new Float64Array(1);
const bits = new BigInt64Array(double.buffer);

export function nextAbove(value: number): number {
  if (value === Infinity) return value;
  if (value === 0) return Number.MIN_VALUE;
  double[0] = value;
  bits[0] = (bits[0] as bigint) + (value > 0 ? 1n : -1n);
  return double[0];
}
