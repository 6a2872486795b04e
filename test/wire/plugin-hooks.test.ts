/** Hooks of plugins around a SavedModel, over both transports: further signatures, and the model's own as ever. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { call } from './admin-client.js';
import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import { runToEnd, ServerProcess } from './server-process.js';
import { logsOf } from './tf-record.js';
import { ask, predictOf, testModel } from './threaded-server.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);
const PLUGIN = '--plugins=test/plugins/hooks.mjs,test/plugins/probe.mjs';
const CODES = { INVALID_ARGUMENT: 3, FAILED_PRECONDITION: 9, INTERNAL: 13 };
const PAGE = '/monitoring/prometheus/metrics';
/** A hook's signature is a step's. */
const AROUND = `
  input { name: "text" }
  step { name: "score" model: "half" signature: "lengths" input { to: "text" from: "text" } }
  output { name: "score" from: "score.score" }
`;

describe('Hooks', function () {
  this.timeout(20_000);
  let folder: string;
  let server: ServerProcess;
  let client: GrpcClient;

  const model = (name: string, path: string, more: object = {}): object => ({
    name,
    base_path: path,
    model_platform: 'tensorflow',
    ...more,
  });
  const half = model('half', HALF_PLUS_TWO, { hooks: ['lengths'] });
  const shifted = model('shifted', HALF_PLUS_TWO, { hooks: ['shifted', 'lengths'] });
  const plain = model('plain', HALF_PLUS_TWO);
  const ofPlugin = (): object =>
    model('probe', join(folder, 'probe'), { model_platform: 'probe', hooks: ['lengths'] });

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-hooks-'));
    mkdirSync(join(folder, 'probe', '1'), { recursive: true });
    writeFileSync(join(folder, 'probe', '1', 'version.txt'), '');
    mkdirSync(join(folder, 'around', '1'), { recursive: true });
    writeFileSync(join(folder, 'around', '1', 'pipeline.pbtxt'), AROUND);
    const config = (name: string, path: string, hooks: string, platform = 'tensorflow'): string =>
      `config { name: "${name}" base_path: "${path}" model_platform: "${platform}" hooks: [${hooks}] }`;
    const configs = [
      config('half', HALF_PLUS_TWO, '"lengths"'),
      config('shifted', HALF_PLUS_TWO, '"shifted", "lengths"'),
      config('plain', HALF_PLUS_TWO, ''),
      config('probe', join(folder, 'probe'), '"lengths"', 'probe'),
      config('around', join(folder, 'around'), '', 'pipeline'),
    ];
    writeFileSync(join(folder, 'models'), `model_config_list { ${configs.join('\n')} }`);
    const monitoring = `prometheus_config { enable: true path: "${PAGE}" }`;
    writeFileSync(join(folder, 'monitoring'), monitoring);
    server = await ServerProcess.startWith(
      PLUGIN,
      '--rest_api_timeout_in_ms=2000',
      '--enable_admin_api',
      `--model_config_file=${join(folder, 'models')}`,
      `--monitoring_config_file=${join(folder, 'monitoring')}`,
    );
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    const exit = await server.stop();
    rmSync(folder, { recursive: true });
    assert.equal(exit.code, 0);
  });

  const post = (name: string, body: object | string): Promise<[number, unknown]> =>
    predictOf(server, name, body);

  /** Over both transports; the scores, which must be the same. */
  async function scores(name: string, ...texts: string[]): Promise<number[]> {
    const [status, reply] = await post(name, { signature_name: 'lengths', inputs: texts });
    assert.equal(status, 200, JSON.stringify(reply));
    const { outputs } = reply as { outputs: number[] };
    assert.deepEqual(await scoresOverGrpc(name, ...texts), outputs);
    return outputs;
  }

  async function scoresOverGrpc(name: string, ...texts: string[]): Promise<number[]> {
    const text = {
      dtype: 'DT_STRING',
      tensor_shape: { dim: [{ size: texts.length }] },
      string_val: texts.map((each) => Buffer.from(each)),
    };
    const { outputs } = await client.predict({
      model_spec: { name, signature_name: 'lengths' },
      inputs: { text },
    });
    const { float_val = [], int64_val = [] } = (
      outputs as { score: { float_val?: number[]; int64_val?: string[] } }
    ).score;
    return [...float_val, ...int64_val.map(Number)];
  }

  async function fails(what: string, status: number, code: number, text: RegExp): Promise<void> {
    const [got, reply] = await post('half', { signature_name: 'lengths', inputs: [what] });
    assert.equal(got, status, JSON.stringify(reply));
    assert.match((reply as { error: string }).error, text);
    await assert.rejects(scoresOverGrpc('half', what), (error: RpcError) => {
      assert.equal(error.code, code);
      assert.match(error.details, text);
      return true;
    });
  }

  const one = { instances: [1] };

  it('are further signatures, by rows, by columns, and over gRPC', async () => {
    assert.deepEqual(await scores('half', 'a', 'bcde'), [2.5, 4]);
    const rows = { signature_name: 'lengths', instances: ['a', { b64: 'AAAA' }] };
    assert.deepEqual(await post('half', rows), [200, { predictions: [2.5, 3.5] }]);
    const behind = '{"instances": ["a"], "signature\\u005fname": "lengths"}';
    assert.deepEqual(await post('half', behind), [200, { predictions: [2.5] }]);
  });

  it('are in the metadata, beside the own ones', async () => {
    for (const [name, input] of [
      ['half', 'DT_FLOAT'],
      ['probe', 'DT_FLOAT'],
    ] as const) {
      const { text } = await ask(server, `/v1/models/${name}/metadata`);
      const { metadata } = JSON.parse(text) as {
        metadata: {
          signature_def: { signature_def: Record<string, { inputs: Record<string, object> }> };
        };
      };
      const { signature_def: signatures } = metadata.signature_def;
      assert.match(JSON.stringify(signatures['serving_default']), new RegExp(input));
      assert.match(JSON.stringify(signatures['lengths']?.inputs), /"text":\{.*"dtype":"DT_STRING"/);
    }
  });

  it('leave the own signatures and methods as they are', async () => {
    assert.deepEqual(await post('half', one), await post('plain', one));
    const spec = { model_spec: { name: 'half' }, inputs: { x: floats(1) } };
    const { outputs } = await client.predict(spec);
    assert.deepEqual((outputs as { y: { float_val: number[] } }).y.float_val, [2.5]);
    for (const [what, body] of [
      ['classify', { signature_name: 'classify_x_to_y', examples: [{ x: 1 }] }],
      ['regress', { signature_name: 'regress_x_to_y', examples: [{ x: 1 }] }],
      ['predict', { signature_name: 'none', instances: [1] }],
      ['predict', { instances: ['a'] }],
      ['predict', { signature_name: 1, instances: ['a'] }],
    ] as const) {
      const of = (name: string): ReturnType<typeof ask> =>
        ask(server, `/v1/models/${name}:${what}`, JSON.stringify(body));
      assert.deepEqual(await of('half'), await of('plain'));
    }
    assert.equal((await ask(server, '/v1/models/half:predict', '{')).status, 400);
  });

  it('take and give large bodies', async () => {
    const many = Array.from({ length: 20_000 }, (_, i) => i);
    const [status, reply] = await post('half', { instances: many });
    assert.equal(status, 200);
    const { predictions } = reply as { predictions: number[] };
    assert.deepEqual(
      predictions,
      many.map((value) => value / 2 + 2),
    );
    const texts = many.map((value) => 'x'.repeat(value % 7));
    const lengths = await scores('half', ...texts);
    assert.deepEqual(
      lengths,
      texts.map(({ length }) => length / 2 + 2),
    );
    assert.deepEqual(await scores('half', 'large'), new Array(100_000).fill(3));
  });

  it('run their model as often as they wish', async () => {
    assert.deepEqual(await scores('half', 'twice'), [4.25]); // 5 / 2 + 2, halved and plus 2
    assert.deepEqual(await scores('half', 'alone'), [-1]);
    assert.deepEqual(await scores('half', 'late'), [-2]);
    assert.deepEqual(await scores('half', 'caught'), [1]);
  });

  it('take the place of a signature, and are several', async () => {
    assert.deepEqual(await post('shifted', one), [200, { predictions: [7.5] }]);
    const request = { model_spec: { name: 'shifted' }, inputs: { x: floats(1) } };
    const { outputs } = await client.predict(request);
    assert.deepEqual((outputs as { y: { float_val: number[] } }).y.float_val, [7.5]);
    assert.deepEqual(await scores('shifted', 'a'), [2.5], 'around the own one');
  });

  it('are put around models of plugins, and are steps of pipelines', async () => {
    assert.deepEqual(await scores('probe', 'abc'), [103]);
    assert.deepEqual(await post('around', { inputs: ['abc'] }), [200, { outputs: [3.5] }]);
  });

  it('fail as plugins fail, and as their model fails', async () => {
    const { INTERNAL, FAILED_PRECONDITION, INVALID_ARGUMENT } = CODES;
    await fails('throw', 500, INTERNAL, /^plugin "hooker" failed: a bug in it$/);
    await fails('refuse', 400, FAILED_PRECONDITION, /^not today$/);
    await fails('wrong', 500, INTERNAL, /infer: input "x": expected a tensor, got as data Array/);
    await fails('uncaught', 400, INVALID_ARGUMENT, /^input "x" of signature .* is missing/);
    await fails('unnamed', 400, FAILED_PRECONDITION, /^Serving signature key "none" not found/);
    const late = await post('half', { signature_name: 'lengths', inputs: ['wait'] });
    assert.equal(late[0], 504);
    assert.match(
      server.log,
      /a run of hook lengths of half:\d+: plugin \\"hooker\\" failed: a bug in it/,
    );
  });

  it('lose their thread and have another; their model goes on', async () => {
    for (const how of ['exit', 'exit later']) {
      const [status] = await post('half', { signature_name: 'lengths', inputs: [how] });
      assert.ok(status === 503 || how === 'exit later', String(status));
      assert.deepEqual(await post('half', one), [200, { predictions: [2.5] }]);
      while ((await post('half', { signature_name: 'lengths', inputs: ['a'] }))[0] !== 200);
      assert.deepEqual(await scores('half', 'a'), [2.5]);
    }
  });

  it('are counted by their signature, with their model', async () => {
    const { text } = await ask(server, PAGE);
    const counts = new PrometheusPage(text).all(':tensorgate:request_latency_count');
    const of = (signature: string): number =>
      Object.entries(counts)
        .filter(([labels]) => labels.includes('model_name="half"'))
        .filter(([labels]) => labels.includes(`signature_name="${signature}"`))
        .reduce((sum, [, count]) => sum + count, 0);
    assert.ok(of('lengths') > 0 && of('serving_default') > 0, text.slice(0, 4000));
  });

  it("are not recorded for a warm-up, which is the own signatures'", async () => {
    let isOver = false;
    const recorded = call(client, 'RecordWarmup', { name: 'half', count: 2, per_shape: 2 });
    void recorded.finally(() => (isOver = true));
    while (!isOver) {
      await scores('half', 'abc');
      await post('half', one);
    }
    const { file } = (await recorded) as { file: Buffer };
    const signatures = logsOf(file).map((log) => JSON.stringify(log).includes('lengths'));
    assert.deepEqual(signatures, [false, false]);
  });

  it('change versions and labels under load without a failure', async () => {
    let isOver = false;
    const seen = new Set<number>();
    const versions = (more: object = {}): object =>
      model('versions', testModel('versions'), { hooks: ['lengths'], ...more });
    const others = [half, shifted, plain, ofPlugin()];
    const only = (version: number): object => ({
      model_version_policy: { specific: { versions: [version] } },
    });
    await client.reload([versions(only(1)), ...others]);
    const scoresOf = async (name: string): Promise<number[]> => {
      const [[status, reply], overGrpc] = await Promise.all([
        post(name, { signature_name: 'lengths', inputs: ['abc'] }),
        scoresOverGrpc(name, 'abc'),
      ]);
      assert.equal(status, 200, JSON.stringify(reply));
      return [...(reply as { outputs: number[] }).outputs, ...overGrpc];
    };
    const load = (async () => {
      while (!isOver) for (const score of await scoresOf('versions')) seen.add(score);
    })();
    for (const [version, score] of [
      [2, 2],
      [1, 1],
      [2, 2],
    ] as const) {
      await client.reload([versions(only(version)), ...others]);
      while ((await scoresOf('versions')).some((each) => each !== score));
    }
    isOver = true;
    await load;
    assert.deepEqual([...seen].sort(), [1, 2]);
  });

  it('are run by shadows, too', async () => {
    const shadow = { shadow: { version: 2, share: 1 }, model_version_policy: { all: {} } };
    const told = model('told', testModel('versions'), { hooks: ['lengths'], ...shadow });
    await client.reload([told, half, shifted, plain, ofPlugin()]);
    const count = async (outcome: string): Promise<number> => {
      const { text } = await ask(server, PAGE);
      const labels = { model_name: 'told', shadow_version: '2', outcome };
      return new PrometheusPage(text).value(':tensorgate:shadow_request_count', labels) ?? 0;
    };
    while ((await count('differed')) < 4) assert.deepEqual(await scores('told', 'abc'), [1]);
    assert.equal(await count('agreed'), 0);
    const refused = { signature_name: 'lengths', inputs: ['refuse'] };
    while ((await count('agreed')) < 2) assert.equal((await post('told', refused))[0], 400);
  });

  it('are refused where they are not there, or fit no model', async () => {
    const rest = [half, shifted, plain, ofPlugin()];
    const reload = (hooks: string[]): Promise<unknown> =>
      client.reload([model('odd', testModel('versions'), { hooks }), ...rest]);
    const refused = (hooks: string[], text: RegExp): Promise<void> =>
      assert.rejects(reload(hooks), (error: RpcError) => {
        assert.match(error.details, text);
        return true;
      });
    await refused(['none'], /^Model odd names hook none, which no plugin has$/);
    await refused(['lengths', 'lengths'], /^Model odd names hook lengths twice$/);
    await refused(['lengths', 'clash'], /hooks lengths and clash both have a signature "lengths"/);
    const texts = model(
      'odd',
      fileURLToPath(new URL('../../../examples/models/text_echo', import.meta.url)),
      {
        hooks: ['lengths'],
      },
    );
    await client.reload(rest);
    const waiting = client.reload([texts, ...rest]).catch(() => undefined); // it is tried again
    const why = /plugin \\"hooker\\" failed: it takes no floats/;
    while (!why.test((await ask(server, '/v1/models/odd')).text));
    await client.reload(rest);
    await waiting;
    const config = `model_config_list { config { name: "m" base_path: "/m" model_platform: "tensorflow" hooks: "none" } }`;
    writeFileSync(join(folder, 'odd'), config);
    const check = await runToEnd([
      `--model_config_file=${join(folder, 'odd')}`,
      '--validate_config',
    ]);
    assert.match(check.stdout, /Model m names hook none, which no plugin has/);
  });
});
