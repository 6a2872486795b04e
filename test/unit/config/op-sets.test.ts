import assert from 'node:assert/strict';

import { OP_SETS, opSetsOf } from '../../../src/config/op-sets.js';
import { StatusCode } from '../../../src/status/serving-error.js';

describe('opSetsOf', () => {
  it('takes the flag, and the environment where the flag is empty', () => {
    assert.deepEqual(opSetsOf('', {}), []);
    assert.deepEqual(opSetsOf('text,,text', { TENSORGATE_OPS: 'nonsense' }), ['text']);
    assert.deepEqual(opSetsOf('', { TENSORGATE_OPS: 'text' }), ['text']);
  });

  it('refuses a name that there is no set of, and lists those that there are', () => {
    for (const [flag, origin] of [
      ['text,txt', '--ops'],
      ['', 'TENSORGATE_OPS'],
    ] as const) {
      assert.throws(() => opSetsOf(flag, { TENSORGATE_OPS: 'txt' }), {
        code: StatusCode.INVALID_ARGUMENT,
        message: `${origin} names ops that are not known: txt; known are: ${OP_SETS.join(', ')}`,
      });
    }
  });
});
