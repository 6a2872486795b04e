import assert from 'node:assert/strict';

import { chooseOneDnn } from '../../../src/config/onednn.js';

describe('--tensorflow_onednn', () => {
  const chosen = (
    choice: 'auto' | 'on' | 'off',
    flags: string[],
    env: NodeJS.ProcessEnv = {},
  ): string | undefined => {
    chooseOneDnn(choice, env, new Set(flags));
    return env['TF_ENABLE_ONEDNN_OPTS'];
  };

  it('goes by the CPU: with AVX-512 TensorFlow decides so itself', () => {
    assert.equal(chosen('auto', ['avx', 'avx2', 'fma']), '1');
    assert.equal(chosen('auto', ['avx2', 'fma', 'avx512f']), undefined);
    assert.equal(chosen('auto', ['avx']), undefined);
  });

  it('may be said, unless the variable says it', () => {
    assert.equal(chosen('on', []), '1');
    assert.equal(chosen('off', ['avx2', 'fma']), '0');
    assert.equal(chosen('on', [], { TF_ENABLE_ONEDNN_OPTS: '0' }), '0');
  });
});
