import assert from 'node:assert/strict';

import { BodyBuffer } from '../../../../src/rest/uws/body.js';
import { BufferBudget } from '../../../../src/listening/buffer-budget.js';

const MIB = 1 << 20;

function chunk(length: number, fill = 1): ArrayBuffer {
  return new Uint8Array(length).fill(fill).buffer;
}

describe('BodyBuffer', () => {
  it('joins the pieces in order', () => {
    const body = new BodyBuffer(new BufferBudget(MIB), 0, 100 * MIB);
    for (const fill of [1, 2, 3]) assert.ok(body.append(chunk(fill, fill)));
    assert.ok(body.append(chunk(0)));
    assert.deepEqual([...new Uint8Array(body.bytes())], [1, 2, 2, 3, 3, 3]);
  });

  it('gives an ArrayBuffer away where the body fills it, and no other', () => {
    const whole = new BodyBuffer(new BufferBudget(MIB), 100_000, MIB);
    assert.ok(whole.append(chunk(100_000)));
    assert.ok(whole.bytes() instanceof ArrayBuffer);
    const partial = new BodyBuffer(new BufferBudget(MIB), 0, MIB);
    assert.ok(partial.append(chunk(100)));
    assert.ok(partial.bytes() instanceof Uint8Array);
    const pooled = new BodyBuffer(new BufferBudget(MIB), 100, MIB);
    assert.ok(pooled.append(chunk(100)));
    assert.ok(pooled.bytes() instanceof Uint8Array);
  });

  it('is empty when nothing came', () => {
    const body = new BodyBuffer(new BufferBudget(MIB), 0, 100 * MIB);
    assert.ok(body.append(chunk(0)));
    assert.equal(body.bytes().byteLength, 0);
  });

  it('reserves for a declared length in proportion to what has come, and 8 MiB at most', () => {
    const budget = new BufferBudget(1 << 30);
    assert.ok(new BodyBuffer(budget, 100 * MIB, 100 * MIB).append(chunk(1)));
    assert.equal(budget.taken, 64 << 10);
    const larger = new BodyBuffer(budget, 100 * MIB, 100 * MIB);
    assert.ok(larger.append(chunk(MIB)));
    assert.equal(budget.taken, (64 << 10) + 8 * MIB);
    const small = new BodyBuffer(budget, 100, 100 * MIB);
    assert.ok(small.append(chunk(60)));
    assert.equal(budget.taken, (64 << 10) + 8 * MIB + 100);
  });

  it('grows no further than the limit', () => {
    const budget = new BufferBudget(1 << 30);
    const body = new BodyBuffer(budget, 0, 5 * MIB);
    for (let i = 0; i < 5; ++i) assert.ok(body.append(chunk(MIB)));
    assert.equal(budget.taken, 5 * MIB);
  });

  it('grows no further than the declared length', () => {
    const budget = new BufferBudget(1 << 30);
    const body = new BodyBuffer(budget, 9 * MIB, 100 * MIB);
    for (let i = 0; i < 9; ++i) assert.ok(body.append(chunk(MIB)));
    assert.equal(budget.taken, 9 * MIB);
    assert.equal(body.bytes().byteLength, 9 * MIB);
  });

  it('refuses what the budget has no room for, and keeps what it had', () => {
    const budget = new BufferBudget(3 * MIB);
    const body = new BodyBuffer(budget, 0, 100 * MIB);
    assert.ok(body.append(chunk(MIB)));
    assert.equal(budget.taken, MIB);
    assert.ok(!body.append(chunk(2 * MIB))); // 3 MiB beside the 1 MiB that are still there
    assert.equal(budget.taken, MIB);
    assert.equal(body.bytes().byteLength, MIB);
  });

  it('gives everything back, once', () => {
    const budget = new BufferBudget(10 * MIB);
    const body = new BodyBuffer(budget, 0, 100 * MIB);
    assert.ok(body.append(chunk(MIB)));
    assert.ok(body.append(chunk(2 * MIB)));
    body.release();
    body.release();
    assert.equal(budget.taken, 0);
  });
});
