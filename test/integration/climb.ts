/**
 * How much higher the later half of a curve of resident memory lies than the earlier one, by their
 * troughs: it swings upwards by a few copies of the weights, which TensorFlow's own threads let go when
 * they run next, and what it swings from climbs with a leak. The first few, until everything has its size,
 * are left out.
 */
export function climbOf(
  curve: readonly number[],
  settledAfter: number,
): { mib: number; percent: number } {
  const settled = curve.slice(settledAfter);
  const half = Math.floor(settled.length / 2);
  const earlier = Math.min(...settled.slice(0, half));
  const later = Math.min(...settled.slice(half));
  return { mib: later - earlier, percent: (later / earlier - 1) * 100 };
}

/**
 * The most that a curve of resident memory rises above what it was before. It also falls where nothing is freed: a
 * system that is short of memory takes pages of files back, such as libraries'.
 */
export function mostRise(curve: readonly number[]): number {
  let lowest = Infinity;
  let rise = 0;
  for (const mib of curve) {
    lowest = Math.min(lowest, mib);
    rise = Math.max(rise, mib - lowest);
  }
  return rise;
}
