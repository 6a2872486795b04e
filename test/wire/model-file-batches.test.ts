/** Requests to TFLite and ONNX files that share runs, told by the page of metrics. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { BatchingServer, TEST_MODELS, type Answer } from './batching-server.js';
import { whyNoOpenVino } from './openvino.js';

const NO_OPENVINO = whyNoOpenVino();

/** Closed when it is full: by then all have come. */
const TOGETHER = 'max_batch_size { value: 8 } batch_timeout_micros { value: 20000000 }';

interface BatchedLine {
  readonly batched: string[];
  readonly alone: Record<string, string>;
}

describe('Batching of TFLite and ONNX files', function () {
  this.timeout(60_000);
  if (NO_OPENVINO !== null) {
    it('merges requests', function () {
      Object.assign(this.test ?? {}, { skipReason: NO_OPENVINO });
      this.skip();
    });
    return;
  }

  const server = new BatchingServer();
  const serve = async (path: string, parameters = TOGETHER): Promise<BatchedLine> => {
    const file = server.write('parameters', parameters);
    await server.serve(
      path,
      '--enable_batching',
      `--batching_parameters_file=${file}`,
      '--log_level=info',
    );
    const line = await server.process.lineWith('which signatures are batched');
    return JSON.parse(line) as BatchedLine;
  };
  /** A version's folder of a file that TensorFlow's converter made. */
  const lite = (name: string): string => {
    const folder = join(server.folder, name, '1');
    mkdirSync(folder, { recursive: true });
    cpSync(join(TEST_MODELS, 'lite_rows', `${name}.tflite`), join(folder, 'model.tflite'));
    return join(server.folder, name);
  };
  const scored = (i: number): object => ({
    best: [0.25 + i + 4 >= -i + 0.75 ? 0 : 1],
    next: [i + 1],
    scores: [[i + 4.25, -i + 0.75]],
  });
  const score = (i: number): Promise<Answer> =>
    server.post({ inputs: { x: [[i, 2, 0]], ids: [i] } });

  it('has requests share runs over REST, and answers each by its rows', async () => {
    const { batched } = await serve(join(TEST_MODELS, 'onnx_scores'));
    assert.deepEqual(batched, ['serving_default']);
    for (let round = 1; round <= 2; ++round) {
      const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => score(i)));
      answers.forEach(({ body }, i) => assert.deepEqual(body, { outputs: scored(i) }));
      assert.equal(await server.runs(), round);
    }
  });

  it('has them share runs over gRPC', async () => {
    await serve(lite('apart_broadcast'));
    const ask = async (i: number): Promise<void> => {
      const x = {
        dtype: 'DT_FLOAT',
        tensor_shape: { dim: [{ size: 1 }, { size: 4 }] },
        float_val: [i, 1, 2, -3],
      };
      const reply = await server.client.predict({ model_spec: { name: 'm' }, inputs: { x } });
      const { y } = reply.outputs as { y: { float_val: number[] } };
      const most = Math.max(i, 2);
      assert.deepEqual(
        y.float_val,
        [i, 1, 2, -3].map((value) => value + most),
      );
    };
    await Promise.all(Array.from({ length: 16 }, (_, i) => ask(i)));
    assert.equal(await server.runs(), 2);
  });

  it('takes rows for such that a TFLite file has one of', async () => {
    const { batched } = await serve(join(TEST_MODELS, 'lite_fixed'));
    assert.deepEqual(batched, ['serving_default']);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => server.post({ inputs: [[i, -1]] })),
    );
    answers.forEach(({ body }, i) => assert.deepEqual(body, { outputs: [[i * i + 2, 3]] }));
    assert.equal(await server.runs(), 1);
  });

  it('pads to the sizes that are allowed', async () => {
    await serve(
      lite('apart_softmax'),
      'max_batch_size { value: 4 } batch_timeout_micros { value: 0 } ' +
        'allowed_batch_sizes: 2 allowed_batch_sizes: 4',
    );
    const { body } = await server.rows([1, 1, 1, 1], [0, 0, 0, 0], [2, 2, 2, 2]);
    assert.deepEqual(body, { predictions: Array(3).fill(Array(4).fill(0.25)) });
    const signature = { model_name: 'm', signature_name: 'serving_default' };
    assert.equal(await server.value(':tensorgate:batching_padding_row_count', signature), 1);
  });

  it('answers those that are wrong by themselves, and the others all the same', async () => {
    await serve(join(TEST_MODELS, 'onnx_scores'));
    const tooLarge = server.post({ inputs: { x: [[1, 2, 0]], ids: [2 ** 31] } });
    const tooWide = server.post({ inputs: { x: [[1, 2, 0, 4]], ids: [1] } });
    const answers = await Promise.all(Array.from({ length: 7 }, (_, i) => score(i)));
    answers.forEach(({ body }, i) => assert.deepEqual(body, { outputs: scored(i) }));
    assert.match(String((await tooLarge).body.error), /value of int64 that int32 does not hold/);
    assert.match(
      String((await tooWide).body.error),
      /input "x" has the shape \[1,4\], expected \[\?,3\]/,
    );
  });

  for (const [name, reason] of [
    ['together_mean', 'node "Mean" (MEAN) reduces over the rows'],
    ['together_softmax', 'node "Softmax" (SOFTMAX) works across the rows'],
    ['together_cumsum', 'node "PartitionedCall:0" (CUMSUM) works along the rows'],
  ] as const) {
    it(`never merges requests where rows depend on each other: ${name}`, async () => {
      const { batched, alone } = await serve(lite(name));
      assert.deepEqual(batched, []);
      assert.deepEqual(alone, { serving_default: reason });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => server.rows([i, 1, 2, 3])),
      );
      answers.forEach(({ body }, i) => {
        const row = { together_mean: [0, 0, 0, 0], together_softmax: [1, 1, 1, 1] };
        const expected = name === 'together_cumsum' ? [i, 1, 2, 3] : row[name];
        assert.deepEqual(body, { predictions: [expected] });
      });
      assert.equal(await server.runs(), 0);
    });
  }
});
