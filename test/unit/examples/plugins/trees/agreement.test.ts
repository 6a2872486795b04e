/** Answers beside those of the packages, for rows at their thresholds, missing ones and odd ones. */
import assert from 'node:assert/strict';

import type { FloatArray } from '../../../../../examples/plugins/trees/src/ensemble.js';
import { readTreeModel } from '../../../../../examples/plugins/trees/src/read-tree-model.js';
import { changed, fixture, FIXTURES } from './fixtures.js';

const TOLERANCE = 1e-6;

function assertClose(actual: FloatArray, expected: readonly number[], what: string): void {
  assert.equal(actual.length, expected.length, what);
  actual.forEach((value, i) => {
    const wanted = expected[i] as number;
    const error = Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
    assert.ok(error <= TOLERANCE, `${what}[${i}]: ${value}, not ${wanted}`);
  });
}

describe('tree models answer as their packages do', () => {
  it('of both packages', () => {
    assert.deepEqual(
      [...new Set(FIXTURES.map((name) => name.split('_')[0]))],
      ['lightgbm', 'xgboost'],
    );
  });

  for (const name of FIXTURES) {
    it(name, () => {
      const { file, n, rows, predictions, margins, leaves } = fixture(name);
      const model = readTreeModel(file);
      const predicted = new Float64Array(n * model.outputs);
      model.predict(rows, n, predicted);
      assertClose(predicted, predictions, 'predictions');
      const summed = new Float64Array(n * model.groups);
      model.margins(rows, n, summed);
      // Sums of the same numbers in the same order: nothing rounds differently.
      assert.deepEqual([...summed], margins);
      const reached = new Int32Array(n * model.trees);
      model.leaves(rows, n, reached);
      assert.deepEqual([...reached], leaves);
    });
  }

  it('where float32 is given as double', () => {
    const { file, n, rows, predictions } = fixture('xgboost_regression');
    const predicted = new Float32Array(n);
    // Less than half of float32's last place: XGBoost would round it away.
    const nearly = Float64Array.from(rows, (value) => value * (1 + 1e-8));
    readTreeModel(file).predict(nearly, n, predicted);
    assertClose(predicted, predictions, 'predictions');
  });

  it('where XGBoost 2 writes NaN for the thresholds of splits by category', () => {
    const name = 'xgboost_softprob_categories';
    const { file, n, rows, predictions } = fixture(name);
    const parsed = JSON.parse(file.toString('utf8')) as {
      learner: {
        gradient_booster: {
          model: { trees: { split_type: number[]; split_conditions: unknown[] }[] };
        };
      };
    };
    for (const tree of parsed.learner.gradient_booster.model.trees) {
      tree.split_type.forEach((type, node) => {
        if (type === 1) tree.split_conditions[node] = '@';
      });
    }
    const text = JSON.stringify(parsed).replaceAll('"@"', 'NaN');
    assert.match(text, /NaN/);
    const predicted = new Float32Array(n * 3);
    readTreeModel(Buffer.from(text)).predict(rows, n, predicted);
    assertClose(predicted, predictions, 'predictions');
  });

  it('where earlier versions of XGBoost have one base score, and booleans', () => {
    const { n, rows, predictions } = fixture('xgboost_regression');
    const text = changed('xgboost_regression', /"\[([^\]"]+)\]"/, '"$1"')
      .toString('utf8')
      .replaceAll(/"default_left":\[([^\]]*)\]/g, (_, list: string) => {
        const booleans = list.split(',').map((digit) => String(digit === '1'));
        return `"default_left":[${booleans.join(',')}]`;
      });
    assert.match(text, /"default_left":\[(true|false),/);
    const predicted = new Float32Array(n);
    readTreeModel(Buffer.from(text)).predict(rows, n, predicted);
    assertClose(predicted, predictions, 'predictions');
  });
});
