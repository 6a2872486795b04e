/** Versions of plugins over both transports: the same lifecycle, metadata, labels and answers as any other's. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FIXTURES, fixture } from '../unit/examples/plugins/trees/fixtures.js';
import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import { runToEnd, ServerProcess } from './server-process.js';
import { ask, predictOf } from './threaded-server.js';

const TREES = 'dist/examples/plugins/trees/plugin.js';
const PLUGINS = `--plugins=test/plugins/probe.mjs,${TREES}`;
const FIXTURE_FOLDER = 'examples/plugins/trees/fixtures';
const INTERNAL = 13;
/** One step is a plugin's, before another. */
const TWICE = `
  input { name: "x" }
  step { name: "first" model: "probe" input { to: "x" from: "x" } }
  step { name: "second" model: "probe" input { to: "x" from: "first.y" } }
  output { name: "y" from: "second.y" }
`;

describe('Plugins', function () {
  this.timeout(10_000);
  let folder: string;
  let server: ServerProcess;
  let client: GrpcClient;

  function addProbe(version: number): void {
    const path = join(folder, 'probe', String(version));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'version.txt'), '');
  }

  const platform = (name: string): string => (FIXTURES.includes(name) ? 'trees' : 'probe');
  const model = (name: string, more: object = {}): object => ({
    name,
    base_path: join(folder, name),
    model_platform: platform(name),
    ...more,
  });
  const both = { model_version_policy: { specific: { versions: [1, 2] } } };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-plugins-'));
    addProbe(1);
    for (const name of FIXTURES) {
      const file = readdirSync(FIXTURE_FOLDER).find(
        (each) => each.startsWith(`${name}.`) && !each.endsWith('.expected.json'),
      ) as string;
      mkdirSync(join(folder, name, '1'), { recursive: true });
      copyFileSync(join(FIXTURE_FOLDER, file), join(folder, name, '1', file));
    }
    const configs = ['probe', ...FIXTURES].map(
      (name) =>
        `config { name: "${name}" base_path: "${join(folder, name)}" model_platform: "${platform(name)}" }`,
    );
    mkdirSync(join(folder, 'twice', '1'), { recursive: true });
    writeFileSync(join(folder, 'twice', '1', 'pipeline.pbtxt'), TWICE);
    configs.push(
      `config { name: "twice" base_path: "${join(folder, 'twice')}" model_platform: "pipeline" }`,
    );
    writeFileSync(join(folder, 'models'), `model_config_list { ${configs.join('\n')} }`);
    writeFileSync(
      join(folder, 'monitoring'),
      'prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }',
    );
    server = await ServerProcess.startWith(
      PLUGINS,
      '--plugin_threads=2',
      '--rest_api_timeout_in_ms=3000',
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

  async function overGrpc(name: string, x: object, more: object = {}): Promise<number[]> {
    const { outputs } = await client.predict({
      model_spec: { name, ...more },
      inputs: { x },
    });
    return (outputs as { y: { float_val: number[] } }).y.float_val;
  }

  it('have a state and metadata', async () => {
    const { text } = await ask(server, '/v1/models/probe');
    assert.match(text, /"version": "1",\s*"state": "AVAILABLE"/);
    const metadata = JSON.parse((await ask(server, '/v1/models/probe/metadata')).text) as {
      metadata: { signature_def: { signature_def: Record<string, { method_name: string }> } };
    };
    const { signature_def: signatures } = metadata.metadata.signature_def;
    assert.deepEqual(Object.keys(signatures).sort(), ['odd', 'serving_default', 'texts']);
    assert.equal(signatures['texts']?.method_name, 'tensorflow/serving/predict');
  });

  it('predict by rows, by columns, with texts, and over gRPC', async () => {
    assert.deepEqual(await post('probe', { instances: [1, 2.5] }), [
      200,
      { predictions: [101, 102.5] },
    ]);
    assert.deepEqual(await post('probe', { inputs: { x: [1] } }), [200, { outputs: [101] }]);
    const texts = { signature_name: 'texts', instances: [{ x: 'a' }, { x: { b64: '/w==' } }] };
    assert.equal((await post('probe', texts))[0], 200);
    assert.deepEqual(await overGrpc('probe', floats(1, 2)), [101, 102]);
  });

  it('are steps of pipelines', async () => {
    assert.deepEqual(await post('twice', { instances: [1] }), [200, { predictions: [201] }]);
    assert.deepEqual(await overGrpc('twice', floats(1, 2)), [201, 202]);
  });

  it('fail as plugins fail, over both', async () => {
    for (const [what, text] of [
      ['throw', /^plugin "prober" failed: a bug in it$/],
      ['name', /output "z" of signature "odd": expected DT_FLOAT \[-1\], got undefined/],
      ['dtype', /expected DT_FLOAT \[-1\], got DT_INT32 \[1\]/],
      ['shape', /expected DT_FLOAT \[-1\], got DT_FLOAT \[1,1\]/],
    ] as const) {
      const [status, reply] = await post('probe', { signature_name: 'odd', inputs: what });
      assert.equal(status, 500);
      assert.match((reply as { error: string }).error, text);
      const string = { dtype: 'DT_STRING', tensor_shape: {}, string_val: [Buffer.from(what)] };
      const spec = { name: 'probe', signature_name: 'odd' };
      const request = { model_spec: spec, inputs: { what: string } };
      await assert.rejects(client.predict(request), (error: RpcError) => {
        assert.equal(error.code, INTERNAL);
        assert.match(error.details, text);
        return true;
      });
    }
    const [status, reply] = await post('probe', { inputs: { x: [[1]] } });
    assert.equal(status, 400);
    assert.match((reply as { error: string }).error, /expected DT_FLOAT \[-1\], got/);
    assert.equal((await post('probe', { signature_name: 'none', inputs: 1 }))[0], 400);
    assert.equal((await ask(server, '/v1/models/probe:classify', '{"examples":[{}]}')).status, 501);
  });

  it('lose their thread and have another', async () => {
    const exit = { signature_name: 'odd', inputs: 'exit' };
    assert.equal((await post('probe', exit))[0], 503);
    assert.deepEqual(await post('probe', { instances: [1] }), [200, { predictions: [101] }]);
  });

  it('are counted', async () => {
    const { text } = await ask(server, '/monitoring/prometheus/metrics');
    const counts = new PrometheusPage(text).all(':tensorflow:serving:request_count');
    assert.ok(
      Object.keys(counts).some((labels) => labels.includes('probe')),
      text.slice(0, 2000),
    );
  });

  it('change versions and labels under load without a failure', async () => {
    let isOver = false;
    const seen = new Set<number>();
    const load = (async () => {
      while (!isOver) {
        const [[, reply], [y]] = await Promise.all([
          post('probe', { instances: [0] }),
          overGrpc('probe', floats(0)),
        ]);
        const { predictions } = reply as { predictions?: number[] };
        seen.add(predictions?.[0] ?? -1).add(y ?? -1);
      }
    })();
    const others = FIXTURES.map((name) => model(name));
    addProbe(2);
    await client.reload([model('probe', both), ...others]);
    const until = async (version: number): Promise<void> => {
      while ((await overGrpc('probe', floats(0)))[0] !== 100 * version);
    };
    await until(2);
    while (!seen.has(200)) await overGrpc('probe', floats(0));
    const labels = { version_labels: { stable: 1, canary: 2 } };
    await client.reload([model('probe', { ...both, ...labels }), ...others]);
    assert.deepEqual(await overGrpc('probe', floats(0), { version_label: 'stable' }), [100]);
    assert.deepEqual(await overGrpc('probe', floats(0), { version_label: 'canary' }), [200]);
    const first = { model_version_policy: { specific: { versions: [1] } } };
    await client.reload([model('probe', first), ...others]);
    await until(1);
    isOver = true;
    await load;
    assert.deepEqual([...seen].sort(), [100, 200]);
  });

  it('are shadows of each other', async () => {
    const others = FIXTURES.map((name) => model(name));
    const shadow = { shadow: { version: 2, share: 1 }, model_version_policy: { all: {} } };
    await client.reload([model('probe', shadow), ...others]);
    const count = async (outcome: string): Promise<number> => {
      const { text } = await ask(server, '/monitoring/prometheus/metrics');
      const labels = { model_name: 'probe', shadow_version: '2', outcome };
      return new PrometheusPage(text).value(':tensorgate:shadow_request_count', labels) ?? 0;
    };
    const agreed = (): Promise<[number, unknown]> =>
      post('probe', { signature_name: 'texts', instances: ['a'] });
    while ((await count('agreed')) < 1) assert.equal((await agreed())[0], 200);
    while ((await count('differed')) < 2) {
      assert.deepEqual(await post('probe', { instances: [0] }), [200, { predictions: [100] }]);
      assert.deepEqual(await overGrpc('probe', floats(0)), [100]);
    }
    // What the shadow does to its thread it does to no client.
    const both = await post('probe', { signature_name: 'odd', inputs: 'wait' });
    assert.equal(both[0], 504);
    while ((await count('agreed')) < 2) assert.equal((await agreed())[0], 200);
    await client.reload([model('probe'), ...others]);
  });

  it('finish what is in flight before they are unloaded', async () => {
    const wait = { signature_name: 'odd', inputs: 'wait' };
    const path = '/v1/models/probe:predict';
    const waiting = ask(server, path, JSON.stringify(wait)); // until it is aborted
    await new Promise((resolve) => setTimeout(resolve, 50));
    await client.reload(FIXTURES.map((name) => model(name)));
    const [status] = await post('probe', { instances: [1] });
    assert.equal(status, 404);
    await client.reload(['probe', ...FIXTURES].map((name) => model(name)));
    assert.equal((await waiting).status, 504);
    assert.equal((await post('probe', { instances: [1] }))[0], 200);
  });

  it('answer as XGBoost and LightGBM do', async () => {
    for (const name of FIXTURES) {
      const { rows, n, predictions, margins } = fixture(name);
      const width = rows.length / n;
      const dtype = rows instanceof Float32Array ? 'DT_FLOAT' : 'DT_DOUBLE';
      const values = [...rows];
      const instances = Array.from({ length: n }, (_, i) =>
        values.slice(i * width, (i + 1) * width),
      );
      const text = `{"instances":[${instances.map((row) => `[${row.join(',')}]`).join(',')}]}`;
      const [status, reply] = await post(name, text);
      assert.equal(status, 200, JSON.stringify(reply));
      near((reply as { predictions: number[] }).predictions.flat(), predictions);
      const features = {
        dtype,
        tensor_shape: { dim: [{ size: n }, { size: width }] },
        [dtype === 'DT_FLOAT' ? 'float_val' : 'double_val']: values,
      };
      const spec = { name, signature_name: 'margins' };
      const { outputs } = await client.predict({ model_spec: spec, inputs: { features } });
      const { float_val, double_val } = (
        outputs as { margins: { float_val?: number[]; double_val?: number[] } }
      ).margins;
      near(float_val ?? double_val ?? [], margins);
    }
  });

  it('are refused at the start where their names are taken, or they are none', async () => {
    const flags = [`--model_config_file=${join(folder, 'models')}`, '--port=1'];
    const clash = join(folder, 'clash.mjs');
    writeFileSync(clash, 'export default { name: "c", platforms: { tensorflow: { load() {} } } };');
    const text = `--plugins: ${clash}: platform tensorflow is one of the server's`;
    const [start, check] = await Promise.all([
      runToEnd([...flags, `--plugins=${clash}`]),
      runToEnd([...flags, `--plugins=${clash}`, '--validate_config']),
    ]);
    assert.equal(start.code, 255);
    assert.ok(start.stdout.includes(`INVALID_ARGUMENT: ${text}`), start.stdout);
    assert.equal(check.code, 1);
    assert.ok(check.stdout.includes(text), check.stdout);
    const good = await runToEnd([...flags, PLUGINS, '--validate_config']);
    assert.deepEqual([good.code, good.stdout], [0, '0 errors, 0 warnings\n']);
  });
});

function near(values: readonly number[], expected: readonly number[]): void {
  assert.equal(values.length, expected.length);
  for (const [i, value] of values.entries()) {
    const wanted = expected[i] as number;
    const isNear = Math.abs(value - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted));
    assert.ok(isNear, `${i}: ${value}, expected ${wanted}`);
  }
}
