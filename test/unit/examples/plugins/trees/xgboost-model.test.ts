/** XGBoost files that are wrong: each is refused, and the error says where and why. */
import assert from 'node:assert/strict';

import { readTreeModel } from '../../../../../examples/plugins/trees/src/read-tree-model.js';
import { changed, fixture } from './fixtures.js';

function assertRefused(file: Buffer, message: RegExp): void {
  assert.throws(() => readTreeModel(file), { name: 'ModelFileError', message });
}

/** The learner's, not a tree's. */
const FEATURES = /"num_feature":"5","num_t/;
const TREE = 'learner\\.gradient_booster\\.model\\.trees\\[0\\]';

/** The first of a list of a tree with several sets becomes what `value` makes of the number of its categories. */
function assertSetRefused(list: string, value: (all: number) => number, message: RegExp): void {
  type Trees = { learner: { gradient_booster: { model: { trees: Record<string, number[]>[] } } } };
  const file = JSON.parse(fixture('xgboost_softprob_categories').file.toString('utf8')) as Trees;
  const { trees } = file.learner.gradient_booster.model;
  const tree = trees.find((each) => (each['categories_nodes']?.length ?? 0) > 1);
  assert.ok(tree?.['categories'] && tree[list], 'a tree with several sets');
  tree[list][0] = value(tree['categories'].length);
  assertRefused(Buffer.from(JSON.stringify(file)), message);
}

