import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { GrpcClient, floats, PREDICT, RELOAD } from './grpc-client.js';
import { MeteredServers } from './metered-servers.js';
import { PrometheusPage } from './prometheus-parser.js';
import { freePort, ServerProcess } from './server-process.js';
import { logRecord, writeWarmupFile } from './tf-record.js';
import { TAKEN_AT_ONCE } from './version-folder.js';

const MODELS = fileURLToPath(new URL('../../../examples/models', import.meta.url));
const IRIS = join(MODELS, 'iris_classifier');
const HALF_PLUS_TWO = join(MODELS, 'half_plus_two');
const FAILING = fileURLToPath(new URL('../../../test/models/failing', import.meta.url));
const PATH = '/monitoring/prometheus/metrics';
const SERVING = ':tensorflow:serving';

interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

/** The target goes out as it is, which fetch would not do. */
function send(
  url: string,
  method: string,
  target: string,
  body = '',
  headers = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const length = body === '' ? {} : { 'Content-Length': body.length };
    const all = { ...headers, ...length };
    const sent = request({ hostname, port, method, path: target, headers: all }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      reply.on('end', () => {
        resolve({ status: reply.statusCode ?? 0, type: reply.headers['content-type'], text });
      });
    });
    sent.on('error', reject).end(body);
  });
}

