import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { MAX_BYTES } from '../../src/service/shadow-traffic.js';
import { StatusCode } from '../../src/status/serving-error.js';
import { floats, GrpcClient } from './grpc-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import { ServerProcess } from './server-process.js';
import { TAKEN_AT_ONCE } from './version-folder.js';

const root = new URL('../../../', import.meta.url);
const path = (relative: string): string => fileURLToPath(new URL(relative, root));
/** Version N answers N. */
const VERSIONS = path('test/models/versions');

const IRIS_INPUT = {
  example_list: {
    examples: [
      {
        features: {
          feature: Object.fromEntries(
            ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'].map((name) => [
              name,
              { float_list: { value: [1.5] } },
            ]),
          ),
        },
      },
    ],
  },
};

interface Answer {
  readonly status: number;
  readonly value: number | undefined;
  readonly version: string | null;
}

describe('Routing', function () {
  this.timeout(60_000);
  let folder: string;
  let server: ServerProcess | null;
  let client: GrpcClient;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-routing-'));
    server = null;
  });
  afterEach(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });

  async function start(models: readonly string[], ...flags: string[]): Promise<void> {
    const file = join(folder, 'models.config');
    const monitoring = join(folder, 'monitoring.config');
    writeFileSync(file, `model_config_list { ${models.map((m) => `config { ${m} }`).join(' ')} }`);
    writeFileSync(monitoring, 'prometheus_config { enable: true }');
    server = await ServerProcess.startWith(
      `--model_config_file=${file}`,
      `--monitoring_config_file=${monitoring}`,
      '--allow_version_labels_for_unavailable_models',
      '--max_num_load_retries=0',
      TAKEN_AT_ONCE,
      ...flags,
    );
    client = new GrpcClient(server.grpcAddress);
  }

  /** The log of a server that ended as it should. */
  async function stop(): Promise<string> {
    if (server === null) return '';
    client.close();
    const { code, stderr } = await server.stop();
    server = null;
    assert.equal(code, 0);
    return stderr;
  }

  const url = (): string => (server as ServerProcess).restUrl;

  async function ask(
    target: string,
    headers: Record<string, string> = {},
    body = '{"instances": [1.0]}',
  ): Promise<Answer> {
    const response = await fetch(`${url()}/v1/models/${target}:predict`, {
      method: 'POST',
      body,
      headers,
    });
    const { predictions } = (await response.json()) as { predictions?: number[] };
    const version = response.headers.get('x-model-version');
    return { status: response.status, value: predictions?.[0], version };
  }

  async function until(target: string, value: number): Promise<void> {
    while ((await ask(target)).value !== value) await new Promise(setImmediate);
  }

  async function untilAvailable(name: string, version: string): Promise<void> {
    for (;;) {
      const states = (await client.modelStatus({ model_spec: { name } })) as {
        model_version_status: { version: string; state: string }[];
      };
      const found = states.model_version_status.find((each) => each.version === version);
      if (found?.state === 'AVAILABLE') return;
      await new Promise(setImmediate);
    }
  }

  async function page(): Promise<PrometheusPage> {
    const response = await fetch(`${url()}/monitoring/prometheus/metrics`);
    return new PrometheusPage(await response.text());
  }

  /** What became of the shadow requests, once there are as many as expected. */
  async function untilShadowed(expected: Readonly<Record<string, number>>): Promise<void> {
    const sum = (counts: Readonly<Record<string, number>>): number =>
      Object.values(counts).reduce((total, count) => total + count, 0);
    for (;;) {
      const counts = (await page()).all(':tensorgate:shadow_request_count');
      if (sum(counts) < sum(expected)) continue;
      assert.deepEqual(counts, expected);
      return;
    }
  }

  const model = (name: string, base: string, more: string): string =>
    `name: "${name}" base_path: "${base}" model_platform: "tensorflow" ${more}`;

  /** A base path with these folders as versions 1, 2, … */
  function versionsOf(name: string, ...folders: string[]): string {
    const base = join(folder, name);
    folders.forEach((each, i) => cpSync(each, join(base, `${i + 1}`), { recursive: true }));
    return base;
  }

  describe('by weighted labels', () => {
    const weights =
      'version_label_weights { key: "ab" value { ' +
      'parts { version: 1 weight: 1 } parts { version: 2 weight: 3 } } }';
    const models = [
      model(
        'm',
        VERSIONS,
        `model_version_policy { all {} } version_labels { key: "one" value: 1 } ${weights}`,
      ),
    ];

    async function versionsSeen(
      times: number,
      headersOf: () => Record<string, string>,
    ): Promise<number[]> {
      const one = async (): Promise<number> => {
        const { value, version } = await ask('m/labels/ab', headersOf());
        assert.equal(version, String(value), 'X-Model-Version is the version that answered');
        return value ?? 0;
      };
      return Promise.all(Array.from({ length: times }, one));
    }

    async function versionOverGrpc(headers: Record<string, string>): Promise<number> {
      const spec = { name: 'm', version_label: 'ab' };
      const reply = await client.predict({ model_spec: spec, inputs: { x: floats(1) } }, headers);
      return Number((reply['model_spec'] as { version: { value: string } }).version.value);
    }

    async function startWeighted(...flags: string[]): Promise<void> {
      await start(models, ...flags);
      await until('m/versions/1', 1);
      await until('m/versions/2', 2);
    }

    it('spreads requests without a key by the weights, over both transports', async () => {
      await startWeighted();
      const rest = await versionsSeen(300, () => ({}));
      const grpc = await Promise.all(Array.from({ length: 300 }, () => versionOverGrpc({})));
      // 75 expected of each; 7 standard deviations on both sides.
      for (const seen of [rest, grpc]) {
        const ones = seen.filter((version) => version === 1).length;
        assert.ok(ones > 22 && ones < 128, `${ones} of 300`);
      }
    });

    it('keeps requests with one key at one version, the same over both transports', async () => {
      await startWeighted('--sticky_header=X-Sticky-Key');
      const chosen = new Set<number>();
      for (let user = 0; user < 40; ++user) {
        const headers = { 'X-Sticky-Key': `user ${user}` };
        const seen = new Set(await versionsSeen(4, () => headers));
        seen.add(await versionOverGrpc({ 'x-sticky-key': `user ${user}` }));
        assert.equal(seen.size, 1, `user ${user}`);
        chosen.add([...seen][0] as number);
      }
      assert.deepEqual([...chosen].sort(), [1, 2]);
    });

    it('takes no key that is too long, and none from another header', async () => {
      await startWeighted('--sticky_header=X-Tenant');
      const long = await versionsSeen(200, () => ({ 'X-Tenant': 'k'.repeat(257) }));
      const other = await versionsSeen(200, () => ({ 'X-Sticky-Key': 'k' }));
      const longest = await versionsSeen(50, () => ({ 'X-Tenant': 'k'.repeat(256) }));
      assert.equal(new Set(long).size, 2);
      assert.equal(new Set(other).size, 2);
      assert.equal(new Set(longest).size, 1);
    });

    it('reads no key without --sticky_header', async () => {
      await startWeighted();
      const seen = await versionsSeen(200, () => ({ 'X-Sticky-Key': 'k' }));
      assert.equal(new Set(seen).size, 2);
    });

    it('names the version in no other answer', async () => {
      await startWeighted();
      for (const target of ['m', 'm/labels/one', 'm/versions/2', 'm/labels/none']) {
        assert.equal((await ask(target)).version, null, target);
      }
    });
  });

  describe('to a shadow version', () => {
    const shadow = (version: number, share = 1): string =>
      `shadow { version: ${version} share: ${share} }`;

    it('compares the answers of both, and returns those of the other version alone', async () => {
      const labels =
        'version_labels { key: "one" value: 1 } version_labels { key: "two" value: 2 }';
      const same = versionsOf('same', join(VERSIONS, '1'), join(VERSIONS, '1'));
      await start([
        model('differ', VERSIONS, `${shadow(2)} ${labels}`),
        model('agree', same, shadow(2)),
      ]);
      await untilAvailable('differ', '2');
      await untilAvailable('agree', '2');
      for (const target of ['differ', 'differ/versions/1', 'differ/labels/one', 'agree']) {
        assert.equal((await ask(target)).value, 1, target);
      }
      const inputs = { x: floats(1, 2) };
      for (const name of ['differ', 'agree']) {
        const reply = await client.predict({ model_spec: { name }, inputs });
        assert.deepEqual((reply['model_spec'] as { version: object }).version, { value: '1' });
      }
      // Errors agree by their codes.
      assert.equal((await ask('differ', {}, '{"instances": ["x"]}')).status, 400);
      const large = `{"instances": [${Array.from({ length: 40_000 }, () => '1').join(', ')}]}`;
      assert.equal((await ask('agree', {}, large)).value, 1);
      // The shadow itself, when it is named: no second run.
      for (const target of ['differ/versions/2', 'differ/labels/two']) {
        assert.equal((await ask(target)).value, 2, target);
      }
      await untilShadowed({
        'model_name="agree",shadow_version="2",outcome="agreed"': 3,
        'model_name="differ",shadow_version="2",outcome="agreed"': 1,
        'model_name="differ",shadow_version="2",outcome="differed"': 4,
      });
      const counted = await page();
      assert.deepEqual(counted.all(':tensorflow:serving:request_count'), {
        'model_name="agree",status="OK"': 3,
        'model_name="differ",status="INVALID_ARGUMENT"': 1,
        'model_name="differ",status="OK"': 6,
      });
      assert.deepEqual(counted.all(':tensorflow:serving:runtime_latency_count'), {
        'model_name="agree",API="Predict",runtime="TF1"': 3,
        'model_name="differ",API="Predict",runtime="TF1"': 6,
      });
      const lines = (await stop()).split('\n').filter((line) => line.includes('"shadow traffic"'));
      const summaries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const ofDiffer = summaries.filter(({ model: name }) => name === 'differ');
      assert.equal(ofDiffer.length, 1, 'at most one line a minute');
      const { compared, differed, shadowVersion, firstDifference } = ofDiffer[0] ?? {};
      assert.deepEqual(
        { compared, differed, shadowVersion },
        { compared: 5, differed: 4, shadowVersion: '2' },
      );
      assert.equal(firstDifference, 'predictions[0]: 1, shadow 2');
    });

    it('compares every method', async () => {
      const iris = path('examples/models/iris_classifier/1');
      await start([model('iris', versionsOf('iris', iris, iris), shadow(2))]);
      await untilAvailable('iris', '2');
      const spec = (signature: string): object => ({ name: 'iris', signature_name: signature });
      const input = IRIS_INPUT;
      await client.classify({ model_spec: spec('classify'), input });
      await client.regress({ model_spec: spec('regress'), input });
      const tasks = [{ model_spec: spec('regress'), method_name: 'tensorflow/serving/regress' }];
      await client.multiInference({ tasks, input });
      const example =
        '{"sepal_length": 1.5, "sepal_width": 2.5, "petal_length": 1.5, "petal_width": 0.5}';
      for (const method of ['classify', 'regress']) {
        const response = await fetch(`${url()}/v1/models/iris:${method}`, {
          method: 'POST',
          body: `{"signature_name": "${method}", "examples": [${example}]}`,
        });
        assert.equal(response.status, 200);
      }
      await untilShadowed({ 'model_name="iris",shadow_version="2",outcome="agreed"': 5 });
    });

    it('leaves the other version alone when the shadow fails, is broken or absent', async () => {
      const failing = versionsOf('failing', join(VERSIONS, '1'), path('test/models/multi_io/1'));
      const broken = versionsOf('broken', join(VERSIONS, '1'));
      mkdirSync(join(broken, '2'));
      writeFileSync(join(broken, '2', 'saved_model.pb'), 'no model');
      await start([
        model('failing', failing, shadow(2)),
        model('broken', broken, shadow(2)),
        model('absent', VERSIONS, shadow(9)),
      ]);
      await untilAvailable('failing', '2');
      for (const name of ['failing', 'broken']) {
        for (let i = 0; i < 3; ++i) assert.equal((await ask(name)).value, 1, name);
      }
      assert.equal((await ask('absent')).value, 2);
      await untilShadowed({
        'model_name="absent",shadow_version="9",outcome="unavailable"': 1,
        'model_name="broken",shadow_version="2",outcome="unavailable"': 3,
        'model_name="failing",shadow_version="2",outcome="failed"': 3,
      });
      assert.match(await stop(), /Shadow version 9 of servable absent was not found/);
    });

    it('comes and goes with the configuration, and no request goes unanswered meanwhile', async () => {
      await start([model('m', VERSIONS, '')]);
      assert.equal((await ask('m')).value, 2);
      const config = { name: 'm', base_path: VERSIONS };
      await client.reload([{ ...config, shadow: { version: 2, share: 1 } }]);
      for (;;) {
        const { status, value } = await ask('m');
        assert.equal(status, 200);
        if (value === 1) break;
      }
      await client.reload([config]);
      await until('m', 2);
      await assert.rejects(
        client.reload([
          {
            ...config,
            model_version_policy: { specific: { versions: [2] } },
            shadow: { version: 2, share: 1 },
          },
        ]),
        { code: StatusCode.INVALID_ARGUMENT },
      );
      assert.equal((await ask('m')).value, 2);
    });

    it('answers a request that is too large to be held for the shadow', async () => {
      await start([model('m', VERSIONS, shadow(2))]);
      await untilAvailable('m', '2');
      const body = `{"instances": [1.0]${' '.repeat(MAX_BYTES)}}`;
      assert.equal((await ask('m', {}, body)).value, 1);
      await untilShadowed({ 'model_name="m",shadow_version="2",outcome="dropped"': 1 });
    });

    it('takes no request at share 0', async () => {
      await start([model('m', VERSIONS, shadow(2, 0))]);
      await untilAvailable('m', '2');
      for (let i = 0; i < 20; ++i) assert.equal((await ask('m')).value, 1);
      assert.doesNotMatch(await stop(), /shadow traffic/);
    });
  });
});
