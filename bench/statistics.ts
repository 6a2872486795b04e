/** Small sums over repeated measurements. */

/** The middle value, or the mean of the two middle ones. REQUIRES: at least one value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new RangeError('the median of nothing');
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

/** The median over pairs of equal index of `figure` of the one by that of the other. */
export function pairedRatio<T>(
  runs: readonly T[],
  references: readonly T[],
  figure: (run: T) => number,
): number {
  return median(
    runs.map((run, i) => {
      const reference = references[i];
      return reference === undefined ? NaN : figure(run) / figure(reference);
    }),
  );
}
