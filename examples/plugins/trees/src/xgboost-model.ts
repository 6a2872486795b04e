/**
 * XGBoost's model files, JSON and UBJSON: gbtree and dart. Computes in float32, as XGBoost does, so that
 * rows take the same paths and sums round the same way.
 */
import { EnsembleBuilder } from './ensemble-builder.js';
import { Fields } from './fields.js';
import { ModelFileError, Words } from './model-file-error.js';
import { TreeModel } from './tree-model.js';
import { mostContainers, parseUbjson } from './ubjson.js';
import { parseXgboostJson } from './xgboost-json.js';
import { XGBOOST_OBJECTIVES, xgboostObjective } from './xgboost-objectives.js';
import { xgboostTree } from './xgboost-trees.js';

const MOST = 2 ** 31 - 1;
const [OBJECT, ARRAY] = ['{'.charCodeAt(0), '['.charCodeAt(0)];

/** @throws ModelFileError that says what is wrong with the file. */
export function readXgboostJson(bytes: Uint8Array): TreeModel {
  checkBrackets(bytes);
  let parsed: unknown;
  try {
    parsed = parseXgboostJson(new TextDecoder().decode(bytes));
  } catch (error) {
    const given = new Words(error instanceof Error ? error.message : String(error));
    throw new ModelFileError('file', 'JSON', given, { cause: error });
  }
  return xgboostModel(parsed);
}

/** @throws ModelFileError that says what is wrong with the file. */
export function readXgboostUbjson(bytes: Uint8Array): TreeModel {
  return xgboostModel(parseUbjson(bytes));
}

function xgboostModel(file: unknown): TreeModel {
  const learner = new Fields(file, '').fields('learner');
  const objectiveName = learner.fields('objective').text('name');
  const objective = xgboostObjective(objectiveName);
  if (!objective) {
    const expected = `one of ${XGBOOST_OBJECTIVES.join(', ')}`;
    throw new ModelFileError('learner.objective.name', expected, objectiveName);
  }
  const { model, weights } = gradientBooster(learner.fields('gradient_booster'));
  const trees = model.list('trees');
  const param = learner.fields('learner_model_param');
  const features = param.count('num_feature', MOST);
  const groups = groupsOf(param, trees.length);
  const groupOfTree = model.integers('tree_info', 0, groups - 1, trees.length);
  if (weights && weights.length !== trees.length) {
    const given = new Words(String(weights.length));
    throw new ModelFileError('learner.gradient_booster.weight_drop', `${trees.length}`, given);
  }
  const builder = new EnsembleBuilder();
  for (let i = 0; i < trees.length; ++i) {
    const fields = new Fields(trees[i], `${model.pathOf('trees')}[${i}]`);
    const group = groupOfTree[i] as number;
    const weight = Math.fround(weights?.[i] ?? 1);
    builder.add(xgboostTree(fields, { features, group, weight }));
  }
  const base = baseMargins(param, groups, objective.toMargin);
  return new TreeModel({
    format: 'XGBoost',
    ensemble: builder.build(base, features, true),
    objective,
    features,
    featureNames: namesOf(learner, features),
    dtype: 'DT_FLOAT',
  });
}

/** Objects and arrays take more memory than the two bytes of an empty one: a file of such is refused unread. */
function checkBrackets(bytes: Uint8Array): void {
  const most = mostContainers(bytes.length);
  let brackets = 0;
  for (const byte of bytes) if (byte === OBJECT || byte === ARRAY) ++brackets;
  if (brackets > most) {
    throw new ModelFileError('file', `at most ${most} objects and arrays`, brackets);
  }
}

/** The model with the trees; dart has it one level deeper, with a weight for each tree. */
function gradientBooster(booster: Fields): { model: Fields; weights: ArrayLike<number> | null } {
  const name = booster.text('name');
  if (name === 'gbtree') return { model: booster.fields('model'), weights: null };
  if (name === 'dart') {
    const model = booster.fields('gbtree').fields('model');
    return { model, weights: booster.numbers('weight_drop') };
  }
  const reason = 'gbtree or dart (gblinear has no trees)';
  throw new ModelFileError(booster.pathOf('name'), reason, name);
}

/** Classes, or targets; not more than there are trees, so that memory follows the file's size. */
function groupsOf(param: Fields, trees: number): number {
  const classes = param.count('num_class', MOST);
  const targets = param.has('num_target') ? param.count('num_target', MOST) : 1;
  const groups = Math.max(1, classes, targets);
  if (groups > Math.max(1, trees)) {
    const name = classes > targets ? 'num_class' : 'num_target';
    throw new ModelFileError(param.pathOf(name), `at most ${trees}, a tree for each`, groups);
  }
  return groups;
}

function baseMargins(
  param: Fields,
  groups: number,
  toMargin: (score: number) => number,
): readonly number[] {
  const scores = param.numbersInText('base_score');
  if (scores.length !== 1 && scores.length !== groups) {
    const where = param.pathOf('base_score');
    throw new ModelFileError(where, `1 or ${groups}`, new Words(String(scores.length)));
  }
  return Array.from({ length: groups }, (_, group) => {
    const score = scores.length === 1 ? scores[0] : scores[group];
    const margin = toMargin(Math.fround(score as number));
    if (Number.isFinite(margin)) return margin;
    throw new ModelFileError(param.pathOf('base_score'), 'a score of the objective', score);
  });
}

/** One for each feature, or none. */
function namesOf(learner: Fields, features: number): readonly string[] {
  const names = learner.has('feature_names') ? learner.texts('feature_names') : [];
  if (names.length !== 0 && names.length !== features) {
    const expected = `${features} names or none`;
    const given = new Words(String(names.length));
    throw new ModelFileError(learner.pathOf('feature_names'), expected, given);
  }
  return names;
}
