/** inflateMessage: what it gives, what it refuses, and that it holds no more of the budget than it says. */
import assert from 'node:assert/strict';
import { deflateSync, gzipSync } from 'node:zlib';

import { inflateMessage } from '../../../src/grpc/inflate.js';
import { BufferBudget, type Held } from '../../../src/listening/buffer-budget.js';
import { StatusCode, type ServingError } from '../../../src/status/serving-error.js';

const KIB = 1024;
const MIB = KIB * KIB;
const NO_LIMIT = Infinity;

interface Outcome {
  readonly failure: ServingError | null;
  readonly plain: Buffer;
  readonly held: Held | null;
}

function inflate(
  encoding: string,
  message: Buffer,
  budget: BufferBudget,
  most = NO_LIMIT,
): Promise<Outcome> {
  return new Promise((resolve) => {
    inflateMessage(encoding, message, { most, budget }, (failure, plain, held) => {
      resolve({ failure, plain, held });
    });
  });
}

/** gzip's trailer says how long the message is. */
function withTrailer(gzip: Buffer, length: number): Buffer {
  const changed = Buffer.from(gzip);
  changed.writeUInt32LE(length, changed.length - 4);
  return changed;
}

describe('inflateMessage', () => {
  const COMPRESSORS = { gzip: gzipSync, deflate: deflateSync };
  for (const [encoding, compress] of Object.entries(COMPRESSORS)) {
    it(`inflates ${encoding}, which counts until it is released`, async () => {
      for (const size of [0, 1, 100, 3 * MIB]) {
        const budget = new BufferBudget(8 * MIB);
        const message = Buffer.alloc(size, 'tensor');
        const { failure, plain, held } = await inflate(encoding, compress(message), budget);
        assert.equal(failure, null);
        assert.ok(plain.equals(message));
        assert.ok(budget.taken >= size && budget.taken <= size + 1, String(budget.taken));
        held?.release();
        held?.release();
        assert.equal(budget.taken, 0);
      }
    });

    it(`refuses ${encoding} that becomes larger than a message may be`, async () => {
      const budget = new BufferBudget(NO_LIMIT);
      const bomb = compress(Buffer.alloc(4 * MIB));
      const { failure } = await inflate(encoding, bomb, budget, MIB);
      assert.equal(failure?.code, StatusCode.RESOURCE_EXHAUSTED);
      assert.equal(
        failure.message,
        `Received message that decompresses to a size larger than ${MIB}`,
      );
      assert.equal(budget.taken, 0);
    });

    it(`refuses ${encoding} for which there is no room`, async () => {
      const budget = new BufferBudget(2 * MIB);
      const { failure } = await inflate(encoding, compress(Buffer.alloc(4 * MIB)), budget);
      assert.equal(failure?.code, StatusCode.RESOURCE_EXHAUSTED);
      assert.equal(budget.taken, 0);
    });

    it(`refuses what is no ${encoding}, or ends too early`, async () => {
      const budget = new BufferBudget(NO_LIMIT);
      const whole = compress(Buffer.alloc(10 * KIB, 'tensor'));
      for (const broken of [
        Buffer.alloc(0),
        Buffer.alloc(100, 'x'),
        whole.subarray(0, 15),
        whole.subarray(0, -1),
      ]) {
        const { failure } = await inflate(encoding, broken, budget);
        assert.equal(failure?.code, StatusCode.INTERNAL);
        assert.equal(budget.taken, 0);
      }
    });
  }

  it('takes no more than a trailer says, and none that lies', async () => {
    const whole = gzipSync(Buffer.alloc(MIB));
    for (const told of [0, 1000, MIB - 1, MIB + 1, 2 ** 32 - 1]) {
      const budget = new BufferBudget(NO_LIMIT);
      const outcome = inflate('gzip', withTrailer(whole, told), budget);
      assert.ok(budget.taken <= 2 * MIB);
      const { failure } = await outcome;
      assert.equal(failure?.code, StatusCode.INTERNAL, String(told));
      assert.equal(budget.taken, 0);
    }
  });

  it('says so where there is no encoding, or one it does not know', async () => {
    const budget = new BufferBudget(NO_LIMIT);
    assert.equal((await inflate('', Buffer.alloc(9), budget)).failure?.code, StatusCode.INTERNAL);
    const { failure } = await inflate('br', Buffer.alloc(9), budget);
    assert.equal(failure?.code, StatusCode.UNIMPLEMENTED);
  });
});
