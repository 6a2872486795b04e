/** Answers that are kept for equal requests: one server, over both protocols. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { encode, floats, GrpcClient, PREDICT } from './grpc-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import { ServerProcess } from './server-process.js';
import { testModel } from './threaded-server.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const CACHE = { max_bytes: 1 << 20 };
const versioned = (version: number): object => ({
  name: 'versions',
  base_path: testModel('versions'),
  model_version_policy: { specific: { versions: [version] } },
  response_cache: CACHE,
});
const MODELS = [
  { name: 'half', base_path: HALF_PLUS_TWO, response_cache: CACHE },
  { name: 'plain', base_path: HALF_PLUS_TWO },
  { name: 'counter', base_path: testModel('counter'), response_cache: CACHE },
  { name: 'slow', base_path: testModel('slow'), response_cache: CACHE },
  { name: 'deep', base_path: testModel('deep'), response_cache: { max_bytes: 1 << 26 } },
  { name: 'keyed', base_path: testModel('slow'), response_cache: { ...CACHE, key: ['nothing'] } },
];
type Counts = Record<'hit' | 'shared' | 'miss' | 'refreshed', number>;

describe('A response cache', () => {
  let folder = '';
  let server: ServerProcess;
  let client: GrpcClient;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'response-cache-'));
    const monitoring = join(folder, 'monitoring');
    writeFileSync(monitoring, 'prometheus_config { enable: true path: "/metrics" }\n');
    const models = join(folder, 'models');
    writeFileSync(models, 'model_config_list {}\n');
    server = await ServerProcess.startWith(
      ...[`--model_config_file=${models}`, `--monitoring_config_file=${monitoring}`],
      ...['--run_pool_threads=2', '--enable_session_run'],
    );
    client = new GrpcClient(server.grpcAddress);
    await client.reload([...MODELS, versioned(1)]);
  });
  after(async () => {
    client.close();
    assert.equal((await server.stop()).code, 0);
    rmSync(folder, { recursive: true });
  });

  async function post(model: string, body: object, cacheControl = ''): Promise<string> {
    const headers = cacheControl === '' ? {} : { 'cache-control': cacheControl };
    const url = `http://127.0.0.1:${server.restPort}/v1/models/${model}:predict`;
    const reply = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
    return reply.text();
  }

  function predict(model: string, value: number, cacheControl = ''): Promise<Buffer> {
    const request = { model_spec: { name: model }, inputs: { x: floats(value) } };
    const headers = cacheControl === '' ? {} : { 'cache-control': cacheControl };
    return client.raw(PREDICT, encode('PredictRequest', request), undefined, headers);
  }

  async function page(): Promise<PrometheusPage> {
    const reply = await fetch(`http://127.0.0.1:${server.restPort}/metrics`);
    return new PrometheusPage(await reply.text());
  }

  async function counts(model_name: string, version = '1'): Promise<Counts> {
    const metrics = await page();
    const of = (outcome: string): number =>
      metrics.value(':tensorgate:response_cache_request_count', { model_name, version, outcome }) ??
      0;
    return { hit: of('hit'), shared: of('shared'), miss: of('miss'), refreshed: of('refreshed') };
  }

  it('answers both protocols as a run does', async () => {
    const rest = await post('plain', { instances: [1.0] });
    const plain = await predict('plain', 1);
    assert.equal(await post('half', { instances: [1.0] }), rest);
    assert.equal(await post('half', { instances: [1.0] }), rest);
    const first = await predict('half', 1);
    assert.equal(await post('half', { inputs: [1.0] }), await post('plain', { inputs: [1.0] }));
    assert.deepEqual(await predict('half', 1), first);
    assert.deepEqual(
      Buffer.from(first.toString('latin1').replace('half', 'plain').slice(-8), 'latin1'),
      plain.subarray(-8),
    );
    assert.deepEqual(await counts('half'), { hit: 4, shared: 0, miss: 1, refreshed: 0 });
    assert.deepEqual(await counts('plain'), { hit: 0, shared: 0, miss: 0, refreshed: 0 });
    const metrics = await page();
    const labels = { model_name: 'half', version: '1' };
    assert.equal(metrics.value(':tensorgate:response_cache_entries', labels), 1);
    assert.ok((metrics.value(':tensorgate:response_cache_bytes', labels) ?? 0) > 300);
  });

  it('runs for Cache-Control: no-cache and no-store', async () => {
    const answer = await post('half', { instances: [8.0] });
    const before = await counts('half');
    assert.equal(await post('half', { instances: [8.0] }, 'max-age=0, No-Cache'), answer);
    assert.equal(await post('half', { instances: [8.0] }, 'no-store'), answer);
    await predict('half', 8, 'no-cache');
    await predict('half', 8, 'no-store');
    assert.deepEqual(await counts('half'), { ...before, refreshed: before.refreshed + 2 });
    await predict('half', 8);
    assert.equal((await counts('half')).hit, before.hit + 1);
  });

  it('runs equal requests that come at once but once', async () => {
    const body = { inputs: { x: [1], iterations: [300] } };
    const answers = await Promise.all(Array.from({ length: 24 }, () => post('slow', body)));
    for (const answer of answers) assert.equal(answer, answers[0]);
    assert.equal(answers[0]?.includes('error'), false, answers[0]);
    const { hit, shared, miss } = await counts('slow');
    assert.deepEqual([hit + shared, miss], [23, 1]);
  });

  it('lets a deadline end who waits, and no one else', async () => {
    const request = {
      model_spec: { name: 'slow' },
      inputs: {
        x: floats(2),
        iterations: { dtype: 'DT_INT32', tensor_shape: { dim: [{ size: 1 }] }, int_val: [5000] },
      },
    };
    const bytes = encode('PredictRequest', request);
    const first = client.raw(PREDICT, bytes);
    await assert.rejects(client.raw(PREDICT, bytes, 20), { code: 4 });
    const answer = await first;
    assert.deepEqual(await client.raw(PREDICT, bytes), answer);
  });

  it('answers requests in batches as those that come alone', async () => {
    // Bodies of some hundred bytes, and of more than are decoded by the event loop.
    const rows = (value: number): number[][] =>
      Array<number[]>(value % 4 === 0 ? 150 : 1).fill(Array<number>(256).fill(value));
    for (let round = 0; round < 3; ++round) {
      const values = Array.from({ length: 48 }, (_, i) => i % 16);
      const answers = await Promise.all(
        values.map((value) => post('deep', { instances: rows(value) })),
      );
      answers.forEach((answer, i) => {
        assert.deepEqual(JSON.parse(answer), { predictions: rows(values[i] ?? -1) });
      });
    }
    // A request that has one of the threads runs beside an equal one that waits in a queue for one.
    const { hit, shared, miss } = await counts('deep');
    assert.equal(hit + shared + miss, 3 * 48);
    assert.ok(miss >= 16 && miss <= 48, `${miss} ran`);
  });

  it('does not let a new version answer with what the old one said', async () => {
    const ask = (): Promise<string> => post('versions', { instances: [1.0] });
    for (let i = 0; i < 3; ++i) assert.deepEqual(JSON.parse(await ask()), { predictions: [1] });
    await client.reload([...MODELS, versioned(2)]);
    while ((await ask()).replace(/\s/g, '') !== '{"predictions":[2]}');
    for (let i = 0; i < 3; ++i) assert.deepEqual(JSON.parse(await ask()), { predictions: [2] });
    assert.equal((await counts('versions', '2')).miss, 1);
  });

  it('keeps no answers of a model whose runs change something, and says so', async () => {
    const line = await server.lineWith('"servable":"{name: counter version: 1}","signatures"');
    const reason =
      'a run of signature "incr_counter" may change state, draw random numbers or read files: op AssignAdd';
    const { msg, signatures } = JSON.parse(line) as { msg: string; signatures: object };
    assert.equal(msg, 'signatures whose answers are not kept');
    assert.deepEqual(
      signatures,
      Object.fromEntries(
        ['get_counter', 'incr_counter', 'incr_counter_by', 'reset_counter'].map((name) => [
          name,
          reason,
        ]),
      ),
    );
    const increase = { signature_name: 'incr_counter_by', inputs: 1 };
    const before = await post('counter', increase);
    assert.notEqual(await post('counter', increase), before);
    assert.deepEqual(await counts('counter'), { hit: 0, shared: 0, miss: 0, refreshed: 0 });
    await server.lineWith('key has \\"nothing\\", which is no input of it');
  });

  it('forgets with a SessionRun, and with its configuration', async () => {
    await post('half', { instances: [3.0] });
    const model_spec = { name: 'half' };
    await client.sessionRun({ model_spec, feed: [], fetch: [], target: ['x'] }).catch(() => null);
    const entries = async (): Promise<number | undefined> =>
      (await page()).value(':tensorgate:response_cache_entries', {
        model_name: 'half',
        version: '1',
      });
    assert.equal(await entries(), 0);
    await post('half', { instances: [3.0] });
    assert.equal(await entries(), 1);
    const off = MODELS.map(({ name, base_path }) => ({ name, base_path }));
    await client.reload(off);
    assert.equal(await entries(), 0);
    const before = await counts('half');
    await post('half', { instances: [3.0] });
    assert.deepEqual(await counts('half'), before);
  });
});
