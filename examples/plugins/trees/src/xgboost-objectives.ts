/** What XGBoost's objectives make of the sums, and of the base score that the file has. */
import {
  argmax,
  exponentialFloat,
  identity,
  isPositive,
  sigmoidFloat,
  softmaxFloat,
  type Link,
} from './links.js';
import type { Objective } from './tree-model.js';

/** A base score is as predictions are; the sums begin at what the link makes it of. */
type ToMargin = (baseScore: number) => number;

export interface XgboostObjective extends Objective {
  readonly toMargin: ToMargin;
}

const same: ToMargin = (score) => score;
const logarithm: ToMargin = (score) => Math.fround(Math.log(score));
const logit: ToMargin = (score) => Math.fround(-Math.log(Math.fround(Math.fround(1 / score) - 1)));

type Row = readonly [toMargin: ToMargin, predictions: Link, probabilities: Link | null];

const PLAIN: Row = [same, identity, null];
const POSITIVE: Row = [logarithm, exponentialFloat, null];

const OBJECTIVES: Readonly<Record<string, Row>> = {
  'reg:squarederror': PLAIN,
  'reg:linear': PLAIN,
  'reg:squaredlogerror': PLAIN,
  'reg:pseudohubererror': PLAIN,
  'reg:absoluteerror': PLAIN,
  'reg:quantileerror': PLAIN,
  'reg:expectileerror': PLAIN,
  'reg:logistic': [logit, sigmoidFloat, null],
  'reg:gamma': POSITIVE,
  'reg:tweedie': POSITIVE,
  'count:poisson': POSITIVE,
  'survival:cox': POSITIVE,
  'survival:aft': POSITIVE,
  'binary:logistic': [logit, sigmoidFloat, sigmoidFloat],
  'binary:logitraw': [same, identity, sigmoidFloat],
  'binary:hinge': [same, isPositive, isPositive],
  'multi:softprob': [same, softmaxFloat, softmaxFloat],
  'multi:softmax': [same, argmax, softmaxFloat],
  'rank:pairwise': PLAIN,
  'rank:ndcg': PLAIN,
  'rank:map': PLAIN,
};

export const XGBOOST_OBJECTIVES: readonly string[] = Object.keys(OBJECTIVES);

/** Undefined: not one of XGBOOST_OBJECTIVES. */
export function xgboostObjective(name: string): XgboostObjective | undefined {
  const row = Object.hasOwn(OBJECTIVES, name) ? OBJECTIVES[name] : undefined;
  if (!row) return undefined;
  const [toMargin, predictions, probabilities] = row;
  return { name, toMargin, predictions, probabilities };
}
