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
  return median(ratios(runs, references, figure));
}

/**
 * Between which values the true median of those ratios lies with 95 % certainty, whatever their
 * distribution: as many of the lowest and highest are left out as chance may put on one side of it. Of fewer
 * than six it is the lowest and the highest, which is less certain.
 */
export function pairedInterval<T>(
  runs: readonly T[],
  references: readonly T[],
  figure: (run: T) => number,
): readonly [low: number, high: number] {
  const sorted = ratios(runs, references, figure).sort((a, b) => a - b);
  const count = sorted.length;
  let leftOut = -1;
  // That so many or fewer of `count` are below their median: a coin's heads.
  let exactly = 0.5 ** count;
  for (let below = exactly; below <= 0.025; below += exactly) {
    ++leftOut;
    exactly *= (count - leftOut) / (leftOut + 1);
  }
  const end = Math.max(0, leftOut);
  return [sorted[end] ?? NaN, sorted[count - 1 - end] ?? NaN];
}

function ratios<T>(
  runs: readonly T[],
  references: readonly T[],
  figure: (run: T) => number,
): number[] {
  return runs.map((run, i) => {
    const reference = references[i];
    return reference === undefined ? NaN : figure(run) / figure(reference);
  });
}