describe('XGBoost JSON', () => {
  const name = 'xgboost_regression';
  const cases: readonly [string, RegExp, string, RegExp][] = [
    [
      'another booster',
      /"name":"gbtree"/,
      '"name":"gblinear"',
      /gblinear has no trees.*"gblinear"/,
    ],
    ['an objective', /reg:squarederror/, 'reg:mine', /objective\.name: expected one of reg:sq/],
    ['a property of all objects', /reg:squarederror/, 'toString', /objective\.name.*"toString"/],
    ['no learner', /"learner"/, '"x"', /^learner: expected an object, got nothing$/],
    ['features', FEATURES, '"num_feature":"-5","num_t', /num_feature: .*, got "-5"$/],
    ['few features', FEATURES, '"num_feature":"1","num_t', /expected a feature below 1, got/],
    ['classes', /"num_class":"0"/, '"num_class":"2000000000"', /at most 4, a tree for each/],
    ['base score', /"base_score":"[^"]*"/, '"base_score":"[]"', /base_score: expected numbers/],
    ['base scores', /"base_score":"[^"]*"/, '"base_score":"[1,2]"', /expected 1 or 1, got 2$/],
    ['the trees', /"trees":\[/, '"trees":[[],', /expected an array of 5, got an array of 4/],
    ['tree info', /"tree_info":\[0/, '"tree_info":[1', /tree_info\[0\]: .* 0 to 0, got 1$/],
    ['vector leaves', /vector":"1"/, 'vector":"2"', /multi_output_tree/],
    ['no node', /"num_nodes":"\d+"/, '"num_nodes":"0"', /expected at least one node, got 0$/],
    ['nodes', /"num_nodes":"\d+"/, '"num_nodes":"999999999"', /expected an array of 999999999/],
    ['a cycle', /"left_children":\[1,/, '"left_children":[0,', /node 0 as the child of several/],
    ['two parents', /"left_children":\[1,/, '"left_children":[2,', /with one parent, got node 2/],
    [
      'a far child',
      /"left_children":\[1,/,
      '"left_children":[99,',
      /a child from 0 to \d+, got 99$/,
    ],
    ['no right child', /"right_children":\[2,/, '"right_children":[-1,', /a child from 0.*got -1$/],
    [
      'a fraction',
      /"left_children":\[1,/,
      '"left_children":[1.5,',
      /left_children\[0\].*got 1\.5$/,
    ],
    [
      'a text',
      /"left_children":\[1,/,
      '"left_children":["1",',
      /expected a finite number, got "1"$/,
    ],
    ['NaN threshold', /"split_conditions":\[[^,]*/, '"split_conditions":[NaN', /number, got null$/],
    ['directions', /"default_left":\[./, '"default_left":[7', /default_left\[0\]: expected 0 or 1/],
    ['split types', /"split_type":\[0/, '"split_type":[2', /split_type\[0\]: .*0 to 1, got 2$/],
    ['no categories', /"split_type":\[0/, '"split_type":[1', /expected node 0, whose split is by/],
    ['names', /"area",/, '', /feature_names: expected 5 names or none, got 4$/],
  ];
  for (const [title, from, to, message] of cases) {
    it(`refuses ${title}`, () => {
      assertRefused(changed(name, from, to), message);
    });
  }

  it('refuses leaves that are no finite number', () => {
    const conditions = /("split_conditions":\[.*?)[^,\]]*\]/;
    const where = new RegExp(`^${TREE}\\.split_conditions\\[\\d+\\]: expected a finite leaf, got`);
    assertRefused(changed(name, conditions, '$1Infinity]'), where);
  });

  it('refuses sets of categories that are not all there, or given twice', () => {
    assertSetRefused(
      'categories_segments',
      (all) => all,
      /expected at most \d+ categories from \d+ on, each/,
    );
    assertSetRefused(
      'categories_sizes',
      (all) => all,
      /expected at most \d+ categories from \d+ on/,
    );
    assertSetRefused(
      'categories_sizes',
      () => -1,
      /categories_sizes\[0\]: .* from 0 to \d+, got -1$/,
    );
    assertSetRefused(
      'categories_nodes',
      () => 99,
      /categories_nodes\[0\]: .* from 0 to \d+, got 99$/,
    );
    assertSetRefused('categories', () => 2 ** 24, /from 0 to 16777215, got 16777216$/);
  });

  it('refuses weights that are not those of its trees', () => {
    const file = 'xgboost_dart_poisson';
    assertRefused(changed(file, /"weight_drop":\[/, '"weight_drop":[1,'), /weight_drop.*got 5$/);
  });

  it('refuses base scores that the objective cannot have', () => {
    const score = '"base_score":"[-1E0]"';
    const file = changed('xgboost_dart_poisson', /"base_score":"[^"]*"/, score);
    assertRefused(file, /base_score: expected a score of the objective, got -1$/);
  });

  it('refuses what is no JSON, or not all of it', () => {
    const { file } = fixture(name);
    assertRefused(file.subarray(0, file.length - 1), /^file: expected JSON, got /);
    assertRefused(Buffer.from('{"a":nan}'), /^file: expected JSON, got /);
    assertRefused(Buffer.from('{}'), /^learner: expected an object, got nothing$/);
    assertRefused(Buffer.from(`{"learner":${'['.repeat(900)}`), /^file: expected JSON, got /);
    const brackets = Buffer.from(`{"learner":${'['.repeat(1e5)}`);
    assertRefused(brackets, /^file: expected at most 7250 objects and arrays, got 100001$/);
    assertRefused(Buffer.from('{"tree_info":[]}'), /^learner: expected an object, got nothing$/);
  });

  it('refuses what neither package writes', () => {
    const expected =
      /^file: expected XGBoost's JSON or UBJSON, or the text of LightGBM's save_model/;
    assertRefused(Buffer.alloc(0), expected);
    assertRefused(Buffer.from('binf'), expected);
    assertRefused(Buffer.from('\x80\x04\x95'), expected);
  });

  it('takes as many features as it says, not memory for them', () => {
    const file = changed(name, FEATURES, '"num_feature":"2147483647","num_t');
    const text = file.toString('utf8').replace(/"feature_names":\[.*?\]/, '"feature_names":[]');
    assert.equal(readTreeModel(Buffer.from(text)).features, 2147483647);
  });
});
