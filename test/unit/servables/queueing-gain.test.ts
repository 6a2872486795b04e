import assert from 'node:assert/strict';

import type { NativeRowTrial } from '../../../src/native/binding.js';
import { gainsByQueueing } from '../../../src/servables/queueing-gain.js';

const signature = (oneRowMicros: number, twoRowsMicros: number): NativeRowTrial => [
  'serving_default',
  '',
  oneRowMicros * 1000,
  twoRowsMicros * 1000,
];

describe('gainsByQueueing', () => {
  it('weighs what a shared run saves against the way through JavaScript', () => {
    assert.equal(gainsByQueueing([signature(3, 3.1)], 1), false);
    assert.equal(gainsByQueueing([signature(25, 26)], 1), true);
    assert.equal(gainsByQueueing([signature(25, 48)], 1), false);
  });

  it('asks for more where more threads run beside the event loop', () => {
    assert.equal(gainsByQueueing([signature(25, 26)], 2), true);
    assert.equal(gainsByQueueing([signature(25, 26)], 4), false);
    assert.equal(gainsByQueueing([signature(60, 62)], 4), true);
  });

  it('queues long runs even where two rows gain nothing', () => {
    assert.equal(gainsByQueueing([signature(4000, 8100)], 16), true);
  });

  it('takes the signature that gains the most, and no part in those that run alone', () => {
    assert.equal(gainsByQueueing([signature(3, 3), signature(25, 26)], 1), true);
    assert.equal(gainsByQueueing([['alone', 'it has a loop', 0, 0]], 1), false);
    assert.equal(gainsByQueueing([], 1), false);
  });
});
