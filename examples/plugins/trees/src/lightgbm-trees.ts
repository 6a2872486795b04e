/**
 * The trees of a LightGBM file. Splits are numbered from 0, leaves apart from them; a child below 0 is the
 * leaf -child - 1. Here leaves are numbered after the splits.
 */
import type { Leaf, Split, Tree } from './ensemble-builder.js';
import type { Section } from './lightgbm-text.js';
import { ModelFileError, Words } from './model-file-error.js';
import { nextAbove } from './next-above.js';
import { SplitKind } from './split-kinds.js';

const MOST_LEAVES = 2 ** 30;
const MOST_WORD = 2 ** 32 - 1;

/** Bits of `decision_type`: by category, missing goes left, and in two bits what is missing. */
const BY_CATEGORY = 1;
const DEFAULT_LEFT = 2;
const MISSING_SHIFT = 2;
const Missing = { NONE: 0, ZERO: 1, NAN: 2 } as const;
const MOST_DECISION_TYPE = (Missing.NAN << MISSING_SHIFT) | DEFAULT_LEFT | BY_CATEGORY;

export interface LightgbmTreeContext {
  readonly features: number;
  readonly group: number;
}

/** @throws ModelFileError */
export function lightgbmTree(section: Section, context: LightgbmTreeContext): Tree {
  return new LightgbmTree(section, context);
}

class LightgbmTree implements Tree {
  readonly where: string;
  readonly size: number;
  readonly group: number;
  readonly #splits: number;
  readonly #features: Float64Array;
  readonly #thresholds: Float64Array;
  readonly #decisionTypes: Float64Array;
  readonly #lefts: Float64Array;
  readonly #rights: Float64Array;
  readonly #values: Float64Array;
  readonly #categoryStarts: Float64Array;
  readonly #categoryWords: Float64Array;

  constructor(section: Section, { features, group }: LightgbmTreeContext) {
    this.where = section.where;
    this.group = group;
    const leaves = section.count('num_leaves', MOST_LEAVES);
    if (leaves === 0) throw new ModelFileError(section.pathOf('num_leaves'), '1 or more', leaves);
    if (section.has('is_linear') && section.count('is_linear', 1) === 1) {
      const given = new Words('linear models in its leaves (linear_tree=true)');
      throw new ModelFileError(this.where, 'leaves of one value', given);
    }
    const splits = leaves - 1;
    this.#splits = splits;
    this.size = splits + leaves;
    this.#values = section.numbers('leaf_value', leaves);
    const list = (name: string, least: number, most: number): Float64Array =>
      splits === 0 ? new Float64Array(0) : section.integers(name, least, most, splits);
    this.#features = list('split_feature', 0, features - 1);
    this.#decisionTypes = list('decision_type', 0, MOST_DECISION_TYPE);
    this.#lefts = list('left_child', -leaves, splits - 1);
    this.#rights = list('right_child', -leaves, splits - 1);
    this.#thresholds = splits === 0 ? this.#features : section.thresholds('threshold', splits);
    const sets = section.has('num_cat') ? section.count('num_cat', splits) : 0;
    this.#categoryStarts = categoryStarts(section, sets);
    const words = this.#categoryStarts[sets] as number;
    this.#categoryWords =
      sets === 0 ? new Float64Array(0) : section.integers('cat_threshold', 0, MOST_WORD, words);
  }

  node(id: number): Leaf | Split {
    if (id >= this.#splits) {
      const leaf = id - this.#splits;
      return { value: this.#values[leaf] as number, leaf };
    }
    const feature = this.#features[id] as number;
    const left = this.#nodeOf(this.#lefts[id] as number);
    const right = this.#nodeOf(this.#rights[id] as number);
    const threshold = this.#thresholds[id] as number;
    const decision = this.#decisionTypes[id] as number;
    if ((decision & BY_CATEGORY) !== 0) {
      return { kind: SplitKind.CATEGORY, feature, threshold: this.#set(id), left, right };
    }
    return {
      kind: kindOf(decision, threshold),
      feature,
      threshold: nextAbove(threshold),
      left,
      right,
    };
  }

  #nodeOf(child: number): number {
    return child >= 0 ? child : this.#splits - child - 1;
  }

  /** The threshold of such a split is the number of its set. */
  #set(id: number): Uint32Array {
    const set = this.#thresholds[id] as number;
    const sets = this.#categoryStarts.length - 1;
    if (!Number.isInteger(set) || set < 0 || set >= sets) {
      const expected = `the number of one of ${sets} sets of categories`;
      throw new ModelFileError(`${this.where} threshold[${id}]`, expected, set);
    }
    const [start, end] = this.#categoryStarts.subarray(set, set + 2);
    return Uint32Array.from(this.#categoryWords.subarray(start, end));
  }
}

/** Where each set begins in `cat_threshold`, then where the last one ends. */
function categoryStarts(section: Section, sets: number): Float64Array {
  if (sets === 0) return new Float64Array(1);
  const starts = section.integers('cat_boundaries', 0, MOST_LEAVES, sets + 1);
  const wrong = starts.findIndex((start, i) => start < (starts[i - 1] ?? start));
  if (wrong >= 0) {
    const where = `${section.pathOf('cat_boundaries')}[${wrong}]`;
    throw new ModelFileError(where, `${starts[wrong - 1]} or more`, starts[wrong]);
  }
  return starts;
}

/** LightGBM goes left where x <= threshold; we, where x is below the number next above. */
function kindOf(decision: number, threshold: number): SplitKind {
  const isDefaultLeft = (decision & DEFAULT_LEFT) !== 0;
  switch (decision >> MISSING_SHIFT) {
    case Missing.ZERO:
      return isDefaultLeft ? SplitKind.BELOW_OR_ZERO : SplitKind.BELOW_NOT_ZERO;
    case Missing.NAN:
      return isDefaultLeft ? SplitKind.BELOW_OR_MISSING : SplitKind.BELOW;
    default: // Nothing was missing in the training: NaN counts as 0.
      return 0 <= threshold ? SplitKind.BELOW_OR_MISSING : SplitKind.BELOW;
  }
}
