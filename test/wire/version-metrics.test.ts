import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Authority, opensslMissing, pemField, type Identity } from './certificates.js';
import { floats, GrpcClient } from './grpc-client.js';
import { MeteredServers } from './metered-servers.js';
import { PrometheusPage } from './prometheus-parser.js';
import { ServerProcess } from './server-process.js';
import { ask, predictedByAll, predictedByClients, manyClients, MANY } from './threaded-server.js';
import { putVersion, TAKEN_AT_ONCE } from './version-folder.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const IRIS = fileURLToPath(new URL('../../../examples/models/iris_classifier', import.meta.url));
const LATENCY = ':tensorgate:request_latency';
const STAGE = ':tensorgate:request_stage_latency';
const STAGES = ['queue', 'decode', 'run', 'encode'];
const PREDICT = '/v1/models/m:predict';
const BODY = '{"instances": [1.0]}';

describe('Metrics of versions over the wire', () => {
  let folder = '';
  let metered: MeteredServers;
  beforeEach(() => {
    metered = new MeteredServers();
    folder = metered.folder;
  });
  afterEach(async () => {
    await metered.stopped();
    metered.remove();
  });

  const started = (model: string, ...flags: string[]): Promise<ServerProcess> =>
    metered.started('m', model, ...flags);
  const clientOf = (server: ServerProcess): GrpcClient => metered.clientOf(server);

  /** Over TLS, whoever answers. */
  function secretly({ restPort }: ServerProcess, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { port: restPort, path, rejectUnauthorized: false };
      const asked = get(options, (reply) => {
        let text = '';
        reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        reply.on('end', () => resolve(text)).on('error', reject);
      });
      asked.on('error', reject);
    });
  }

  async function pageOf(server: ServerProcess): Promise<PrometheusPage> {
    const { status, text } = await ask(server, '/metrics');
    assert.equal(status, 200);
    return new PrometheusPage(text);
  }

  const labels = (
    signature_name: string,
    method: string,
    status: string,
    version = '1',
  ): object => ({
    model_name: 'm',
    version,
    signature_name,
    method,
    status,
  });

  /** As `all` of a page prints them. */
  const text = (of: object): string =>
    Object.entries(of)
      .map(([name, value]) => `${name}="${value}"`)
      .join(',');

  function requests(page: PrometheusPage): Record<string, number> {
    return page.all(`${LATENCY}_count`);
  }

  it('counts each request under its version, signature, method and status, with its stages', async () => {
    const server = await started(HALF_PLUS_TWO);
    const client = clientOf(server);
    const x = floats(1);
    for (let i = 0; i < 3; ++i) {
      assert.equal((await ask(server, PREDICT, BODY)).status, 200);
      await client.predict({ model_spec: { name: 'm' }, inputs: { x } });
    }
    const asked = [
      ['{', 400],
      ['{"instances": ["a"]}', 400],
      ['{"signature_name": "no\\nsuch", "instances": [1.0]}', 400],
    ] as const;
    for (const [body, status] of asked) {
      assert.equal((await ask(server, PREDICT, body)).status, status, body);
    }
    for (const signature_name of ['none', 'another']) {
      const model_spec = { name: 'm', signature_name };
      await assert.rejects(client.predict({ model_spec, inputs: { x } }));
    }
    assert.equal((await ask(server, '/v1/models/none:predict', BODY)).status, 404);
    const page = await pageOf(server);
    const ok = labels('serving_default', 'predict', 'OK');
    assert.deepEqual(requests(page), {
      [text(labels('', 'predict', 'FAILED_PRECONDITION'))]: 2,
      [text(labels('', 'predict', 'INVALID_ARGUMENT'))]: 2,
      [text(labels('serving_default', 'predict', 'INVALID_ARGUMENT'))]: 1,
      [text(ok)]: 6,
    });
    let inStages = 0;
    for (const stage of STAGES) {
      assert.equal(page.value(`${STAGE}_count`, { ...ok, stage }), 6, stage);
      inStages += page.value(`${STAGE}_sum`, { ...ok, stage }) ?? 0;
    }
    const whole = page.value(`${LATENCY}_sum`, { ...ok }) ?? 0;
    assert.ok(inStages > 0 && inStages <= whole * 1.001, `${inStages} of ${whole} µs`);
    const refused = labels('', 'predict', 'INVALID_ARGUMENT');
    assert.equal(page.value(`${STAGE}_count`, { ...refused, stage: 'decode' }), 2);
    assert.equal(page.value(`${STAGE}_count`, { ...refused, stage: 'run' }), undefined);
    const version = { model_name: 'm', version: '1' };
    assert.equal(page.value(':tensorgate:requests_in_flight', version), 0);
    assert.ok((page.value(':tensorflow:core:graph_runs') ?? 0) >= 6);
    assert.ok((page.value(':tensorflow:core:graph_run_time_usecs') ?? 0) > 0);
  });

  it('names the other methods, and gives requests of several signatures none', async () => {
    const server = await started(IRIS, '--enable_session_run');
    const client = clientOf(server);
    const value = { float_list: { value: [1] } };
    const feature = Object.fromEntries(
      ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'].map((name) => [name, value]),
    );
    const input = { example_list: { examples: [{ features: { feature } }] } };
    const spec = (signature_name: string): object => ({ name: 'm', signature_name });
    await client.classify({ model_spec: spec('classify'), input });
    await client.regress({ model_spec: spec('regress'), input });
    const method_name = 'tensorflow/serving/regress';
    await client.multiInference({ tasks: [{ model_spec: spec('regress'), method_name }], input });
    await assert.rejects(client.sessionRun({ model_spec: { name: 'm' }, fetch: ['none:0'] }));
    const counted = requests(await pageOf(server));
    const failed = Object.keys(counted).filter((key) => key.includes('session_run'));
    assert.equal(failed.length, 1);
    const [key = ''] = failed;
    assert.ok(!key.includes('status="OK"'), key);
    assert.deepEqual(counted, {
      [text(labels('', 'multi_inference', 'OK'))]: 1,
      [key]: 1,
      [text(labels('classify', 'classify', 'OK'))]: 1,
      [text(labels('regress', 'regress', 'OK'))]: 1,
    });
  });

  for (const [how, ...flags] of [
    ['batched by parameters', '--enable_batching'],
    ['in runs of their own', '--batching=off'],
    ['by several I/O threads', '--io_threads=3'],
  ] as [string, ...string[]][]) {
    it(`counts every request once where they are answered ${how}`, async () => {
      const parameters = join(folder, 'batching');
      const isBatched = how === 'batched by parameters';
      if (isBatched) {
        flags.push(`--batching_parameters_file=${parameters}`);
        const splitting = 'enable_large_batch_splitting { value: true }';
        const sizes = 'max_batch_size { value: 32 } max_execution_batch_size { value: 8 }';
        const allowed = 'allowed_batch_sizes: 4 allowed_batch_sizes: 32';
        const timeout = 'batch_timeout_micros { value: 2000 }';
        writeFileSync(parameters, [splitting, sizes, allowed, timeout].join('\n'));
      }
      const server = await started(HALF_PLUS_TWO, ...flags);
      assert.deepEqual(await predictedByAll(server, 'm'), Array(MANY).fill(2.5));
      const many = manyClients(server);
      metered.clients.push(...many);
      assert.deepEqual(await predictedByClients(many, 'm'), Array(MANY).fill(2.5));
      const instances = (rows: number): string =>
        `{"instances": [${Array.from({ length: rows }, () => '1.0').join(', ')}]}`;
      assert.equal((await ask(server, PREDICT, instances(20))).status, 200); // is split, where batched
      assert.equal((await ask(server, PREDICT, instances(40))).status, isBatched ? 400 : 200);
      if (!isBatched) assert.equal((await ask(server, PREDICT, '{')).status, 400);
      const page = await pageOf(server);
      const ok = labels('serving_default', 'predict', 'OK');
      const refused = labels(isBatched ? 'serving_default' : '', 'predict', 'INVALID_ARGUMENT');
      const answered = 2 * MANY + (isBatched ? 1 : 2);
      assert.deepEqual(requests(page), { [text(refused)]: 1, [text(ok)]: answered });
      for (const stage of STAGES) {
        assert.equal(page.value(`${STAGE}_count`, { ...ok, stage }), answered, stage);
      }
      const inFlight = page.all(':tensorgate:requests_in_flight');
      assert.deepEqual(inFlight, { 'model_name="m",version="1"': 0 });
    });
  }

  it('forgets a version that is unloaded, and tells those that are in flight', async () => {
    const base = join(folder, 'm');
    putVersion(join(HALF_PLUS_TWO, '1'), join(base, '1'));
    const server = await started(base, TAKEN_AT_ONCE);
    assert.equal((await ask(server, PREDICT, BODY)).status, 200);
    putVersion(join(HALF_PLUS_TWO, '1'), join(base, '2'));
    await server.untilLogged('"servable":"{name: m version: 1}","msg":"unloaded"');
    assert.equal((await ask(server, PREDICT, BODY)).status, 200);
    const page = await pageOf(server);
    const ok = text(labels('serving_default', 'predict', 'OK', '2'));
    assert.deepEqual(requests(page), { [ok]: 1 });
    const inFlight = page.all(':tensorgate:requests_in_flight');
    assert.deepEqual(inFlight, { 'model_name="m",version="2"': 0 });
    assert.deepEqual(page.all(':tensorgate:version_state'), {
      'model_name="m",version="2",state="AVAILABLE",status="OK"': 1,
    });
    const loads = { model_name: 'm', status: 'OK' };
    assert.equal(page.value(':tensorgate:load_latency_count', loads), 2);
    const load = { model_name: 'm', version: '2' };
    assert.ok((page.value(':tensorgate:version_load_microseconds', load) ?? 0) > 0);
    const gone = { model_name: 'm', version: '1' };
    assert.equal(page.value(':tensorgate:version_load_microseconds', gone), undefined);
  });

  it('forgets a model that is not configured any more, and tells of a version that cannot be loaded', async () => {
    const broken = join(folder, 'broken');
    mkdirSync(join(broken, '7'), { recursive: true });
    writeFileSync(join(broken, '7', 'saved_model.pb'), 'no model');
    const flags = ['--max_num_load_retries=0', '--batching=auto'];
    const server = await started(HALF_PLUS_TWO, ...flags);
    const client = clientOf(server);
    const m = { name: 'm', base_path: HALF_PLUS_TWO };
    assert.deepEqual(await predictedByAll(server, 'm'), Array(MANY).fill(2.5));
    await client.reload([m, { name: 'n', base_path: HALF_PLUS_TWO }]);
    await client.reload([{ name: 'n', base_path: HALF_PLUS_TWO }]);
    await server.untilLogged('"servable":"{name: m version: 1}","msg":"unloaded"');
    const { text } = await ask(server, '/metrics');
    const ours = text.split('\n').filter((line) => line.startsWith(':tensorgate:'));
    assert.deepEqual(
      ours.filter((line) => line.includes('model_name="m"')),
      [],
    );
    assert.ok(ours.some((line) => line.includes('model_name="n"')));
    await assert.rejects(client.reload([{ name: 'broken', base_path: broken }]));
    const states = Object.keys((await pageOf(server)).all(':tensorgate:version_state'));
    const [failed = ''] = states.filter((labels) => labels.includes('broken'));
    assert.match(failed, /^model_name="broken",version="7",state="END",status="(?!OK")[A-Z_]+"$/);
    const labelsOf = { model_name: 'broken' };
    assert.equal((await pageOf(server)).value(':tensorgate:available_versions', labelsOf), 0);
  });

  it('tells when certificates expire, also after they were renewed', async function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    const authority = new Authority(folder, 'ca');
    const file = join(folder, 'ssl.config');
    const write = ({ key, cert }: Identity): void =>
      writeFileSync(file, pemField('server_key', key) + pemField('server_cert', cert));
    write(authority.issue('first', 10));
    const server = await started(HALF_PLUS_TWO, `--ssl_config_file=${file}`, '--log_level=info');
    const days = async (): Promise<number> => {
      const page = new PrometheusPage(await secretly(server, '/metrics'));
      const labelsOf = { certificate: 'server_cert' };
      const seconds = page.value(':tensorgate:certificate_expiry_seconds', labelsOf) ?? 0;
      return Math.round((seconds - Date.now() / 1000) / 86_400);
    };
    assert.equal(await days(), 10);
    write(authority.issue('second', 20));
    server.signal('SIGHUP');
    await server.untilLogged('read anew');
    assert.equal(await days(), 20);
  });

  it('tells how many are in flight', async () => {
    const slow = fileURLToPath(new URL('../../../test/models/slow', import.meta.url));
    const server = await started(slow, '--run_pool_threads=1');
    const body = '{"inputs": {"x": [1], "iterations": [4000]}}';
    const answers = Promise.all([1, 2, 3].map(() => ask(server, PREDICT, body)));
    const inFlight = async (): Promise<number | undefined> => {
      const version = { model_name: 'm', version: '1' };
      return (await pageOf(server)).value(':tensorgate:requests_in_flight', version);
    };
    while (((await inFlight()) ?? 0) < 2);
    for (const { status } of await answers) assert.equal(status, 200);
    assert.equal(await inFlight(), 0);
  });

  it('answers GET and HEAD at /metrics as at its own path, and has none where there is no page', async () => {
    const server = await started(HALF_PLUS_TWO);
    for (const path of ['/metrics', '/metrics?a=b', '/monitoring/prometheus/metrics']) {
      const { status, text } = await ask(server, path);
      assert.equal(status, 200, path);
      assert.ok(new PrometheusPage(text).types.has(':tensorflow:serving:request_count'), path);
    }
    assert.equal((await fetch(`${server.restUrl}/metrics`, { method: 'HEAD' })).status, 200);
    assert.equal((await ask(server, '/metrics', BODY)).status, 404);
    assert.equal((await ask(server, '/metrics/')).status, 404);
    const dark = await ServerProcess.start('metrics', HALF_PLUS_TWO);
    metered.servers.push(dark);
    assert.equal((await ask(dark, '/metrics')).status, 404);
    assert.equal((await ask(dark, '/v1/models/metrics')).status, 200);
  });
});
