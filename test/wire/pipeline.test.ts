/** Models with model_platform "pipeline" over the wire: one server, whose configuration the tests change. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StatusCode } from '../../src/status/serving-error.js';
import { HALF_PLUS_TWO, SESSION } from './batching-server.js';
import { encode, floats, GrpcClient, PREDICT, type RpcError } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import { ask, metricsOf, testModel, untilAllAnswer } from './threaded-server.js';

const IN_FLIGHT = ':tensorgate:requests_in_flight';
const SHADOWED = ':tensorgate:shadow_request_count';

interface Model {
  readonly name: string;
  readonly base_path: string;
  readonly model_platform: string;
}

const model = (name: string, base_path: string, more: object = {}): Model => ({
  name,
  base_path,
  model_platform: 'tensorflow',
  ...more,
});
const demo = (name: string): Model => model(name, testModel(name));

const BASE: readonly Model[] = [
  ...['letters', 'deep', 'best_scores', 'is_large', 'failing', 'slow'].map(demo),
  model('half', HALF_PLUS_TWO),
  model('slow2', testModel('slow')),
];

const TEXT = `
input { name: "text" }
step { name: "read" model: "letters" input { to: "text" from: "text" } }
step { name: "score" model: "deep" input { to: "x" from: "read.x" } }
step { name: "best" model: "best_scores" input { to: "scores" from: "score.y" } }
output { name: "values" from: "best.values" }
output { name: "places" from: "best.places" }
output { name: "scores" from: "score.y" }
`;
const GATED = `
input { name: "x" }
step { name: "gate" model: "is_large" input { to: "x" from: "x" } }
step { name: "half" model: "half" input { to: "x" from: "x" } if: "gate.large" }
output { name: "y" from: "half.y" else: "gate.y" }
`;
const WIDE = `
input { name: "x" } input { name: "iterations" }
step { name: "one" model: "slow" input { to: "x" from: "x" } input { to: "iterations" from: "iterations" } }
step { name: "two" model: "slow2" input { to: "x" from: "x" } input { to: "iterations" from: "iterations" } }
output { name: "one" from: "one.y" }
output { name: "two" from: "two.y" }
`;
const FAILING = `
input { name: "x" }
step { name: "risk" model: "failing" signature: "assert" input { to: "x" from: "x" } }
output { name: "y" from: "risk.y" }
`;
const through = (of: string, more = ''): string => `
input { name: "x" }
step { name: "only" model: "${of}" ${more} input { to: "x" from: "x" } }
output { name: "y" from: "only.y" }
`;

describe('Pipelines over the wire', function () {
  this.timeout(60_000);
  let folder = '';
  let server: ServerProcess;
  let client: GrpcClient;

  /** A version of a pipeline, as a model. */
  function pipeline(name: string, text: string, version = 1, more: object = {}): Model {
    const base = join(folder, name);
    mkdirSync(join(base, String(version)), { recursive: true });
    writeFileSync(join(base, String(version), 'pipeline.pbtxt'), text);
    return model(name, base, { model_platform: 'pipeline', ...more });
  }

  const entryOf = ({ name, base_path, model_platform }: Model): string =>
    `config { name: "${name}" base_path: "${base_path}" model_platform: "${model_platform}" }`;

  /** Flags of a server of these models. */
  function serving(models: readonly Model[]): string[] {
    const file = join(folder, 'models');
    writeFileSync(file, `model_config_list { ${models.map(entryOf).join('\n')} }`);
    const monitoring = join(folder, 'monitoring');
    writeFileSync(monitoring, 'prometheus_config { enable: true }');
    return [
      `--model_config_file=${file}`,
      `--monitoring_config_file=${monitoring}`,
      ...['--version_settle_millis=0', '--max_num_load_retries=0', '--synthetic_warmup=false'],
      '--file_system_poll_wait_seconds=0',
    ];
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-pipelines-'));
    // Each pipeline before its models.
    const pipelines = [
      pipeline('text', TEXT),
      pipeline('gated', GATED),
      pipeline('wide', WIDE),
      pipeline('risky', FAILING),
      pipeline('nested', through('gated')),
    ];
    server = await ServerProcess.startWith(...serving([...pipelines.reverse(), ...BASE]));
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    const { code, stderr } = await server.stop();
    rmSync(folder, { recursive: true });
    assert.equal(code, 0, stderr);
  });

  async function rest(name: string, body: object): Promise<Record<string, unknown>> {
    const { text } = await ask(server, `/v1/models/${name}:predict`, JSON.stringify(body));
    return JSON.parse(text) as Record<string, unknown>;
  }

  const row = async (name: string, x: number): Promise<unknown> =>
    (await rest(name, { instances: [x] }))['predictions'] ?? (await rest(name, { instances: [x] }));

  function predictX(name: string, ...x: number[]): Promise<Record<string, unknown>> {
    return client.predict({ model_spec: { name }, inputs: { x: floats(...x) } });
  }

  async function gaugeOf(name: string): Promise<number | undefined> {
    return (await metricsOf(server)).value(IN_FLIGHT, { model_name: name, version: '1' });
  }

  const isError =
    (code: number, text: RegExp) =>
    (error: RpcError): boolean => {
      assert.equal(error.code, code, error.details);
      assert.match(error.details, text);
      return true;
    };

  it('answer as their models do one by one, in rows and columns and over gRPC', async () => {
    const texts = ['zebra', 'a', '~~~'];
    const read = await rest('letters', { instances: texts });
    const score = await rest('deep', { instances: read['predictions'] });
    const best = (await rest('best_scores', { instances: score['predictions'] }))[
      'predictions'
    ] as Record<string, unknown>[];
    const rows = (await rest('text', { instances: texts }))['predictions'] as typeof best;
    assert.deepEqual(
      rows.map(({ values, places }) => ({ values, places })),
      best,
    );
    const columns = (await rest('text', { inputs: texts }))['outputs'] as Record<string, unknown>;
    assert.deepEqual(
      columns['values'],
      best.map(({ values }) => values),
    );
    const text = {
      dtype: 'DT_STRING',
      tensor_shape: { dim: [{ size: 3 }] },
      string_val: texts.map((each) => Buffer.from(each)),
    };
    const asked = { model_spec: { name: 'text' }, inputs: { text }, output_filter: ['places'] };
    const { outputs } = (await client.predict(asked)) as {
      outputs: Record<string, { int_val: number[] }>;
    };
    assert.deepEqual(Object.keys(outputs), ['places']);
    assert.deepEqual(outputs['places']?.int_val, best.map(({ places }) => places).flat());
  });

  it('have a status, and the signature that their models make', async () => {
    const status = JSON.parse((await ask(server, '/v1/models/text')).text) as {
      model_version_status: { state: string }[];
    };
    assert.equal(status.model_version_status[0]?.state, 'AVAILABLE');
    const { text } = await ask(server, '/v1/models/text/metadata');
    const { metadata } = JSON.parse(text) as {
      metadata: {
        signature_def: {
          signature_def: {
            serving_default: {
              inputs: Record<string, { dtype: string }>;
              outputs: Record<string, { dtype: string; tensor_shape: { dim: { size: string }[] } }>;
            };
          };
        };
      };
    };
    const { inputs, outputs } = metadata.signature_def.signature_def.serving_default;
    assert.equal(inputs['text']?.dtype, 'DT_STRING');
    assert.deepEqual(
      Object.entries(outputs).map(([name, { dtype, tensor_shape }]) => [
        name,
        dtype,
        ...tensor_shape.dim.map(({ size }) => size),
      ]),
      [
        ['places', 'DT_INT32', '-1', '3'],
        ['scores', 'DT_FLOAT', '-1', '256'],
        ['values', 'DT_FLOAT', '-1', '3'],
      ],
    );
  });

  it('run a step where its condition says so, and may be a step', async () => {
    for (const name of ['gated', 'nested']) {
      assert.deepEqual(await rest(name, { inputs: [2, 4] }), { outputs: [2, 4] });
      assert.deepEqual(await rest(name, { inputs: [2, 40] }), { outputs: [3, 22] });
    }
    const { outputs } = (await predictX('nested', 40)) as {
      outputs: { y: { float_val: number[] } };
    };
    assert.deepEqual(outputs.y.float_val, [22]);
  });

  it('refuse what no signature of theirs takes, and name the step that fails', async () => {
    const { INVALID_ARGUMENT, FAILED_PRECONDITION, UNIMPLEMENTED } = StatusCode;
    const model_spec = { name: 'gated' };
    const text = {
      dtype: 'DT_STRING',
      tensor_shape: { dim: [{ size: 1 }] },
      string_val: [Buffer.from('a')],
    };
    await assert.rejects(
      client.predict({ model_spec, inputs: { x: text } }),
      isError(INVALID_ARGUMENT, /string.*float|float.*string/i),
    );
    await assert.rejects(
      client.predict({ model_spec, inputs: { z: floats(1) } }),
      isError(INVALID_ARGUMENT, /z/),
    );
    await assert.rejects(
      client.predict({
        model_spec: { name: 'gated', signature_name: 'none' },
        inputs: { x: floats(1) },
      }),
      isError(FAILED_PRECONDITION, /none/),
    );
    const input = { example_list: { examples: [{}] } };
    await assert.rejects(
      client.classify({ model_spec, input }),
      isError(UNIMPLEMENTED, /Predict alone/),
    );
    assert.deepEqual(await rest('risky', { inputs: [4] }), { outputs: [4] });
    assert.match(
      String((await rest('risky', { inputs: [-1] }))['error']),
      /^step "risk": .*x must not be negative/s,
    );
  });

  it('run independent steps at once, and no longer than the deadline', async () => {
    const body = { inputs: { x: [1], iterations: [1500] } };
    let atOnce = 0;
    while (atOnce < 2) {
      let isOver = false;
      const answer = rest('wide', body).finally(() => (isOver = true));
      while (atOnce < 2 && !isOver) {
        const page = await metricsOf(server);
        const inFlight = ['slow', 'slow2'].map((name) =>
          page.value(IN_FLIGHT, { model_name: name, version: '1' }),
        );
        atOnce = inFlight.filter((each) => each === 1).length;
      }
      assert.deepEqual(await answer, { outputs: { one: [1], two: [1] } });
    }
    const int = { dtype: 'DT_INT32', tensor_shape: { dim: [{ size: 1 }] }, int_val: [20_000] };
    const request = { model_spec: { name: 'wide' }, inputs: { x: floats(1), iterations: int } };
    await assert.rejects(
      client.raw(PREDICT, encode('PredictRequest', request), 100),
      isError(StatusCode.DEADLINE_EXCEEDED, /./),
    );
    while ((await gaugeOf('slow')) !== 0 || (await gaugeOf('slow2')) !== 0);
    while ((await gaugeOf('wide')) !== 0);
  });

  it('follow their models to other versions under load, and say when these do not fit', async () => {
    const versions = join(folder, 'versions');
    cpSync(join(testModel('versions'), '1'), join(versions, '1'), { recursive: true });
    const models = [pipeline('follows', through('changing')), model('changing', versions)];
    await client.reload([...models, ...BASE]);
    let isOn = true;
    const seen = new Set<unknown>();
    const load = (async (): Promise<void> => {
      while (isOn) {
        const predictions = await Promise.all([row('follows', 1), row('follows', 1)]);
        for (const each of predictions) seen.add(JSON.stringify(each));
      }
    })();
    while (!seen.has('[1]')) await row('follows', 1);
    cpSync(join(testModel('versions'), '2'), join(versions, '2'), { recursive: true });
    await client.reload([...models, ...BASE]);
    while (!seen.has('[2]')) await row('follows', 1);
    isOn = false;
    await load;
    assert.deepEqual([...seen].sort(), ['[1]', '[2]']);

    cpSync(join(testModel('multi_io'), '1'), join(versions, '3'), { recursive: true });
    await client.reload([...models, ...BASE]);
    await server.untilLogged('Requests of {name: follows version: 1} fail');
    await assert.rejects(
      predictX('follows', 1),
      isError(StatusCode.FAILED_PRECONDITION, /^step "only": .*"changing".* needs input|no input/),
    );
    rmSync(join(versions, '3'), { recursive: true });
    await client.reload([...models, ...BASE]);
    await server.untilLogged('{name: follows version: 1} fits the models of its steps again');
    assert.deepEqual(await row('follows', 1), [2]);
  });

  it('run models of any platform', async () => {
    const base = join(folder, 'prices');
    mkdirSync(join(base, '1'), { recursive: true });
    writeFileSync(join(base, '1', 'prices.csv'), 'sku,price\na-1,9.5\nb-2,30\n');
    const columns = 'header_row: true output { name: "price" column: "price" }';
    writeFileSync(join(base, '1', 'table.pbtxt'), `file: "prices.csv" ${columns}`);
    const text = `
      input { name: "sku" }
      step { name: "look" model: "prices" input { to: "keys" from: "sku" } output { name: "price" as: "p" } }
      step { name: "half" model: "half" input { to: "x" from: "look.p" } }
      output { name: "y" from: "half.y" }`;
    const prices = model('prices', base, { model_platform: 'table' });
    await client.reload([pipeline('priced', text), prices, ...BASE]);
    assert.deepEqual(await rest('priced', { instances: ['b-2', 'a-1'] }), {
      predictions: [17, 6.75],
    });
    const { error } = await rest('priced', { instances: ['none'] });
    assert.match(String(error), /^step "look": /);
  });

  it('keep the models of a request that runs, and name the step whose model has gone', async () => {
    const wide = pipeline('wide', WIDE);
    await client.reload([wide, ...BASE]);
    const answer = rest('wide', { inputs: { x: [1], iterations: [3000] } });
    while ((await gaugeOf('slow2')) !== 1);
    await client.reload([wide, ...BASE.filter(({ name }) => name !== 'slow2')]);
    assert.deepEqual(await answer, { outputs: { one: [1], two: [1] } });
    const later = await rest('wide', { inputs: { x: [1], iterations: [1] } });
    assert.deepEqual(later, { error: 'step "two": model "slow2" is not served' });
    await client.reload([wide, ...BASE]);
    const again = await rest('wide', { inputs: { x: [1], iterations: [1] } });
    assert.deepEqual(again, { outputs: { one: [1], two: [1] } });
  });

  it('are not loaded where a step has no model, does not fit or leads back', async () => {
    const refused = async (models: readonly Model[], text: RegExp): Promise<void> => {
      await assert.rejects(client.reload([...models, ...BASE]), (error: RpcError) => {
        assert.match(error.details, text);
        return true;
      });
      await client.reload(BASE);
    };
    await refused(
      [pipeline('lost', through('nobody'))],
      /step "only": model "nobody" is not served/,
    );
    await refused(
      [pipeline('wrong', through('letters'))],
      /step "only": model "letters", signature "serving_default" has no input "x", expected one of "text"/,
    );
    await refused([pipeline('cut', GATED.slice(0, 60))], /pipeline\.pbtxt/);
    await refused(
      [pipeline('there', through('back')), pipeline('back', through('there'))],
      /step "only": the pipeline would run itself: (there -> back -> there|back -> there -> back)/,
    );
  });

  it('have canaries and shadows like any model', async () => {
    const all = { model_version_policy: { all: {} } };
    const told = model('told', testModel('versions'), all);
    const more = {
      ...all,
      version_labels: { first: '1' },
      version_label_weights: {
        split: { parts: [1, 2].map((version) => ({ version, weight: 50 })) },
      },
    };
    pipeline('routed', through('told', 'version: 1'), 1);
    const routed = pipeline('routed', through('told', 'version: 2'), 2, all);
    await client.reload([routed, told, ...BASE]);
    const of = async (path: string): Promise<unknown> => {
      const { text } = await ask(server, `/v1/models/routed${path}:predict`, '{"instances": [1]}');
      return (JSON.parse(text) as { predictions?: unknown }).predictions ?? text;
    };
    while (JSON.stringify(await of('/versions/1')) !== '[1]'); // a reload waits for one version
    await client.reload([{ ...routed, ...more }, told, ...BASE]);
    assert.deepEqual(await Promise.all(['', '/labels/first', '/versions/2'].map(of)), [
      [2],
      [1],
      [2],
    ]);
    const seen = new Set<unknown>();
    while (seen.size < 2) seen.add(JSON.stringify(await of('/labels/split')));
    assert.deepEqual([...seen].sort(), ['[1]', '[2]']);

    pipeline('watched', through('told', 'version: 1'), 1);
    const shadow = { version: 2, share: 1 };
    const watched = pipeline('watched', through('told', 'version: 2'), 2, { ...all, shadow });
    pipeline('same', through('told', 'version: 1'), 1);
    const same = pipeline('same', through('told', 'version: 1'), 2, { ...all, shadow });
    await client.reload([watched, same, told, ...BASE]);
    const count = async (model_name: string, outcome: string): Promise<number> =>
      (await metricsOf(server)).value(SHADOWED, { model_name, shadow_version: '2', outcome }) ?? 0;
    const once = async (name: string): Promise<void> => {
      assert.deepEqual(await row(name, 1), [1]);
      await predictX(name, 1);
    };
    while ((await count('watched', 'differed')) < 2) await once('watched');
    while ((await count('same', 'agreed')) < 2) await once('same');
    assert.equal(await count('same', 'differed'), 0);
  });

  it('share runs with the requests of clients, and of other pipelines', async () => {
    const parameters = join(folder, 'parameters');
    // A batch that is not full never runs within the test.
    writeFileSync(
      parameters,
      'max_batch_size { value: 5 } batch_timeout_micros { value: 60000000 }',
    );
    const models = [pipeline('mine', through('half')), pipeline('yours', through('half'))];
    const flags = ['--enable_batching', `--batching_parameters_file=${parameters}`];
    const batching = await ServerProcess.startWith(
      ...serving([...models, model('half', HALF_PLUS_TWO)]),
      ...flags,
    );
    const over = new GrpcClient(batching.grpcAddress);
    const post = async (name: string, ...instances: number[]): Promise<unknown> => {
      const body = JSON.stringify({ instances });
      return JSON.parse((await ask(batching, `/v1/models/${name}:predict`, body)).text);
    };
    const request = { model_spec: { name: 'yours' }, inputs: { x: floats(4) } };
    const [mine, half, yours] = await Promise.all([
      post('mine', 1, 2),
      post('half', 3),
      over.predict(request),
      over.predict({ ...request, model_spec: { name: 'half' } }),
    ]);
    assert.deepEqual([mine, half], [{ predictions: [2.5, 3] }, { predictions: [3.5] }]);
    assert.deepEqual(
      (yours as { outputs: { y: { float_val: number[] } } }).outputs.y.float_val,
      [4],
    );
    const page = await metricsOf(batching);
    assert.equal(page.value(`${SESSION}:wrapped_run_count`), 1);
    assert.equal(page.value(`${SESSION}:processed_batch_size_sum`), 5);
    assert.equal(page.value(`${SESSION}:input_batch_size_count`), 4);
    over.close();
    assert.equal((await batching.stop()).code, 0);
  });

  it('run in I/O threads, too', async () => {
    const models = [pipeline('gated', GATED), pipeline('nested', through('gated')), ...BASE];
    const threads = await ServerProcess.startWith('--io_threads=3', ...serving(models));
    const many = new GrpcClient(threads.grpcAddress);
    await untilAllAnswer(threads, 'nested', 1);
    await many.reload([pipeline('nested', through('gated')), ...models.slice(2)]);
    await untilAllAnswer(threads, 'nested', 'step "only": model "gated" is not served');
    many.close();
    assert.equal((await threads.stop()).code, 0);
  });
});
