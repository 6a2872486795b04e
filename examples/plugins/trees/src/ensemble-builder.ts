/**
 * Lays the trees of a file out for the evaluator. The nodes of a tree are put down parents first, left child
 * next to its parent, so that every path goes forward and ends, whatever the file says: a node that is
 * reached twice, as in a cycle, is refused.
 */
import { Ensemble } from './ensemble.js';
import { ModelFileError, Words } from './model-file-error.js';
import { SPLIT_KIND_BITS, type SplitKind } from './split-kinds.js';

export interface Leaf {
  readonly value: number;
  /** The number of the leaf in its tree as the package counts. */
  readonly leaf: number;
}

export interface Split {
  readonly kind: SplitKind;
  /** Of the model's features; checked by the reader of the file. */
  readonly feature: number;
  /** A number, or the categories that go left, as a set of bits. */
  readonly threshold: number | Uint32Array;
  readonly left: number;
  readonly right: number;
}

/** A tree as its file has it: nodes by number, node 0 the root. */
export interface Tree {
  /** For errors. */
  readonly where: string;
  /** Nodes are numbered from 0 to `size` - 1; some may belong to no path. */
  readonly size: number;
  /** To which sum its leaves are added. */
  readonly group: number;
  /** @throws ModelFileError where the file is wrong about it. */
  node(id: number): Leaf | Split;
}

/** All sets of categories together; far more than models have, and no file is small that takes more. */
const MOST_CATEGORY_BYTES = 64 << 20;

export class EnsembleBuilder {
  readonly #roots: number[] = [];
  readonly #groups: number[] = [];
  readonly #splits: number[] = [];
  readonly #thresholds: number[] = [];
  readonly #rights: number[] = [];
  readonly #sets: Uint32Array[] = [];
  #setBytes = 0;
  readonly #columns = new Map<number, number>();

  get trees(): number {
    return this.#roots.length;
  }

  /** @throws ModelFileError where a path has no end, or a node two parents. */
  add(tree: Tree): void {
    this.#roots.push(this.#splits.length);
    this.#groups.push(tree.group);
    const reached = new Uint8Array(tree.size);
    // What is to be laid out next: a node, and the split that it is the right child of.
    const pending: { readonly id: number; readonly parent: number }[] = [{ id: 0, parent: -1 }];
    for (let next = pending.pop(); next; next = pending.pop()) {
      const { id, parent } = next;
      if (!Number.isInteger(id) || id < 0 || id >= tree.size) {
        throw new ModelFileError(tree.where, `a child from 0 to ${tree.size - 1}`, id);
      }
      if (reached[id] !== 0) {
        const given = new Words(`node ${id} as the child of several, or of itself`);
        throw new ModelFileError(tree.where, 'nodes with one parent', given);
      }
      reached[id] = 1;
      if (parent >= 0) this.#rights[parent] = this.#splits.length;
      const node = tree.node(id);
      if ('leaf' in node) {
        this.#put(-1, node.value, node.leaf);
        continue;
      }
      pending.push({ id: node.right, parent: this.#splits.length });
      pending.push({ id: node.left, parent: -1 });
      const split = (this.#columnOf(node.feature) << SPLIT_KIND_BITS) | node.kind;
      this.#put(split, this.#thresholdOf(node, tree.where), 0);
    }
  }

  /**
   * @param base one number for each group, where its sum begins
   * @param features how many values a row has
   * @param isFloat32 XGBoost's: values are rounded to float32, and sums after each tree. Otherwise LightGBM's.
   */
  build(base: ArrayLike<number>, features: number, isFloat32: boolean): Ensemble {
    const starts = new Int32Array(this.#sets.length + 1);
    this.#sets.forEach((set, i) => (starts[i + 1] = (starts[i] as number) + set.length));
    const words = new Uint32Array(starts[this.#sets.length] as number);
    this.#sets.forEach((set, i) => words.set(set, starts[i]));
    return new Ensemble({
      roots: Int32Array.from(this.#roots),
      groups: Int32Array.from(this.#groups),
      splits: Int32Array.from(this.#splits),
      thresholds: Float64Array.from(this.#thresholds),
      rights: Int32Array.from(this.#rights),
      categories: { starts, words },
      columns: Int32Array.from(this.#columns.keys()),
      base: Float64Array.from(base),
      features,
      isFloat32,
    });
  }

  #put(split: number, threshold: number, right: number): void {
    this.#splits.push(split);
    this.#thresholds.push(threshold);
    this.#rights.push(right);
  }

  /** The features that are asked for are numbered anew, so that a row's others need not be looked at. */
  #columnOf(feature: number): number {
    let column = this.#columns.get(feature);
    if (column === undefined) this.#columns.set(feature, (column = this.#columns.size));
    return column;
  }

  #thresholdOf({ threshold }: Split, where: string): number {
    if (typeof threshold === 'number') return threshold;
    this.#setBytes += threshold.byteLength;
    if (this.#setBytes > MOST_CATEGORY_BYTES) {
      const expected = `sets of categories of ${MOST_CATEGORY_BYTES} bytes at most, a bit for each`;
      throw new ModelFileError(where, expected, new Words('more'));
    }
    return this.#sets.push(threshold) - 1;
  }
}
