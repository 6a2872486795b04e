/** Signatures, and runs of them. */
import assert from 'node:assert/strict';

import { readTreeModel } from '../../../../../examples/plugins/trees/src/read-tree-model.js';
import type { Tensor } from '../../../../../examples/plugins/trees/src/tree-model.js';
import { fixture } from './fixtures.js';

function features(name: string): Tensor {
  const { rows, n } = fixture(name);
  const dtype = rows instanceof Float32Array ? 'DT_FLOAT' : 'DT_DOUBLE';
  return { dtype, shape: [n, rows.length / n], values: rows };
}

describe('TreeModel', () => {
  it('says what it takes and answers', () => {
    const model = readTreeModel(fixture('xgboost_regression').file);
    const inputs = { features: { dtype: 'DT_FLOAT', shape: [-1, 5] } };
    assert.deepEqual(model.signatures, {
      serving_default: { inputs, outputs: { predictions: { dtype: 'DT_FLOAT', shape: [-1] } } },
      margins: { inputs, outputs: { margins: { dtype: 'DT_FLOAT', shape: [-1] } } },
      leaves: { inputs, outputs: { leaves: { dtype: 'DT_INT32', shape: [-1, 4] } } },
    });
    assert.deepEqual(model.featureNames, ['area', 'age', 'rooms', 'floor', 'tax']);
    assert.deepEqual([model.format, model.objective], ['XGBoost', 'reg:squarederror']);
  });

  it('has classes and their probabilities where it is a classifier', () => {
    const model = readTreeModel(fixture('lightgbm_multiclass').file);
    assert.deepEqual(model.signatures['classes']?.outputs, {
      classes: { dtype: 'DT_INT32', shape: [-1] },
      probabilities: { dtype: 'DT_DOUBLE', shape: [-1, 3] },
    });
    assert.deepEqual(model.signatures['serving_default']?.outputs, {
      predictions: { dtype: 'DT_DOUBLE', shape: [-1, 3] },
    });
  });

  it('answers each signature in the shape that it says', () => {
    for (const name of ['xgboost_softprob_categories', 'lightgbm_binary_categories']) {
      const { file, n } = fixture(name);
      const model = readTreeModel(file);
      const given = features(name);
      for (const [signatureName, { outputs }] of Object.entries(model.signatures)) {
        const answer = model.run(signatureName, { features: given });
        assert.deepEqual(Object.keys(answer), Object.keys(outputs));
        for (const [output, { dtype, shape, values }] of Object.entries(answer)) {
          const expected = outputs[output]?.shape.map((size) => (size === -1 ? n : size)) ?? [];
          assert.deepEqual([dtype, shape], [outputs[output]?.dtype, expected]);
          assert.equal(
            values.length,
            expected.reduce((product, size) => product * size, 1),
          );
        }
      }
    }
  });

  it('names the most probable class, and of two the second above one half', () => {
    for (const name of ['xgboost_softprob_categories', 'lightgbm_binary_categories']) {
      const { file, n, predictions } = fixture(name);
      const width = predictions.length / n;
      const { classes } = readTreeModel(file).run('classes', { features: features(name) });
      for (let row = 0; row < n; ++row) {
        const of = predictions.slice(row * width, (row + 1) * width);
        const expected =
          width === 1 ? Number((of[0] as number) > 0.5) : of.indexOf(Math.max(...of));
        assert.equal(classes?.values[row], expected, `${name} row ${row}`);
      }
    }
  });

  it('answers no rows with none', () => {
    const model = readTreeModel(fixture('lightgbm_multiclass').file);
    const empty: Tensor = { dtype: 'DT_DOUBLE', shape: [0, 5], values: new Float64Array(0) };
    const { predictions } = model.run('serving_default', { features: empty });
    assert.deepEqual(predictions, { ...empty, shape: [0, 3] });
  });

  it('refuses what its signatures do not have', () => {
    const model = readTreeModel(fixture('xgboost_regression').file);
    const given = features('xgboost_regression');
    const narrow = { ...given, shape: [given.values.length, 1] };
    const flat = { ...given, shape: [given.values.length] };
    const short = { ...given, values: given.values.subarray(1) };
    const whole: Tensor = { dtype: 'DT_INT32', shape: [1, 5], values: new Int32Array(5) };
    const cases: readonly [string, Record<string, Tensor>, RegExp][] = [
      ['predict', { features: given }, /^no signature "predict"; there are serving_default, /],
      ['toString', { features: given }, /^no signature "toString"/],
      ['classes', { features: given }, /^no signature "classes"/],
      ['margins', {}, /^inputs: expected features alone, got none$/],
      ['margins', { x: given, features: given }, /^inputs: .*, got x, features$/],
      ['margins', { features: narrow }, /expected shape \[-1, 5\], got \[\d+, 1\]$/],
      ['margins', { features: flat }, /expected shape \[-1, 5\], got \[\d+\]$/],
      ['margins', { features: short }, /expected \d+ floating-point values, got \d+ of DT_FLOAT$/],
      ['margins', { features: whole }, /expected 5 floating-point values, got 5 of DT_INT32$/],
    ];
    for (const [name, inputs, message] of cases) {
      assert.throws(() => model.run(name, inputs), { name: 'RangeError', message });
    }
  });
});
