import assert from 'node:assert/strict';

import { BufferBudget } from '../../../src/listening/buffer-budget.js';

describe('BufferBudget', () => {
  it('takes nothing where there is not enough left', () => {
    const budget = new BufferBudget(10);
    assert.ok(budget.take(6));
    assert.ok(!budget.take(5));
    assert.equal(budget.taken, 6);
    assert.ok(budget.take(4));
    budget.give(10);
    assert.equal(budget.taken, 0);
  });

  it('is one for all that have the same count', () => {
    const taken = new BigInt64Array(new SharedArrayBuffer(8));
    const [one, other] = [new BufferBudget(10, taken), new BufferBudget(10, taken)];
    assert.ok(one.take(6));
    assert.equal(other.taken, 6);
    assert.ok(!other.take(5));
    one.give(6);
    assert.ok(other.take(10));
  });
});
