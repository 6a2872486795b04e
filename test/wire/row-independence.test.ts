/**
 * Many requests at once get the answers that each gets alone, whatever their rows have to do with each
 * other: every signature of the models that scripts/make-row-models.py makes.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { BatchingServer, TEST_MODELS, type Answer } from './batching-server.js';

interface TensorInfo {
  readonly dtype: string;
  readonly tensor_shape: { readonly dim?: readonly { readonly size: string }[] };
}
interface Signature {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
}

/** Their answers depend on what was asked before. */
const UNREPEATABLE = new Set(['counted', 'random', '__saved_model_init_op']);
/** Of dimensions that a signature leaves open, but the first; sequences of so many steps. */
const OPEN_SIZE = 6;
const REQUESTS = 8;
const AT_ONCE = 64;

/** A value of that shape, another for each `seed`. */
function made(info: TensorInfo, dims: readonly number[], seed: number): unknown {
  const [size, ...rest] = dims;
  if (size !== undefined) {
    return Array.from({ length: size }, (_, i) => made(info, rest, seed * 31 + i + 1));
  }
  if (info.dtype === 'DT_STRING') return 'a b c '.repeat(1 + (seed % 3)).slice(seed % 2);
  return info.dtype === 'DT_FLOAT' ? Math.sin(seed * 12.9898) * 4 : seed % 4;
}

function requestOf(name: string, { inputs }: Signature, seed: number): object {
  const rows = 1 + (seed % 2);
  const values = Object.entries(inputs).map(([alias, info]) => {
    const dims = (info.tensor_shape.dim ?? []).map(({ size }, i) =>
      i === 0 ? rows : Number(size) < 0 ? OPEN_SIZE : Number(size),
    );
    return [alias, made(info, dims, seed + 1)];
  });
  return { signature_name: name, inputs: Object.fromEntries(values) as object };
}

function assertAlike(got: unknown, wanted: unknown, where: string): void {
  if (typeof wanted === 'number') {
    const difference = Math.abs((got as number) - wanted);
    assert.ok(
      difference <= 1e-4 * Math.max(1, Math.abs(wanted)),
      `${where}: ${String(got)}, not ${wanted}`,
    );
  } else if (Array.isArray(wanted)) {
    assert.equal((got as unknown[]).length, wanted.length, where);
    wanted.forEach((each, i) => assertAlike((got as unknown[])[i], each, where));
  } else {
    assert.deepEqual(got, wanted, where);
  }
}

describe('Requests at once', function () {
  this.timeout(120_000);
  const server = new BatchingServer();

  async function askAll(model: string): Promise<void> {
    await server.serve(join(TEST_MODELS, model), '--run_pool_threads=1');
    const reply = await fetch(`${server.process.restUrl}/v1/models/m/metadata`);
    const { metadata } = (await reply.json()) as {
      metadata: { signature_def: { signature_def: Record<string, Signature> } };
    };
    for (const [name, signature] of Object.entries(metadata.signature_def.signature_def)) {
      if (UNREPEATABLE.has(name)) continue;
      const requests = Array.from({ length: REQUESTS }, (_, i) => requestOf(name, signature, i));
      const alone: Answer[] = [];
      for (const request of requests) alone.push(await server.post(request));
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) => server.post(requests[i % REQUESTS] as object)),
      );
      answers.forEach(({ status, body }, i) => {
        const wanted = alone[i % REQUESTS] as Answer;
        assert.equal(status, wanted.status, `${name}: ${JSON.stringify(body)}`);
        if (status === 200) assertAlike(body.outputs, wanted.body.outputs, name);
      });
    }
  }

  it('get right answers from shared runs where rows are apart', async () => {
    await askAll('rows_apart');
    assert.ok((await server.runs()) > 0, 'no run was shared');
  });

  it('get right answers from runs of their own where rows are together', async () => {
    await askAll('rows_together');
    assert.equal(await server.runs(), 0);
  });
});
