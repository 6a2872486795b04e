/** How a split decides, in three bits. A split sends a row to the left or the right child. */
export const SplitKind = {
  /** Left where x < threshold; a missing value goes right. */
  BELOW: 0,
  /** Left where x < threshold or x is missing. */
  BELOW_OR_MISSING: 1,
  /** As BELOW, and values around 0 are missing, too. */
  BELOW_NOT_ZERO: 2,
  /** As BELOW_OR_MISSING, and values around 0 are missing, too. */
  BELOW_OR_ZERO: 3,
  /** Left where x without its fraction is one of the categories; a missing value goes right. */
  CATEGORY: 4,
  /** As CATEGORY, but what is below 0 is in no category: XGBoost has no category 0 for -0.5. */
  CATEGORY_FROM_ZERO: 5,
  /** As CATEGORY_FROM_ZERO; a missing value goes left. */
  CATEGORY_OR_MISSING: 6,
} as const;

export type SplitKind = (typeof SplitKind)[keyof typeof SplitKind];

export const SPLIT_KIND_BITS = 3;
export const SPLIT_KIND_MASK = (1 << SPLIT_KIND_BITS) - 1;
