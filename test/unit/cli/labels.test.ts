import assert from 'node:assert/strict';

import { labelOf } from '../../../src/cli/labels.js';
import { UsageError } from '../../../src/cli/usage-error.js';

describe('A label on the command line', () => {
  it('stands for one version', () => {
    assert.deepEqual(labelOf('stable=3'), ['stable', { parts: [{ version: 3n, weight: 1 }] }]);
  });

  it('spreads over versions by weight', () => {
    const parts = [
      { version: 1n, weight: 0.5 },
      { version: 2n, weight: 1 },
    ];
    assert.deepEqual(labelOf('canary=1:0.5,2'), ['canary', { parts }]);
  });

  for (const text of ['stable', '=1', 'a=', 'a=b', 'a=1,', 'a=1:0', 'a=1:-1', 'a=1:1:1', 'a=1:x']) {
    it(`is refused as ${text}`, () => {
      assert.throws(() => labelOf(text), UsageError);
    });
  }
});
