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

/** Of two by two pixels in one colour each. */
const JPEGS = [
  '/9j/4AAQSkZJRgABAQEBLAEsAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKra' +
    'rYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4' +
    '+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAACAAIDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAA' +
    'AAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAgT/xAAUEQEAAAAAAAAAAAAAAAAA' +
    'AAAA/9oADAMBAAIRAxEAPwCYAF7/2Q==',
  '/9j/4AAQSkZJRgABAQEBLAEsAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKra' +
    'rYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4' +
    '+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAACAAIDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAA' +
    'AAL/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAwX/xAAUEQEAAAAAAAAAAAAAAAAA' +
    'AAAA/9oADAMBAAIRAxEAPwCwApz/2Q==',
];

/** Bytes field `number` of a message. */
const field = (number: number, ...parts: Buffer[]): Buffer => {
  const value = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
};

/** A tf.Example with the feature a, four floats. */
function example(seed: number): string {
  const floats = Buffer.alloc(16);
  for (let i = 0; i < 4; ++i) floats.writeFloatLE(Math.sin(seed + i), 4 * i);
  const feature = field(2, field(1, floats));
  return field(1, field(1, field(1, Buffer.from('a')), field(2, feature))).toString('base64');
}

/** A string that the signature can parse. */
function textFor(signature: string, seed: number): unknown {
  if (signature === 'examples') return { b64: example(seed) };
  if (signature === 'jpegs') return { b64: JPEGS[seed % JPEGS.length] };
  return 'a b c '.repeat(1 + (seed % 3)).slice(seed % 2);
}

/** A value of that shape, another for each `seed`. */
function made(signature: string, info: TensorInfo, dims: readonly number[], seed: number): unknown {
  const [size, ...rest] = dims;
  if (size !== undefined) {
    return Array.from({ length: size }, (_, i) => made(signature, info, rest, seed * 31 + i + 1));
  }
  if (info.dtype === 'DT_STRING') return textFor(signature, seed);
  return info.dtype === 'DT_FLOAT' ? Math.sin(seed * 12.9898) * 4 : seed % 4;
}

function requestOf(name: string, { inputs }: Signature, seed: number): object {
  const rows = 1 + (seed % 2);
  const values = Object.entries(inputs).map(([alias, info]) => {
    const dims = (info.tensor_shape.dim ?? []).map(({ size }, i) =>
      i === 0 ? rows : Number(size) < 0 ? OPEN_SIZE : Number(size),
    );
    return [alias, made(name, info, dims, seed + 1)];
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

  /** The signatures that refused what was asked. */
  async function askAll(model: string): Promise<string[]> {
    const refused: string[] = [];
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
      if (alone.some(({ status }) => status !== 200)) refused.push(name);
      const answers = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) => server.post(requests[i % REQUESTS] as object)),
      );
      answers.forEach(({ status, body }, i) => {
        const wanted = alone[i % REQUESTS] as Answer;
        assert.equal(status, wanted.status, `${name}: ${JSON.stringify(body)}`);
        if (status === 200) assertAlike(body.outputs, wanted.body.outputs, name);
      });
    }
    return refused;
  }

  it('get right answers from shared runs where rows are apart', async () => {
    assert.deepEqual(await askAll('rows_apart'), []);
    assert.ok((await server.runs()) > 0, 'no run was shared');
  });

  it('get right answers from runs of their own where rows are together', async () => {
    await askAll('rows_together');
    assert.equal(await server.runs(), 0);
  });
});
