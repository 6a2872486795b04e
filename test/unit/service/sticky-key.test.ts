import assert from 'node:assert/strict';

import { stickyHeaderOf, stickyKeyOf } from '../../../src/service/sticky-key.js';
import { ServingError, StatusCode } from '../../../src/status/serving-error.js';

describe('stickyHeaderOf', () => {
  it('gives the name as both transports look it up', () => {
    assert.equal(stickyHeaderOf('X-Sticky-Key'), 'x-sticky-key');
    assert.equal(stickyHeaderOf(''), null);
  });

  for (const name of ['two words', 'a:b', 'naïve', 'key-bin', 'KEY-BIN', 'a\n']) {
    it(`refuses ${JSON.stringify(name)}`, () => {
      assert.throws(
        () => stickyHeaderOf(name),
        (error) => error instanceof ServingError && error.code === StatusCode.INVALID_ARGUMENT,
      );
    });
  }
});

describe('stickyKeyOf', () => {
  it('takes up to 256 bytes', () => {
    assert.equal(stickyKeyOf('k'), 'k');
    assert.equal(stickyKeyOf('k'.repeat(256)), 'k'.repeat(256));
    assert.equal(stickyKeyOf('k'.repeat(257)), null);
    assert.equal(stickyKeyOf('é'.repeat(129)), null);
    assert.equal(stickyKeyOf(''), null);
    assert.equal(stickyKeyOf(undefined), null);
    assert.equal(stickyKeyOf(Buffer.from('k')), null);
  });
});
