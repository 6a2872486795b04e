import assert from 'node:assert/strict';

import { areCompatible, specText, type TensorSpec } from '../../../src/servables/tensor-spec.js';

const floats = (...shape: number[]): TensorSpec => ({ dtype: 'DT_FLOAT', shape });
const ANY: TensorSpec = { dtype: 'DT_FLOAT', shape: null };

describe('The specs of tensors', () => {
  it('are compared by dtype, rank and known sizes', () => {
    assert.ok(areCompatible(floats(7, 2), floats(-1, 2)));
    assert.ok(areCompatible(floats(-1, 2), floats(3, -1)));
    assert.ok(areCompatible(floats(), ANY));
    for (const shape of [[7, 3], [2], [1, 7, 2]]) {
      assert.ok(!areCompatible(floats(...shape), floats(-1, 2)));
    }
    assert.ok(!areCompatible({ dtype: 'DT_INT32', shape: [7, 2] }, floats(-1, 2)));
    assert.ok(!areCompatible({ dtype: 'DT_INT32', shape: null }, ANY));
  });

  it('are written as the addon writes them', () => {
    assert.equal(specText(floats(-1, 256)), 'DT_FLOAT [-1,256]');
    assert.equal(specText(floats()), 'DT_FLOAT []');
    assert.equal(specText(ANY), 'DT_FLOAT of any shape');
  });
});
