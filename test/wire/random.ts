/** Random choices that a seed repeats, so that a failing run can be run again. */
export interface Random {
  /** An integer from 0 up to, not including, `bound`. */
  below(bound: number): number;
  pick<T>(items: readonly T[]): T;
  /** Up to `most` random bytes, at least one. */
  bytes(most: number): Buffer;
}

/** A 32-bit xorshift generator. */
export function seededRandom(seed: number): Random {
  let state = seed * 2654435761 || 1;
  const below = (bound: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  return {
    below,
    pick: <T>(items: readonly T[]): T => items[below(items.length)] as T,
    bytes: (most) => Buffer.from(Array.from({ length: 1 + below(most) }, () => below(256))),
  };
}