describe('Metrics over the wire', () => {
  const metered = new MeteredServers();
  const { folder, config } = metered;
  after(() => metered.remove());
  afterEach(() => metered.stopped());

  const started = (name: string, model: string, ...more: string[]): Promise<ServerProcess> =>
    metered.started(name, model, ...more);
  const clientOf = (server: ServerProcess): GrpcClient => metered.clientOf(server);

  async function pageOf(server: ServerProcess): Promise<PrometheusPage> {
    const { status, type, text } = await send(server.restUrl, 'GET', PATH);
    assert.equal(status, 200);
    assert.equal(type, 'text/plain');
    return new PrometheusPage(text);
  }

  async function countsOf(server: ServerProcess): Promise<Record<string, number>> {
    return (await pageOf(server)).all(`${SERVING}:request_count`);
  }

  it('counts what comes in over REST under its model and status', async () => {
    const server = await started('half_plus_two', HALF_PLUS_TWO);
    const body = '{"instances": [1.0]}';
    const sent: readonly (readonly [string, string, number, string?, object?])[] = [
      ['POST', '/v1/models/half_plus_two:predict', 200, body],
      ['POST', '/v1/models/half_plus_two:predict', 200, body],
      ['POST', '/v1/models/half_plus_two:predict', 400, '{'],
      ['POST', '/v1/models/unknown:predict', 404, body],
      ['POST', '/v1/models/a%22b:classify', 404, '{"examples": [{"x": 1.0}]}'],
      ['GET', '/v1/models/half_plus_two', 200],
      ['GET', '/v1/models/half_plus_two/metadata', 200],
      ['GET', '/v1/models/unknown', 404],
      ['GET', '/v1/models/half_plus_two/versions/18446744073709551615', 400],
      ['POST', '/v1/models/half_plus_two:PREDICT', 400, body],
      ['GET', '/v1/none', 400],
      ['PUT', '/v1/models/half_plus_two', 400],
      ['HEAD', '/v1/models/half_plus_two', 400],
      ['OPTIONS', '/v1/models/half_plus_two', 200, '', { Origin: 'http://a' }],
      ['OPTIONS', '/v1/models/half_plus_two', 400],
      ['GET', '/elsewhere', 404],
      ['GET', PATH, 200],
      ['GET', `${PATH}/`, 404],
    ];
    for (const [method, target, expected, text, headers] of sent) {
      const { status } = await send(server.restUrl, method, target, text, headers);
      assert.equal(status, expected, `${method} ${target}`);
    }
    const page = await pageOf(server);
    assert.deepEqual(page.all(`${SERVING}:request_count`), {
      'model_name="",status="FAILED_PRECONDITION"': 1,
      'model_name="",status="INVALID_ARGUMENT"': 3,
      'model_name="",status="OK"': 1,
      'model_name="a"b",status="NOT_FOUND"': 1,
      'model_name="half_plus_two",status="INVALID_ARGUMENT"': 3,
      'model_name="half_plus_two",status="OK"': 4,
      'model_name="unknown",status="NOT_FOUND"': 2,
    });
    assert.deepEqual(page.all(`${SERVING}:request_latency_count`), {
      'model_name="",API="",entrypoint="REST"': 1,
      'model_name="half_plus_two",API="",entrypoint="REST"': 2,
      'model_name="half_plus_two",API="predict",entrypoint="REST"': 2,
    });
    assert.deepEqual(page.all(`${SERVING}:runtime_latency_count`), {
      'model_name="half_plus_two",API="Predict",runtime="TF1"': 2,
    });
    const latency = { model_name: 'half_plus_two', API: 'predict', entrypoint: 'REST' };
    const run = { model_name: 'half_plus_two', API: 'Predict', runtime: 'TF1' };
    const whole = page.value(`${SERVING}:request_latency_sum`, latency) ?? 0;
    const ran = page.value(`${SERVING}:runtime_latency_sum`, run) ?? 0;
    assert.ok(ran > 0 && whole >= ran, `the run of ${ran} µs is part of the request's ${whole} µs`);
  });

  it('counts Predict, Classify and Regress over gRPC, and the examples of MultiInference', async () => {
    const server = await started('iris', IRIS);
    const client = clientOf(server);
    const value = { float_list: { value: [1] } };
    const feature = {
      sepal_length: value,
      sepal_width: value,
      petal_length: value,
      petal_width: value,
    };
    const example = { features: { feature } };
    const input = { example_list: { examples: [example, example, example] } };
    const spec = (signature: string): object => ({ name: 'iris', signature_name: signature });
    const classify = { model_spec: spec('classify'), input };
    await client.classify(classify);
    await client.regress({ model_spec: spec('regress'), input });
    await client.multiInference({
      tasks: [{ model_spec: spec('regress'), method_name: 'tensorflow/serving/regress' }],
      input,
    });
    await client.modelStatus({ model_spec: { name: 'iris' } });
    const x = floats(1);
    const refused = [
      () => client.classify({ ...classify, model_spec: { name: 'unknown' } }),
      () => client.predict({ model_spec: spec('none'), inputs: { x } }),
      () => client.predict({ inputs: { x } }),
      () => client.predict({ model_spec: {}, inputs: { x } }),
      () => client.raw(PREDICT, Buffer.from([0x0a])),
      () => client.multiInference({ tasks: [{ model_spec: spec('none') }], input }),
    ];
    for (const call of refused) await assert.rejects(call());
    const page = await pageOf(server);
    assert.deepEqual(page.all(`${SERVING}:request_count`), {
      'model_name="",status="INVALID_ARGUMENT"': 3,
      'model_name="iris",status="FAILED_PRECONDITION"': 1,
      'model_name="iris",status="OK"': 2,
      'model_name="unknown",status="NOT_FOUND"': 1,
    });
    assert.deepEqual(page.all(`${SERVING}:request_latency_count`), {
      'model_name="iris",API="Classify",entrypoint="GRPC"': 1,
      'model_name="iris",API="Regress",entrypoint="GRPC"': 1,
    });
    assert.deepEqual(page.all(`${SERVING}:runtime_latency_count`), {
      'model_name="iris",API="Classify",runtime="TF1"': 1,
      'model_name="iris",API="Regress",runtime="TF1"': 1,
    });
    const examples = { model: 'iris' };
    assert.equal(page.value(`${SERVING}:request_example_counts_count`, examples), 1);
    assert.equal(page.value(`${SERVING}:request_example_counts_sum`, examples), 3);
    assert.equal(page.value(`${SERVING}:request_example_count_total`, examples), 3);
  });

  it('counts a run that fails as a request, but not as a run', async () => {
    const server = await started('failing', FAILING);
    const target = '/v1/models/failing:predict';
    const { status } = await send(server.restUrl, 'POST', target, '{"inputs": [0]}');
    assert.equal(status, 400);
    const page = await pageOf(server);
    assert.deepEqual(page.all(`${SERVING}:request_count`), {
      'model_name="failing",status="INVALID_ARGUMENT"': 1,
    });
    assert.deepEqual(page.all(`${SERVING}:runtime_latency_count`), {});
    assert.deepEqual(page.all(`${SERVING}:request_latency_count`), {});
  });

  it('counts a request once that was answered 504, and its run when it ends', async () => {
    const slow = fileURLToPath(new URL('../../../test/models/slow', import.meta.url));
    const server = await started(
      'slow',
      slow,
      '--rest_api_timeout_in_ms=200',
      '--run_pool_threads=1',
    );
    const predict = async (iterations: number): Promise<number> => {
      const body = `{"inputs": {"x": [1], "iterations": [${iterations}]}}`;
      return (await send(server.restUrl, 'POST', '/v1/models/slow:predict', body)).status;
    };
    assert.equal(await predict(10_000), 504);
    // The one thread answers in order: once a later request has its answer, the first one's is dropped.
    let sent = 2;
    while ((await predict(1)) === 504) ++sent;
    const page = await pageOf(server);
    assert.deepEqual(page.all(`${SERVING}:request_count`), {
      'model_name="slow",status="DEADLINE_EXCEEDED"': sent - 1,
      'model_name="slow",status="OK"': 1,
    });
    const run = { model_name: 'slow', API: 'Predict', runtime: 'TF1' };
    assert.ok((page.value(`${SERVING}:runtime_latency_sum`, run) ?? 0) > 200_000);
  });

  it('tells how models were loaded, and how the process does', async () => {
    const server = await started('half_plus_two', HALF_PLUS_TWO);
    const page = await pageOf(server);
    const path = join(HALF_PLUS_TWO, '1');
    const savedModel = ':tensorflow:cc:saved_model';
    const load = { model_path: path, status: 'success' };
    assert.equal(page.value(`${savedModel}:load_attempt_count`, load), 1);
    assert.ok((page.value(`${savedModel}:load_latency`, { model_path: path }) ?? 0) > 0);
    for (const [name, type] of [
      [`${SERVING}:request_count`, 'counter'],
      [`${SERVING}:request_latency`, 'histogram'],
      [`${SERVING}:runtime_latency`, 'histogram'],
      [`${SERVING}:request_example_counts`, 'histogram'],
      [`${SERVING}:request_example_count_total`, 'counter'],
      ['nodejs_eventloop_lag_seconds', 'gauge'],
      ['nodejs_gc_duration_seconds', 'histogram'],
    ] as const) {
      assert.equal(page.types.get(name), type, name);
    }
    assert.ok((page.value('process_resident_memory_bytes') ?? 0) > 1e6);
    assert.ok((page.value('nodejs_heap_size_used_bytes') ?? 0) > 1e5);
  });

  it('counts the records of a warm-up file, and how long they took', async () => {
    const base = mkdtempSync(join(folder, 'warm-'));
    cpSync(join(HALF_PLUS_TWO, '1'), join(base, '1'), { recursive: true });
    const request = { inputs: { x: floats(1) } };
    const log = logRecord({ predict_log: { request } });
    writeWarmupFile(join(base, '1'), Buffer.concat([log, log]));
    const server = await started('m', base, TAKEN_AT_ONCE);
    const page = await pageOf(server);
    const labels = { model_path: join(base, '1'), status: 'OK' };
    assert.equal(page.value(`${SERVING}:model_warmup_records_read`, labels), 2);
    assert.equal(page.value(`${SERVING}:model_warmup_latency_count`, labels), 1);
    assert.ok((page.value(`${SERVING}:model_warmup_latency_sum`, labels) ?? 0) > 0);
  });

  it('tells a reload by how much metrics have grown, each once, and counts reloads', async () => {
    const server = await started('half_plus_two', HALF_PLUS_TWO);
    const client = clientOf(server);
    const models = [{ name: 'half_plus_two', base_path: HALF_PLUS_TWO }];
    const reloads = '/tensorgate/config_reload_count';
    const latency = '/tensorflow/serving/request_latency'; // a histogram
    const { status, metric } = await client.reload(models, [reloads, latency, 'none', reloads]);
    assert.deepEqual(status, {});
    assert.deepEqual(metric, [
      { name: reloads, int64_value_increase: '1' },
      { name: latency, int64_value_increase: '0' },
      { name: 'none', int64_value_increase: '0' },
    ]);
    await assert.rejects(client.reload([...models, ...models]));
    await assert.rejects(client.raw(RELOAD, Buffer.from([0x0a, 0xff])));
    assert.deepEqual((await pageOf(server)).all(':tensorgate:config_reload_count'), {
      'status="INVALID_ARGUMENT"': 2,
      'status="OK"': 1,
    });
  });

  it('counts polls of the configuration file, and answers 0 where there is no page', async () => {
    const file = join(folder, 'models.config');
    const one = `config { name: "m" base_path: "${HALF_PLUS_TWO}" model_platform: "tensorflow" }`;
    writeFileSync(file, `model_config_list { ${one} }`);
    const polled = [`--model_config_file=${file}`, '--model_config_file_poll_wait_seconds=1'];
    const server = await ServerProcess.startWith(`--monitoring_config_file=${config}`, ...polled);
    metered.servers.push(server);
    writeFileSync(file, `model_config_list { ${one} ${one} }`);
    await server.untilLogged('Illegal to list model m');
    const name = ':tensorgate:config_reload_count';
    const refused = (await pageOf(server)).value(name, { status: 'INVALID_ARGUMENT' });
    assert.ok((refused ?? 0) > 0);

    const dark = await ServerProcess.start('m', HALF_PLUS_TWO);
    metered.servers.push(dark);
    const attempts = '/tensorflow/cc/saved_model/load_attempt_count';
    const models = [{ name: 'n', base_path: HALF_PLUS_TWO }];
    const { metric } = await clientOf(dark).reload(models, [attempts, attempts]);
    assert.deepEqual(metric, [{ name: attempts, int64_value_increase: '0' }]);
  });

  it('answers any method at its path, and refuses a query', async () => {
    const own = join(folder, 'own.config');
    writeFileSync(own, 'prometheus_config { enable: true path: "/v1/models/m:metrics" }\n');
    const server = await started('m', HALF_PLUS_TWO, `--monitoring_config_file=${own}`);
    const path = '/v1/models/m:metrics';
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const { status, type, text } = await send(server.restUrl, method, path, 'x');
      assert.equal(status, 200, method);
      assert.equal(type, 'text/plain', method);
      assert.deepEqual(new PrometheusPage(text).all(`${SERVING}:request_count`), {}, method);
    }
    const head = await send(server.restUrl, 'HEAD', path);
    assert.deepEqual(head, { status: 200, type: 'text/plain', text: '' });
    assert.deepEqual(await send(server.restUrl, 'GET', `${path}?a=b`), {
      status: 400,
      type: 'text/plain',
      text: `Unexpected path: ${path}?a=b. Should be ${path}`,
    });
    assert.equal((await send(server.restUrl, 'GET', PATH)).status, 404);
    assert.equal((await send(server.restUrl, 'GET', path.toUpperCase())).status, 400);
  });

  it('has no page unless the file enables it', async () => {
    const off = join(folder, 'off.config');
    writeFileSync(off, 'prometheus_config { enable: false }\n');
    const server = await started('m', HALF_PLUS_TWO, `--monitoring_config_file=${off}`);
    assert.equal((await send(server.restUrl, 'GET', PATH)).status, 404);
    assert.equal((await send(server.restUrl, 'GET', '/v1/models/m')).status, 200);
  });

  // What makes a file wrong is in monitoring-config.test.ts.
  it('keeps REST closed and serves gRPC where the file is wrong', async () => {
    const file = join(folder, 'wrong.config');
    writeFileSync(file, 'prometheus_config {');
    const server = await started('m', HALF_PLUS_TWO, `--monitoring_config_file=${file}`);
    await assert.rejects(send(server.restUrl, 'GET', '/v1/models/m'), { code: 'ECONNREFUSED' });
    const request = { model_spec: { name: 'm' }, inputs: { x: floats(1) } };
    assert.ok('outputs' in (await clientOf(server).predict(request)));
    metered.servers.pop();
    const { code, stdout, stderr } = await server.stop();
    assert.equal(code, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /"level":50.*REST is off: --monitoring_config_file: .*\.config/);
  });

  it('ignores the file where REST is off', async () => {
    const [port, none] = [await freePort(), join(folder, 'none.config')];
    const flags = [`--port=${port}`, '--model_name=m', `--model_base_path=${HALF_PLUS_TWO}`];
    const server = new ServerProcess([...flags, `--monitoring_config_file=${none}`], port, 0);
    await server.untilLogged('"msg":"serving"');
    const { code, stderr } = await server.stop();
    assert.equal(code, 0);
    assert.doesNotMatch(stderr, /monitoring_config_file/);
  });

  it('keeps 1,000 names of clients, and sums up the others', async () => {
    const server = await started('late', HALF_PLUS_TWO);
    const client = clientOf(server);
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 1100; ++i) {
      calls.push(client.predict({ model_spec: { name: `name\n${i}` } }).catch(() => null));
    }
    await Promise.all(calls);
    await client.predict({ model_spec: { name: 'late' }, inputs: { x: floats(1) } });
    const counts = await countsOf(server);
    assert.equal(Object.keys(counts).length, 1002);
    assert.equal(counts['model_name="(other model names)",status="NOT_FOUND"'], 100);
    assert.equal(counts['model_name="late",status="OK"'], 1);
  });
});
