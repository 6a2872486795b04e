/** The trees of an XGBoost file: arrays by node for each tree, thresholds and leaves in float32. */
import type { Leaf, Split, Tree } from './ensemble-builder.js';
import type { Fields } from './fields.js';
import { ModelFileError, Words } from './model-file-error.js';
import { SplitKind } from './split-kinds.js';

const MOST_NODES = 2 ** 31 - 1;
/** Categories are whole numbers that float32 holds. */
const MOST_CATEGORY = 2 ** 24 - 1;
const CATEGORICAL = 1;

export interface XgboostTreeContext {
  readonly features: number;
  readonly group: number;
  /** What dart multiplies the tree's leaves with; 1 otherwise. */
  readonly weight: number;
}

/** @throws ModelFileError */
export function xgboostTree(fields: Fields, context: XgboostTreeContext): Tree {
  return new XgboostTree(fields, context);
}

class XgboostTree implements Tree {
  readonly where: string;
  readonly size: number;
  readonly group: number;
  readonly #featureCount: number;
  readonly #weight: number;
  readonly #lefts: ArrayLike<number>;
  readonly #rights: ArrayLike<number>;
  readonly #features: ArrayLike<number>;
  readonly #conditions: ArrayLike<unknown>;
  readonly #defaultLefts: ArrayLike<unknown>;
  readonly #types: ArrayLike<number> | null;
  readonly #categories: Categories | null;

  constructor(fields: Fields, { features, group, weight }: XgboostTreeContext) {
    this.where = fields.where;
    this.group = group;
    this.#featureCount = features;
    this.#weight = weight;
    const param = fields.fields('tree_param');
    this.size = param.count('num_nodes', MOST_NODES);
    if (this.size === 0) throw new ModelFileError(this.where, 'at least one node', 0);
    const targets = param.has('size_leaf_vector') ? param.count('size_leaf_vector', MOST_NODES) : 0;
    if (targets > 1) {
      const given = new Words(`leaves of ${targets} values (multi_strategy=multi_output_tree)`);
      throw new ModelFileError(this.where, 'leaves of one value', given);
    }
    this.#lefts = fields.integers('left_children', -1, MOST_NODES, this.size);
    this.#rights = fields.integers('right_children', -1, MOST_NODES, this.size);
    this.#features = fields.integers('split_indices', 0, MOST_NODES, this.size);
    this.#conditions = fields.list('split_conditions', this.size);
    this.#defaultLefts = fields.list('default_left', this.size);
    // Early versions of XGBoost have no categories.
    const hasTypes = fields.has('split_type');
    this.#types = hasTypes ? fields.integers('split_type', 0, CATEGORICAL, this.size) : null;
    this.#categories = hasTypes ? new Categories(fields, this.size) : null;
  }

  node(id: number): Leaf | Split {
    const left = this.#lefts[id] as number;
    const right = this.#rights[id] as number;
    if (left === -1) {
      const value = this.#condition(id);
      if (!Number.isFinite(value)) {
        throw this.#error('split_conditions', id, 'a finite leaf', value);
      }
      return { value: Math.fround(value * this.#weight), leaf: id };
    }
    const feature = this.#features[id] as number;
    // Not of all nodes: those that pruning has deleted name no feature.
    if (feature >= this.#featureCount) {
      const expected = `a feature below ${this.#featureCount}`;
      throw this.#error('split_indices', id, expected, feature);
    }
    const isDefaultLeft = this.#isDefaultLeft(id);
    if (this.#types?.[id] === CATEGORICAL) {
      // Its categories go right, so the children change places.
      const { CATEGORY_FROM_ZERO, CATEGORY_OR_MISSING } = SplitKind;
      const kind = isDefaultLeft ? CATEGORY_FROM_ZERO : CATEGORY_OR_MISSING;
      const threshold = this.#categories?.of(id) ?? new Uint32Array(0);
      return { kind, feature, threshold, left: right, right: left };
    }
    const kind = isDefaultLeft ? SplitKind.BELOW_OR_MISSING : SplitKind.BELOW;
    return { kind, feature, threshold: this.#condition(id), left, right };
  }

  #isDefaultLeft(id: number): boolean {
    const value = this.#defaultLefts[id];
    if (value === 1 || value === true) return true;
    if (value === 0 || value === false) return false;
    throw this.#error('default_left', id, '0 or 1', value);
  }

  /** A leaf's value, or a threshold; of a split by category it may be NaN, and is not looked at. */
  #condition(id: number): number {
    const value = this.#conditions[id];
    if (typeof value === 'number' && !Number.isNaN(value)) return Math.fround(value);
    throw this.#error('split_conditions', id, 'a number', value);
  }

  #error(name: string, id: number, expected: string, given: unknown): ModelFileError {
    return new ModelFileError(`${this.where}.${name}[${id}]`, expected, given);
  }
}

/** Of all nodes with categories: which node, where its categories begin in one list, and how many there are. */
class Categories {
  readonly #where: string;
  readonly #all: ArrayLike<number>;
  readonly #nodes: ArrayLike<number>;
  readonly #starts: ArrayLike<number>;
  readonly #sizes: ArrayLike<number>;
  readonly #indexOfNode = new Map<number, number>();
  /** Categories given out so far: sets that overlap would have a small file take long. */
  #taken = 0;

  constructor(fields: Fields, nodes: number) {
    this.#where = fields.where;
    this.#all = fields.integers('categories', 0, MOST_CATEGORY);
    this.#nodes = fields.integers('categories_nodes', 0, nodes - 1);
    const { length } = this.#nodes;
    const all = this.#all.length;
    this.#starts = fields.integers('categories_segments', 0, all, length);
    this.#sizes = fields.integers('categories_sizes', 0, all, length);
    for (let i = 0; i < length; ++i) this.#indexOfNode.set(this.#nodes[i] as number, i);
  }

  of(node: number): Uint32Array {
    const index = this.#indexOfNode.get(node);
    if (index === undefined) {
      const expected = `node ${node}, whose split is by category`;
      throw new ModelFileError(`${this.#where}.categories_nodes`, expected, undefined);
    }
    const start = this.#starts[index] as number;
    const size = this.#sizes[index] as number;
    this.#taken += size;
    if (start + size > this.#all.length || this.#taken > this.#all.length) {
      const where = `${this.#where}.categories_sizes[${index}]`;
      const expected = `at most ${this.#all.length} categories from ${start} on, each in one set`;
      throw new ModelFileError(where, expected, size);
    }
    let most = -1;
    for (let i = start; i < start + size; ++i) most = Math.max(most, this.#all[i] as number);
    const bits = new Uint32Array(Math.ceil((most + 1) / 32));
    for (let i = start; i < start + size; ++i) {
      const category = this.#all[i] as number;
      (bits[category >>> 5] as number) |= 1 << (category & 31);
    }
    return bits;
  }
}
