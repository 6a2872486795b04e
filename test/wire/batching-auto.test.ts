/** --batching=auto over the wire: requests that share runs by themselves, told by the page of metrics. */
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { BatchingServer, HALF_PLUS_TWO, TEST_MODELS, type Answer } from './batching-server.js';

describe('Batching by itself', function () {
  this.timeout(30_000);
  const server = new BatchingServer();

  it('answers requests of all kinds as it does without batching', async () => {
    await server.serve(HALF_PLUS_TWO, '--batching=auto');
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => server.rows(i, i + 1)));
    answers.forEach(({ body }, i) => {
      assert.deepEqual(body, { predictions: [i / 2 + 2, (i + 1) / 2 + 2] });
    });
    const batches = await server.runs();
    assert.ok(batches <= 200, `${batches} runs`);
    assert.equal((await server.rows()).status, 400);
  });

  it('says which signatures are batched, and why others are not', async () => {
    await server.serve(join(TEST_MODELS, 'row_kinds'), '--batching=auto', '--log_level=info');
    const line = JSON.parse(await server.process.lineWith('which signatures are batched')) as {
      batched: string[];
      alone: Record<string, string>;
    };
    const independent = ['independent', 'independent_half', 'independent_two_inputs'];
    assert.deepEqual(line.batched, [...independent, 'loop', 'text']);
    assert.equal(line.alone.sum, 'node "Sum_2" (Sum) reduces over the rows');
  });

  it('batches what it is told to take for independent', async () => {
    const path = join(TEST_MODELS, 'row_kinds');
    const model = `name: "m" base_path: "${path}" model_platform: "tensorflow"`;
    const config = server.write(
      'models',
      `model_config_list { config { ${model} assume_independent_rows: true } }`,
    );
    await server.serve(path, `--model_config_file=${config}`, '--log_level=info');
    const line = JSON.parse(await server.process.lineWith('which signatures are batched')) as {
      batched: string[];
      assumed: string[];
    };
    assert.deepEqual(line.batched, []);
    assert.ok(line.assumed.includes('over_rows'));
  });

  it('never merges requests of rows that depend on each other', async () => {
    await server.serve(join(TEST_MODELS, 'row_kinds'), '--batching=auto');
    const ask = (signature_name: string, i: number): Promise<Answer> =>
      server.post({ signature_name, instances: [[i, 1, 2, 3]] });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => ask(i % 2 === 0 ? 'over_rows' : 'softmax_over_rows', i)),
    );
    answers.forEach(({ body }, i) => {
      assert.deepEqual(body, { predictions: [i % 2 === 0 ? [i, 1, 2, 3] : [1, 1, 1, 1]] });
    });
    assert.equal(await server.runs(), 0);
  });

  it('makes no batches while requests come one by one', async () => {
    await server.serve(HALF_PLUS_TWO, '--batching=auto');
    for (let i = 0; i < 40; ++i) {
      assert.deepEqual((await server.rows(i)).body, { predictions: [i / 2 + 2] });
    }
    assert.equal(await server.runs(), 0);
  });

  it('makes batches while many are in flight over REST', async () => {
    await server.serve(join(TEST_MODELS, 'deep'), '--batching=auto', '--run_pool_threads=1');
    const row = Array<number>(256).fill(3);
    for (let i = 0; i < 20; ++i) {
      const answers = await Promise.all(Array.from({ length: 64 }, () => server.rows(row)));
      for (const { body } of answers) assert.deepEqual(body, { predictions: [row] });
    }
    assert.ok((await server.runs()) > 0);
  });

  it('makes batches while many are in flight over gRPC, and only then', async () => {
    const row = { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 1 }, { size: 256 }] } };
    const ask = async (value: number): Promise<void> => {
      const x = { ...row, float_val: [value] };
      const reply = await server.client.predict({ model_spec: { name: 'm' }, inputs: { x } });
      const { y } = reply.outputs as { y: { float_val: number[] } };
      assert.deepEqual(y.float_val, Array(256).fill(value));
    };
    await server.serve(join(TEST_MODELS, 'deep'), '--batching=auto', '--run_pool_threads=1');
    for (let i = 0; i < 40; ++i) await ask(i);
    assert.equal(await server.runs(), 0);
    for (let i = 0; i < 40; ++i) await Promise.all(Array.from({ length: 64 }, (_, j) => ask(j)));
    const batches = await server.runs();
    assert.ok(batches > 0);
    for (let i = 0; i < 400; ++i) await ask(i);
    assert.ok((await server.runs()) < batches + 300, 'a batch for each that comes alone');
  });

  it('runs alone what cannot be batched', async () => {
    await server.serve(join(TEST_MODELS, 'identity'), '--batching=auto');
    assert.deepEqual((await server.post({ inputs: 1.0 })).body, { outputs: 1.0 });
  });

  it('answers one by one where outputs have no row for each input row', async () => {
    await server.serve(join(TEST_MODELS, 'odd_outputs'), '--batching=auto');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        server.post({ inputs: [i, 1.0], signature_name: 'scalar' }),
      ),
    );
    answers.forEach(({ body }, i) => assert.deepEqual(body, { outputs: i + 1 }));
  });

  it('fails the poisonous request alone', async () => {
    await server.serve(join(TEST_MODELS, 'failing'), '--batching=auto');
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => server.rows(i)));
    answers.forEach(({ status, body }, i) => {
      if (i === 0) assert.equal(status, 400);
      else assert.deepEqual(body, { predictions: [Math.floor(100 / i)] });
    });
  });
});
