import assert from 'node:assert/strict';

import type { SignatureRows } from '../../../src/native/binding.js';
import { concurrencyThatGains } from '../../../src/servables/queueing-gain.js';

const signature = (oneRowMicros: number, twoRowsMicros: number): SignatureRows => [
  'serving_default',
  '',
  true,
  oneRowMicros * 1000,
  twoRowsMicros * 1000,
];

describe('concurrencyThatGains', () => {
  it('weighs what a shared run saves against the way through JavaScript', () => {
    assert.equal(concurrencyThatGains([signature(3, 3.1)], 1), Infinity);
    assert.equal(concurrencyThatGains([signature(25, 26)], 1), 4);
    assert.equal(concurrencyThatGains([signature(25, 48)], 1), Infinity);
    assert.equal(concurrencyThatGains([signature(9.4, 10.5)], 1), 16);
  });

  it('asks for more where more threads run beside the event loop', () => {
    assert.equal(concurrencyThatGains([signature(25, 26)], 2), 4);
    assert.equal(concurrencyThatGains([signature(25, 26)], 4), 16);
    assert.equal(concurrencyThatGains([signature(60, 62)], 4), 4);
  });

  it('queues long runs even where two rows gain nothing', () => {
    assert.equal(concurrencyThatGains([signature(4000, 8100)], 16), 4);
  });

  it('takes the signature that gains the most, and no part in those that run alone', () => {
    assert.equal(concurrencyThatGains([signature(3, 3), signature(25, 26)], 1), 4);
    assert.equal(
      concurrencyThatGains([['alone', 'it draws random numbers', false, 0, 0]], 1),
      Infinity,
    );
    assert.equal(concurrencyThatGains([], 1), Infinity);
  });

  it('lets a signature gain whose runs could not be measured', () => {
    assert.equal(concurrencyThatGains([['text', '', true, 0, 0]], 1), 4);
  });
});
