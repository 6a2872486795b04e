/**
 * Links: from the sums of a row to what its package predicts. Those for XGBoost compute in float32, as it
 * does; those for LightGBM in double.
 */
import type { FloatArray } from './ensemble.js';

export interface Link {
  /** Whether a row has one value, however many sums there are. */
  readonly isSingle: boolean;
  /**
   * Writes the values of a row into `out` from `at` on. Its sums are the `groups` margins from `from` on, which
   * are its to overwrite.
   */
  readonly apply: (
    margins: Float64Array,
    from: number,
    groups: number,
    out: FloatArray,
    at: number,
  ) => void;
}

function each(one: (margin: number) => number): Link {
  return {
    isSingle: false,
    apply: (margins, from, groups, out, at) => {
      for (let i = 0; i < groups; ++i) out[at + i] = one(margins[from + i] as number);
    },
  };
}

export const identity = each((margin) => margin);
export const exponential = each(Math.exp);
export const exponentialFloat = each((margin) => Math.fround(Math.exp(margin)));
/** LightGBM's regression on the square root of the label. */
export const signedSquare = each((margin) => Math.sign(margin) * margin * margin);
export const logOnePlusExponential = each((margin) => Math.log1p(Math.exp(margin)));
/** XGBoost's hinge. */
export const isPositive = each((margin) => (margin > 0 ? 1 : 0));

export function sigmoid(steepness: number): Link {
  return each((margin) => 1 / (1 + Math.exp(-steepness * margin)));
}

/** XGBoost's, which bounds the exponent so that exp does not overflow. */
export function sigmoidOf(margin: number): number {
  const exp = Math.fround(Math.exp(Math.min(-margin, Math.fround(88.7))));
  return Math.fround(1 / Math.fround(exp + 1));
}

export const sigmoidFloat = each(sigmoidOf);

function softmaxWith(round: (value: number) => number): Link {
  return {
    isSingle: false,
    apply: (margins, from, groups, out, at) => {
      const most = margins[from + indexOfMost(margins, from, groups)] as number;
      let sum = 0;
      for (let i = 0; i < groups; ++i) {
        const exp = round(Math.exp(round((margins[from + i] as number) - most)));
        out[at + i] = exp;
        sum += exp;
      }
      const divisor = round(sum);
      for (let i = 0; i < groups; ++i) (out[at + i] as number) /= divisor;
    },
  };
}

export const softmax = softmaxWith((value) => value);
export const softmaxFloat = softmaxWith(Math.fround);

/** Of the sums divided by `divisor`. */
export function averaged({ isSingle, apply }: Link, divisor: number): Link {
  return {
    isSingle,
    apply: (margins, from, groups, out, at) => {
      for (let i = from; i < from + groups; ++i) (margins[i] as number) /= divisor;
      apply(margins, from, groups, out, at);
    },
  };
}

/** The number of the largest sum, the first of equal ones. */
export const argmax: Link = {
  isSingle: true,
  apply: (margins, from, groups, out, at) => {
    out[at] = indexOfMost(margins, from, groups);
  },
};

/** Of `length` values from `at` on: where the largest is, counted from `at`; the first of equal ones. */
export function indexOfMost(values: FloatArray, at: number, length: number): number {
  let most = 0;
  for (let i = 1; i < length; ++i) {
    if ((values[at + i] as number) > (values[at + most] as number)) most = i;
  }
  return most;
}
