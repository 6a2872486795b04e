/** LightGBM files that are wrong: each is refused, and the error says where and why. */
import assert from 'node:assert/strict';

import { readTreeModel } from '../../../../../examples/plugins/trees/src/read-tree-model.js';
import { changed, fixture } from './fixtures.js';

function assertRefused(file: Buffer, message: RegExp): void {
  assert.throws(() => readTreeModel(file), { name: 'ModelFileError', message });
}

/** Up to the objective, which decides how many trees an iteration may have. */
const ITERATION = /per_iteration=1([^]*?objective=)regression/;

describe("LightGBM's text", () => {
  const name = 'lightgbm_regression';
  const cases: readonly [string, RegExp, string, RegExp][] = [
    ['a version', /version=v4/, 'version=v9', /^header version: expected one of v2, .*"v9"$/],
    ['features', /max_feature_idx=4/, 'max_feature_idx=2e9', /feature_names: .* 2000000001 names/],
    ['names', /Column_3 /, '', /feature_names: expected 5 names, got 4$/],
    ['an objective', /objective=regression/, 'objective=mine', /objective: expected one of reg/],
    [
      'classes',
      /objective=regression/,
      'objective=multiclass num_class:3',
      /expected 3, as .* got 1$/,
    ],
    [
      'a slope',
      /objective=regression/,
      'objective=binary sigmoid:0',
      /sigmoid: and a number above/,
    ],
    [
      'an iteration',
      /per_iteration=1/,
      'per_iteration=3',
      /expected 1, as objective regression has/,
    ],
    [
      'half of one',
      ITERATION,
      'per_iteration=3$1lambdarank',
      /what divides the number of trees, 4/,
    ],
    [
      'no iteration',
      ITERATION,
      'per_iteration=0$1lambdarank',
      /what divides the number of trees, 4/,
    ],
    ['a tree less', /tree_sizes=/, 'tree_sizes=5 ', /expected 5 trees, as in tree_sizes, got 4$/],
    ['their order', /Tree=1/, 'Tree=2', /^file: expected Tree=1, got "Tree=2"$/],
    ['no leaf', /num_leaves=8/, 'num_leaves=0', /^Tree=0 num_leaves: expected 1 or more, got 0$/],
    ['leaves', /num_leaves=8/, 'num_leaves=99999999', /^Tree=0 leaf_value: .*, got 8$/],
    ['a list', /threshold=/, 'x=', /^Tree=0 threshold: expected a line, got nothing$/],
    ['a cycle', /left_child=\S+/, 'left_child=0', /node 0 as the child of several, or of itself$/],
    ['a far child', /left_child=\S+/, 'left_child=7', /left_child\[0\]: .* from -8 to 6, got 7$/],
    ['a far leaf', /left_child=\S+/, 'left_child=-9', /left_child\[0\]: .* from -8 to 6, got -9$/],
    ['a feature', /split_feature=\S+/, 'split_feature=5', /split_feature\[0\]: .* 0 to 4, got 5$/],
    [
      'a threshold',
      /threshold=\S+/,
      'threshold=nan',
      /threshold\[0\]: expected a number, got "nan"$/,
    ],
    ['hexadecimal', /threshold=\S+/, 'threshold=0x1', /expected a number, got "0x1"$/],
    ['an empty number', /threshold=/, 'threshold=1  ', /^Tree=0 threshold: expected 7 numbers/],
    ['a leaf', /leaf_value=\S+/, 'leaf_value=inf', /leaf_value\[0\]: expected a finite number/],
    [
      'a decision',
      /decision_type=\S+/,
      'decision_type=12',
      /decision_type\[0\]: .* 0 to 11, got 12$/,
    ],
    ['no categories', /decision_type=\S+/, 'decision_type=1', /the number of one of 0 sets of cat/],
    ['linear trees', /is_linear=0/, 'is_linear=1', /linear models in its leaves/],
    [
      'the end',
      /end of trees/,
      '',
      /^file: expected a line "end of trees", got the end of the file/,
    ],
  ];
  for (const [title, from, to, message] of cases) {
    it(`refuses ${title}`, () => {
      assertRefused(changed(name, from, to), message);
    });
  }

  it('refuses sets of categories that are not all there', () => {
    const file = 'lightgbm_binary_categories';
    const bounds = (text: string): Buffer => changed(file, /cat_boundaries=\S+ \S+/, text);
    assertRefused(bounds('cat_boundaries=2 1'), /cat_boundaries\[1\]: expected 2 or more, got 1$/);
    assertRefused(bounds('cat_boundaries=0 1073741824'), /cat_(boundaries|threshold)/);
    const words = changed(file, /cat_threshold=\d+/, 'cat_threshold=4294967296');
    assertRefused(words, /cat_threshold\[0\]: .* from 0 to 4294967295, got 4294967296$/);
  });

  it('reads a tree of one leaf', () => {
    const { rows, n, margins } = fixture(name);
    const leaf =
      'Tree=4\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nleaf_value=100\n\n\nend of trees';
    const text = changed(name, 'end of trees', leaf)
      .toString('utf8')
      .replace('tree_sizes=', '$&1 ');
    const out = new Float64Array(n);
    readTreeModel(Buffer.from(text)).margins(rows, n, out);
    assert.deepEqual(
      [...out],
      margins.map((margin) => margin + 100),
    );
  });

  /** The leaf of the first tree, whose first split is `threshold`, for a row that has `value` everywhere. */
  function leafOf(threshold: string, value: number): number {
    const file = changed(name, /threshold=\S+/, `threshold=${threshold}`)
      .toString('utf8')
      .replace(/decision_type=\S+/, 'decision_type=8');
    const model = readTreeModel(Buffer.from(file));
    const leaves = new Int32Array(model.trees);
    model.leaves(new Float64Array(5).fill(value), 1, leaves);
    return leaves[0] as number;
  }

  it('goes left at an infinite threshold with all but what is missing', () => {
    assert.equal(leafOf('inf', Infinity), leafOf('inf', 1e300));
    assert.notEqual(leafOf('inf', Infinity), leafOf('inf', NaN));
  });

  it('takes what is near 0 for 0', () => {
    assert.equal(leafOf('-1e-36', -5e-36), leafOf('-1e-36', 0));
    assert.notEqual(leafOf('-1e-36', -5e-36), leafOf('-1e-36', -1));
  });
});
