/** What LightGBM's objectives make of the sums, with the parameters that the file gives them. */
import {
  exponential,
  identity,
  logOnePlusExponential,
  sigmoid,
  signedSquare,
  softmax,
  type Link,
} from './links.js';
import { ModelFileError } from './model-file-error.js';
import type { Objective } from './tree-model.js';

type Kind = 'plain' | 'regression' | 'positive' | 'binary' | 'multiclass' | 'ova' | 'log1p';

const KINDS: Readonly<Record<string, Kind>> = {
  regression: 'regression',
  regression_l1: 'regression',
  huber: 'regression',
  fair: 'regression',
  quantile: 'regression',
  mape: 'regression',
  poisson: 'positive',
  gamma: 'positive',
  tweedie: 'positive',
  binary: 'binary',
  multiclass: 'multiclass',
  multiclassova: 'ova',
  cross_entropy: 'binary',
  cross_entropy_lambda: 'log1p',
  lambdarank: 'plain',
  rank_xendcg: 'plain',
  custom: 'plain',
};

/** Of `binary sigmoid:0.5`. */
class Parameters {
  readonly #words: readonly string[];
  readonly #where: string;

  constructor(words: readonly string[], where: string) {
    this.#words = words;
    this.#where = where;
  }

  has(flag: string): boolean {
    return this.#words.includes(flag);
  }

  /** A number above 0; `otherwise` where the file does not say. */
  positive(name: string, otherwise: number): number {
    const word = this.#words.find((each) => each.startsWith(`${name}:`));
    if (word === undefined) return otherwise;
    const value = Number(word.slice(name.length + 1));
    if (value > 0 && Number.isFinite(value)) return value;
    throw new ModelFileError(this.#where, `${name}: and a number above 0`, word);
  }
}

/**
 * @param words the name and its parameters; none for an objective of the user's own, whose sums are its answers
 * @throws ModelFileError where it is not known, or does not fit `groups`, the sums of a row
 */
export function lightgbmObjective(words: readonly string[], groups: number): Objective {
  const where = 'header objective';
  const [name = 'custom', ...rest] = words;
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!kind) {
    throw new ModelFileError(where, `one of ${Object.keys(KINDS).join(', ')}`, name);
  }
  const parameters = new Parameters(rest, where);
  const isMulti = kind === 'multiclass' || kind === 'ova';
  const wanted = isMulti ? parameters.positive('num_class', 1) : 1;
  if (kind !== 'plain' && groups !== wanted) {
    const expected = `${wanted}, as objective ${name} has`;
    throw new ModelFileError('header num_tree_per_iteration', expected, groups);
  }
  const steep = (): Link => sigmoid(parameters.positive('sigmoid', 1));
  switch (kind) {
    case 'regression':
      return regression(name, parameters.has('sqrt') ? signedSquare : identity);
    case 'positive':
      return regression(name, exponential);
    case 'log1p':
      return regression(name, logOnePlusExponential);
    case 'binary': {
      const link = steep();
      return { name, predictions: link, probabilities: name === 'binary' ? link : null };
    }
    case 'multiclass':
      return { name, predictions: softmax, probabilities: softmax };
    case 'ova': {
      const link = steep();
      return { name, predictions: link, probabilities: link };
    }
    case 'plain':
      return regression(name, identity);
  }
}

function regression(name: string, predictions: Link): Objective {
  return { name, predictions, probabilities: null };
}
