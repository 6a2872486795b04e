/** Batching with parameters over the wire: requests that wait for each other, told by the page of metrics. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import {
  BatchingServer,
  HALF_PLUS_TWO,
  OWN,
  QUEUE,
  SESSION,
  TEST_MODELS,
  type Answer,
} from './batching-server.js';
import { encode, floats, PREDICT, type RpcError } from './grpc-client.js';
import { restIsNative } from './server-process.js';

/** A batch that is not full never runs within a test. */
const WAITS = 'batch_timeout_micros { value: 60000000 }';

/** Natively a client that half closed is told from one that has gone by asking it twice, in as many seconds. */
const PROBED_MILLIS = 4000;

describe('Batching with parameters', function () {
  this.timeout(30_000);
  const server = new BatchingServer();
  const serveTuned = (path: string, parameters: string, ...flags: string[]): Promise<void> =>
    server.serve(
      path,
      '--enable_batching',
      `--batching_parameters_file=${server.write('parameters', parameters)}`,
      ...flags,
    );

  describe('with parameters', () => {
    it('runs requests of both transports together, and answers each with its rows', async () => {
      await serveTuned(HALF_PLUS_TWO, `max_batch_size { value: 6 } ${WAITS}`);
      const replies = await Promise.all([
        server.rows(1.0),
        server.rows(2.0, 3.0),
        server.client.predict({ model_spec: { name: 'm' }, inputs: { x: floats(4) } }),
        server.post({ inputs: [5.0, 6.0] }),
      ]);
      const [one, two, rpc, columns] = replies;
      assert.deepEqual(one.body, { predictions: [2.5] });
      assert.deepEqual(two.body, { predictions: [3.0, 3.5] });
      assert.deepEqual(
        (rpc as { outputs: { y: { float_val: number[] } } }).outputs.y.float_val,
        [4],
      );
      assert.deepEqual(columns.body, { outputs: [4.5, 5.0] });
      assert.equal(await server.runs(), 1);
      assert.equal(await server.value(`${SESSION}:processed_batch_size_sum`), 6);
      assert.equal(await server.value(`${SESSION}:input_batch_size_count`), 4);
      assert.equal(
        await server.value(`${SESSION}:padding_size_sum`, { execution_batch_size: '6' }),
        0,
      );
      assert.equal(
        await server.value(`${SESSION}:queuing_latency_count`, { thread_pool_name: '' }),
        4,
      );
      assert.equal(await server.value(`${OWN}_queue_depth`, QUEUE), 0);
    });

    it('fails the poisonous request alone', async () => {
      await serveTuned(join(TEST_MODELS, 'failing'), `max_batch_size { value: 3 } ${WAITS}`);
      const [a, poison, b] = await Promise.all([server.rows(5), server.rows(0), server.rows(20)]);
      assert.deepEqual(a.body, { predictions: [20] });
      assert.equal(poison.status, 400);
      assert.match(String(poison.body['error']), /^Integer division by zero/);
      assert.deepEqual(b.body, { predictions: [5] });
    });

    it('runs requests of unequal shape apart', async () => {
      await serveTuned(join(TEST_MODELS, 'identity'), `max_batch_size { value: 2 } ${WAITS}`);
      const replies = await Promise.all([
        server.post({ inputs: [[1, 2]] }),
        server.post({ inputs: [[3, 4, 5]] }),
        server.post({ inputs: [[6, 7]] }),
        server.post({ inputs: [[8, 9, 10]] }),
      ]);
      assert.deepEqual(
        replies.map(({ body }) => body['outputs']),
        [[[1, 2]], [[3, 4, 5]], [[6, 7]], [[8, 9, 10]]],
      );
      assert.equal(await server.runs(), 2);
    });

    it('pads inputs of variable length where that is asked for', async () => {
      const parameters = `max_batch_size { value: 2 } ${WAITS} pad_variable_length_inputs: true`;
      await serveTuned(join(TEST_MODELS, 'identity'), parameters);
      const [short, long] = await Promise.all([
        server.post({ inputs: [[1, 2]] }),
        server.post({ inputs: [[3, 4, 5]] }),
      ]);
      assert.deepEqual(short.body, { outputs: [[1, 2, 1]] });
      assert.deepEqual(long.body, { outputs: [[3, 4, 5]] });
      assert.equal(await server.runs(), 1);
    });

    it('pads batches up to an allowed size', async () => {
      const sizes = 'max_batch_size { value: 8 } allowed_batch_sizes: 4 allowed_batch_sizes: 8';
      await serveTuned(HALF_PLUS_TWO, sizes);
      assert.deepEqual((await server.rows(1, 2, 3)).body, { predictions: [2.5, 3, 3.5] });
      assert.equal(
        await server.value(`${SESSION}:padding_size_sum`, { execution_batch_size: '4' }),
        1,
      );
      assert.equal(await server.value(`${OWN}_padding_row_count`, QUEUE), 1);
    });

    it('warms each allowed size up', async () => {
      const sizes = 'max_batch_size { value: 8 } allowed_batch_sizes: 4 allowed_batch_sizes: 8';
      await serveTuned(HALF_PLUS_TWO, sizes, '--synthetic_warmup=true');
      const line = await server.process.lineWith('"msg":"synthetic warm-up"');
      assert.equal((JSON.parse(line) as { run: number }).run, 3);
    });

    it('splits a large request over several batches', async () => {
      const parameters =
        'enable_large_batch_splitting { value: true } max_batch_size { value: 100 } ' +
        'max_execution_batch_size { value: 2 }';
      await serveTuned(HALF_PLUS_TWO, parameters);
      assert.deepEqual((await server.rows(1, 2, 3, 4, 5)).body, {
        predictions: [2.5, 3, 3.5, 4, 4.5],
      });
      assert.equal(await server.runs(), 3);
    });

    it('batches Classify and Regress', async () => {
      const family = join(TEST_MODELS, 'half_plus_family');
      await serveTuned(family, `max_batch_size { value: 2 } ${WAITS}`);
      const float = (value: number): object => ({ float_list: { value: [value] } });
      const request = (signature: string, x: number): object => ({
        model_spec: { name: 'm', signature_name: signature },
        input: { example_list: { examples: [{ features: { feature: { x: float(x) } } }] } },
      });
      const [a, b] = await Promise.all([
        server.client.regress(request('regress_x_to_y', 1)),
        server.client.regress(request('regress_x_to_y', 2)),
      ]);
      assert.deepEqual(
        [a['result'], b['result']],
        [{ regressions: [{ value: 2.5 }] }, { regressions: [{ value: 3 }] }],
      );
      const [c, d] = await Promise.all([
        server.client.classify(request('classify_x_to_y', 1)),
        server.client.classify(request('classify_x_to_y', 2)),
      ]);
      const classes = (score: number): object => ({ classifications: [{ classes: [{ score }] }] });
      assert.deepEqual([c['result'], d['result']], [classes(2.5), classes(3)]);
      assert.equal(await server.runs(), 2);
    });

    it('forms a batch early for the sake of a deadline', async () => {
      await serveTuned(HALF_PLUS_TWO, `max_batch_size { value: 8 } ${WAITS}`);
      const request = encode('PredictRequest', {
        model_spec: { name: 'm' },
        inputs: { x: floats(1) },
      });
      await server.client.raw(PREDICT, request, 3000);
    });

    it('drops a request whose client has gone', async () => {
      await serveTuned(HALF_PLUS_TWO, `max_batch_size { value: 2 } ${WAITS}`);
      const gone = new AbortController();
      const aborted = server.post({ instances: [1] }, gone.signal).catch(() => 'aborted');
      await server.untilWaiting(1);
      gone.abort();
      assert.equal(await aborted, 'aborted');
      await server.page();
      await server.page(); // by now the server has seen the connection close
      if (restIsNative) await delay(PROBED_MILLIS);
      assert.deepEqual((await server.rows(1)).body, { predictions: [2.5] });
      assert.equal(await server.value(`${OWN}_dropped_count`, QUEUE), 1);
      assert.equal(await server.value(`${SESSION}:processed_batch_size_sum`), 1);
    });

    const size = 'max_batch_size { value: 4 }';
    for (const [what, model, parameters, request, status, error] of [
      [
        'a scalar',
        join(TEST_MODELS, 'identity'),
        size,
        { inputs: 1.0 },
        400,
        'Batching Run() input tensors must have at least one dimension',
      ],
      [
        'unequal rows',
        join(TEST_MODELS, 'four_kinds'),
        size,
        { inputs: { an_int: [1, 2], a_string: ['a'], a_float: [1.0], a_double: [1.0] } },
        400,
        'Batching Run() input tensors must have equal 0th-dimension size',
      ],
      [
        'too many rows',
        HALF_PLUS_TWO,
        size,
        { instances: [1, 2, 3, 4, 5] },
        400,
        'Task size 5 is larger than maximum input batch size 4',
      ],
    ] as const) {
      it(`refuses ${what}, in the words of upstream`, async () => {
        await serveTuned(model, parameters);
        const answer = await server.post(request);
        assert.deepEqual([answer.status, answer.body], [status, { error }]);
      });
    }

    it('refuses a request without inputs, in the words of upstream', async () => {
      await serveTuned(join(TEST_MODELS, 'counter'), size);
      const rpc = server.client.predict({
        model_spec: { name: 'm', signature_name: 'get_counter' },
      });
      const message = 'Batching Run() must have at least one input tensor';
      await assert.rejects(rpc, ({ code, details }: RpcError) => code === 3 && details === message);
    });

    it('refuses outputs without a row for each input row, in the words of upstream', async () => {
      await serveTuned(join(TEST_MODELS, 'odd_outputs'), `max_batch_size { value: 2 } ${WAITS}`);
      const of = (signature_name: string): Promise<Answer[]> =>
        Promise.all([
          server.post({ inputs: [1.0], signature_name }),
          server.post({ inputs: [2.0], signature_name }),
        ]);
      for (const { body } of await of('scalar')) {
        assert.deepEqual(body, { error: 'Batched output tensor has 0 dimensions' });
      }
      for (const { body } of await of('one_row_more')) {
        assert.deepEqual(body, {
          error:
            "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension " +
            'sizes of the input tensors',
        });
      }
    });

    it('answers UNAVAILABLE when the queue is full', async () => {
      await serveTuned(
        HALF_PLUS_TWO,
        `max_batch_size { value: 2 } max_enqueued_batches { value: 1 } ${WAITS}`,
      );
      const gone = new AbortController();
      const waiting = server.post({ instances: [1] }, gone.signal).catch(() => null);
      await server.untilWaiting(1);
      const error =
        'The batch scheduling queue to which this task was submitted is full; currently 1 batches ' +
        'enqueued and max_enqueued_batches is 1';
      const rest = await server.rows(1, 2);
      assert.deepEqual([rest.status, rest.body], [503, { error }]);
      const rpc = server.client.predict({ model_spec: { name: 'm' }, inputs: { x: floats(1, 2) } });
      await assert.rejects(rpc, ({ code, details }: RpcError) => code === 14 && details === error);
      assert.equal(await server.value(`${OWN}_refused_count`, QUEUE), 2);
      gone.abort();
      await waiting;
    });
  });

  describe('with parameters per version', () => {
    const place = (parameters: string | null): string => {
      const base = join(server.folder, 'model');
      mkdirSync(base);
      cpSync(join(HALF_PLUS_TWO, '1'), join(base, '1'), { recursive: true });
      if (parameters !== null) writeFileSync(join(base, '1', 'batching_params.pbtxt'), parameters);
      return base;
    };
    const flags = ['--enable_batching', '--enable_per_model_batching_parameters'];

    it('batches by the file of the version, not by the global one', async () => {
      const global = server.write('global', 'max_batch_size { value: 1 }');
      await server.serve(
        place(`max_batch_size { value: 2 } ${WAITS}`),
        ...flags,
        `--batching_parameters_file=${global}`,
      );
      const [a, b] = await Promise.all([server.rows(1), server.rows(2)]);
      assert.deepEqual([a.body, b.body], [{ predictions: [2.5] }, { predictions: [3] }]);
      assert.equal(await server.runs(), 1);
    });

    it('does not batch a version without a file', async () => {
      await server.serve(place(null), ...flags);
      assert.deepEqual((await server.rows(1)).body, { predictions: [2.5] });
      assert.equal(await server.runs(), 0);
    });
  });
});
