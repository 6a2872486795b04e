/**
 * Ensemble: the sum of many trees for rows of features. All nodes of all trees lie in a few typed arrays; rows
 * allocate nothing. They are taken in blocks, and a block goes through one tree after the other, so that the tree
 * is in the processor's nearest cache for all of them.
 */
import { SPLIT_KIND_BITS, SPLIT_KIND_MASK, SplitKind } from './split-kinds.js';

export type FloatArray = Float32Array | Float64Array;

/** As EnsembleBuilder lays it out; nobody else makes one, since nothing is checked from here on. */
export interface EnsembleParts {
  /** The first node of each tree, and the sum its leaves are added to. */
  readonly roots: Int32Array;
  readonly groups: Int32Array;
  /** Of each node: column and kind of a split, whose left child is the next node; negative for a leaf. */
  readonly splits: Int32Array;
  /** Of a split: its threshold, or the number of its categories. Of a leaf: its value. */
  readonly thresholds: Float64Array;
  /** Of a split: its right child. Of a leaf: its number. */
  readonly rights: Int32Array;
  /** Set i has the bits of the words from `starts[i]` to `starts[i + 1]`. */
  readonly categories: { readonly starts: Int32Array; readonly words: Uint32Array };
  /** The feature of each column. */
  readonly columns: Int32Array;
  readonly base: Float64Array;
  /** How many values a row has. */
  readonly features: number;
  readonly isFloat32: boolean;
}

const MOST_ROWS = 64;
/** Of a block; larger rows come in smaller blocks. */
const MOST_VALUES = 1 << 16;

/** LightGBM's: what is this near to 0 is 0. */
const NEAR_ZERO = Math.fround(1e-35);

export class Ensemble {
  /** How many rows can be asked for at once. */
  readonly block: number;
  readonly #parts: EnsembleParts;
  /** The columns of the rows at hand, as the package sees them. */
  readonly #values: Float64Array;
  readonly #sums: Float64Array;

  constructor(parts: EnsembleParts) {
    const widest = Math.max(1, parts.columns.length, parts.base.length);
    this.block = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_VALUES / widest)));
    this.#parts = parts;
    this.#values = new Float64Array(this.block * parts.columns.length);
    this.#sums = new Float64Array(this.block * parts.base.length);
  }

  get trees(): number {
    return this.#parts.roots.length;
  }

  get groups(): number {
    return this.#parts.base.length;
  }

  /**
   * The sums of `count` rows from the row `first` on, one for each group of each row. Valid until the next call.
   * REQUIRES: `rows` holds them, `count` is at most `block`.
   */
  margins(rows: FloatArray, first: number, count: number): Float64Array {
    this.#takeRows(rows, first, count);
    const { roots, groups, thresholds, base, columns, isFloat32 } = this.#parts;
    const sums = this.#sums;
    const width = base.length;
    for (let row = 0; row < count; ++row) sums.set(base, row * width);
    for (let tree = 0; tree < roots.length; ++tree) {
      const root = roots[tree] as number;
      const group = groups[tree] as number;
      for (let row = 0; row < count; ++row) {
        const value = thresholds[this.#leafNode(root, row * columns.length)] as number;
        const at = row * width + group;
        const sum = (sums[at] as number) + value;
        sums[at] = isFloat32 ? Math.fround(sum) : sum;
      }
    }
    return sums;
  }

  /** The number of the leaf in each tree for each row, into `out` from `to` on; otherwise as `margins`. */
  leaves(rows: FloatArray, first: number, count: number, out: Int32Array, to: number): void {
    this.#takeRows(rows, first, count);
    const { roots, rights, columns } = this.#parts;
    for (let tree = 0; tree < roots.length; ++tree) {
      const root = roots[tree] as number;
      for (let row = 0; row < count; ++row) {
        const leaf = rights[this.#leafNode(root, row * columns.length)] as number;
        out[to + row * roots.length + tree] = leaf;
      }
    }
  }

  #takeRows(rows: FloatArray, first: number, count: number): void {
    const { columns, features, isFloat32 } = this.#parts;
    const values = this.#values;
    for (let row = 0; row < count; ++row) {
      const from = (first + row) * features;
      const to = row * columns.length;
      for (let column = 0; column < columns.length; ++column) {
        const value = rows[from + (columns[column] as number)] as number;
        values[to + column] = isFloat32 ? Math.fround(value) : asLightgbm(value);
      }
    }
  }

  /** @param at where in the values the row begins */
  #leafNode(root: number, at: number): number {
    const { splits, thresholds, rights } = this.#parts;
    const values = this.#values;
    let node = root;
    for (let split = splits[node] as number; split >= 0; split = splits[node] as number) {
      const x = values[at + (split >> SPLIT_KIND_BITS)] as number;
      const kind = split & SPLIT_KIND_MASK;
      const threshold = thresholds[node] as number;
      // Comparisons with NaN are false: a missing value goes right in the one, left in the other.
      let isLeft: boolean;
      if (kind === SplitKind.BELOW) isLeft = x < threshold;
      else if (kind === SplitKind.BELOW_OR_MISSING) isLeft = !(x >= threshold);
      else isLeft = this.#isLeft(kind, x, threshold);
      node = isLeft ? node + 1 : (rights[node] as number);
    }
    return node;
  }

  /** The kinds that are rare. */
  #isLeft(kind: number, x: number, threshold: number): boolean {
    switch (kind) {
      case SplitKind.BELOW_NOT_ZERO:
        return x < threshold && x !== 0;
      case SplitKind.BELOW_OR_ZERO:
        return !(x >= threshold) || x === 0;
      case SplitKind.CATEGORY_FROM_ZERO:
        return x >= 0 && this.#isIn(threshold, Math.trunc(x));
      case SplitKind.CATEGORY_OR_MISSING:
        return Number.isNaN(x) || (x >= 0 && this.#isIn(threshold, Math.trunc(x)));
      default:
        return this.#isIn(threshold, Math.trunc(x));
    }
  }

  #isIn(set: number, category: number): boolean {
    const { starts, words } = this.#parts.categories;
    const start = starts[set] as number;
    const bits = ((starts[set + 1] as number) - start) * 32;
    if (!(category >= 0 && category < bits)) return false; // NaN, too
    return (((words[start + (category >>> 5)] as number) >>> (category & 31)) & 1) === 1;
  }
}

/** Infinity is the largest double, so that it is below the threshold infinity as it is not above it. */
function asLightgbm(value: number): number {
  if (value >= -NEAR_ZERO && value <= NEAR_ZERO) return 0;
  return Math.min(value, Number.MAX_VALUE);
}
