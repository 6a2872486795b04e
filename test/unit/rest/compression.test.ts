import assert from 'node:assert/strict';
import { gunzipSync, gzipSync } from 'node:zlib';

import { BufferBudget } from '../../../src/listening/buffer-budget.js';
import { acceptsGzip, compress, inflate } from '../../../src/rest/compression.js';

const MIB = 1 << 20;

/** The inflated body as text; what it held is given back. */
function inflated(body: Uint8Array, budget = new BufferBudget(1 << 30)): Promise<string> {
  return new Promise((resolve, reject) => {
    const started = inflate(body, budget, (plain, held) => {
      const text = Buffer.from(plain).toString();
      held?.release();
      if (budget.taken === 0) resolve(text);
      else reject(new Error(`${budget.taken} bytes are still taken`));
    });
    if (!started) reject(new Error('no room'));
  });
}

/** With another length in the trailer. */
function claiming(gzip: Buffer, length: number): Buffer {
  const changed = Buffer.from(gzip);
  changed.writeUInt32LE(length, changed.length - 4);
  return changed;
}

describe('inflate', () => {
  it('inflates one member of any size up to 100 MiB', async () => {
    for (const text of ['a', '{"instances": [1.0]}', 'b'.repeat(3 * MIB)]) {
      assert.equal(await inflated(gzipSync(text)), text);
    }
    assert.equal((await inflated(gzipSync(Buffer.alloc(100 * MIB, 'c')))).length, 100 * MIB);
  });

  it('takes as empty what upstream takes as empty', async () => {
    const good = gzipSync('{"instances": [1.0]}');
    const badSum = Buffer.from(good);
    badSum[badSum.length - 6] = 1 ^ (badSum.at(-6) as number);
    for (const [what, body] of [
      ['nothing', Buffer.alloc(0)],
      ['no gzip', Buffer.from('{"instances": [1.0, 2.0, 3.0]}')],
      ['truncated', good.subarray(0, -1)],
      ['half', good.subarray(0, good.length / 2)],
      ['a wrong checksum', badSum],
      ['a trailing byte', Buffer.concat([good, Buffer.from('x')])],
      ['a trailing zero', Buffer.concat([good, Buffer.alloc(1)])],
      ['two members', Buffer.concat([good, good])],
      ['a member and an empty one', Buffer.concat([good, gzipSync('')])],
      ['more than 100 MiB', gzipSync(Buffer.alloc(100 * MIB + 1))],
    ] as const) {
      assert.equal(await inflated(body), '', what);
    }
  });

  it('takes no more memory than the trailer says, and refuses what cannot be', async () => {
    const bomb = gzipSync(Buffer.alloc(10 * MIB));
    const budget = new BufferBudget(MIB);
    assert.ok(
      !inflate(bomb, budget, () => {
        assert.fail('there was no room');
      }),
    );
    assert.equal(budget.taken, 0);
    assert.equal(await inflated(claiming(bomb, 1000), budget), '');
    // A hundred bytes cannot hold 100 MiB: no memory is asked for.
    assert.equal(await inflated(claiming(gzipSync('a'.repeat(100)), 100 * MIB), budget), '');
  });

  it('holds its share until it is released', async () => {
    const budget = new BufferBudget(MIB);
    await new Promise<void>((resolve) => {
      inflate(gzipSync('a'.repeat(1000)), budget, (_, held) => {
        assert.equal(budget.taken, 1001);
        held?.release();
        held?.release();
        assert.equal(budget.taken, 0);
        resolve();
      });
      assert.equal(budget.taken, 1001);
    });
  });
});

describe('acceptsGzip', () => {
  for (const [header, accepted] of [
    ['gzip', true],
    ['GZIP', true],
    ['x-gzip', true],
    ['deflate, gzip;q=0.5, br', true],
    ['gzip ; q = 0.001', true],
    ['*', true],
    ['*;q=0.1', true],
    ['gzip;q=1.000, *;q=0', true],
    ['identity, gzip', true],
    ['', false],
    ['identity', false],
    ['br', false],
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['*, gzip;q=0', false],
    ['*;q=0', false],
    ['gzip;q=0.5, identity', false],
    ['gzip;q=2', false],
    ['gzip;q=', false],
    ['gzip;level=1', false],
    ['notgzip', false],
    [',;,=;', false],
  ] as const) {
    it(`is ${accepted} for '${header}'`, () => {
      assert.equal(acceptsGzip(header), accepted);
    });
  }
});

describe('compress', () => {
  it('gives what gunzip undoes, of text and of bytes', async () => {
    for (const body of ['\u00e9'.repeat(100_000), Buffer.alloc(300_000, 7)]) {
      const compressed = await new Promise<Uint8Array | null>((resolve) => {
        compress(body, resolve);
      });
      assert.ok(compressed !== null && compressed.length < 10_000);
      assert.ok(gunzipSync(compressed).equals(Buffer.from(body)));
    }
  });
});
