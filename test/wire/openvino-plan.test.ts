/** SavedModels that OpenVINO runs: the same answers and errors as TensorFlow's, in whatever shapes they come. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { floats, GrpcClient } from './grpc-client.js';
import { whyNoOpenVino } from './openvino.js';
import { runToEnd, ServerProcess } from './server-process.js';
import { ask, testModel } from './threaded-server.js';

const NO_OPENVINO = whyNoOpenVino();
const MLP = fileURLToPath(new URL('../../../examples/models/keras_mlp', import.meta.url));

interface PlanLine {
  readonly plan: string;
  readonly noOpenVino?: string;
}

describe('SavedModels that OpenVINO runs', function () {
  this.timeout(60_000);
  if (NO_OPENVINO !== null) {
    it('answer as TensorFlow does', function () {
      Object.assign(this.test ?? {}, { skipReason: NO_OPENVINO });
      this.skip();
    });
    return;
  }

  let folder: string;
  let server: ServerProcess;
  let plain: ServerProcess;

  const start = (...flags: string[]): Promise<ServerProcess> =>
    ServerProcess.startWith(
      `--model_config_file=${join(folder, 'models')}`,
      `--monitoring_config_file=${join(folder, 'monitoring')}`,
      ...flags,
    );
  const planOf = async (of: ServerProcess, model: string): Promise<PlanLine> => {
    const line = await of.lineWith(`{name: ${model} version: 1}","plan"`);
    return JSON.parse(line) as PlanLine;
  };
  const both = async (model: string, body: unknown): Promise<[unknown, unknown]> => {
    const answers = await Promise.all(
      [server, plain].map((each) => ask(each, `/v1/models/${model}:predict`, JSON.stringify(body))),
    );
    return answers.map(({ text }) => JSON.parse(text) as unknown) as [unknown, unknown];
  };
  const runs = async (outcome: string): Promise<number> =>
    Number(
      new RegExp(`^:tensorgate:openvino_run_count\\{outcome="${outcome}"\\} (\\d+)$`, 'm').exec(
        (await ask(server, '/monitoring/prometheus/metrics')).text,
      )?.[1],
    );

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'openvino-plan-'));
    const configs = [
      ['mlp', MLP],
      ['half', fileURLToPath(new URL('../../../examples/models/half_plus_two', import.meta.url))],
      ['embedding', testModel('embedding')],
    ].map(
      ([name, path]) =>
        `config { name: "${name}" base_path: "${path}" model_platform: "tensorflow" }`,
    );
    writeFileSync(join(folder, 'models'), `model_config_list { ${configs.join('\n')} }`);
    writeFileSync(join(folder, 'monitoring'), 'prometheus_config { enable: true }\n');
    [server, plain] = await Promise.all([start('--engine=openvino'), start()]);
  });
  after(async () => {
    await Promise.all([server.stop(), plain.stop()]);
    rmSync(folder, { recursive: true });
  });

  it('say so, and which of their signatures it does not run', async () => {
    assert.deepEqual(
      [(await planOf(server, 'mlp')).plan, (await planOf(plain, 'mlp')).plan !== 'openvino'],
      ['openvino', true],
    );
    const { plan, noOpenVino } = await planOf(server, 'embedding');
    assert.equal(plan, 'openvino');
    assert.match(noOpenVino ?? '', /^shifted: node \S+ \(Sub\) computes with whole numbers that/);
  });

  it('answer the same in every shape, again and again', async () => {
    const start = await runs('run');
    while ((await runs('run')) - start < 20) {
      // shapes are compiled beside
      for (const rows of [1, 2, 3, 5]) {
        const row = (i: number): number[] =>
          Array.from({ length: 16 }, (_, j) => Math.sin(rows + i + j) * 3);
        const [ours, theirs] = (await both('mlp', {
          instances: Array.from({ length: rows }, (_, i) => row(i)),
        })) as { predictions: number[][] }[];
        assert.ok(ours !== undefined && theirs !== undefined);
        assert.equal(ours.predictions.length, rows);
        ours.predictions.flat().forEach((value, i) => {
          const expected = theirs.predictions.flat()[i] ?? NaN;
          assert.ok(Math.abs(value - expected) <= 1e-4 * Math.max(Math.abs(expected), 0.01));
        });
      }
    }
  });

  it('leave to TensorFlow what it may refuse, or does not run', async () => {
    const before = await runs('left');
    const rows = (ids: number[][], signature_name = 'serving_default'): Promise<unknown[]> =>
      both('embedding', { inputs: ids, signature_name });
    for (const [ids, signature] of [
      [[[0, 4]]],
      [[[0, 5]]], // there is no such row
      [[[0, -1]]],
      [[[2 ** 32, 0]]], // which is 0 in 32 bits
      [[[0, -1]], 'from_end'],
      [[[1, 5]], 'from_end'],
      [[[1, 5]], 'shifted'],
    ] as [number[][], string?][]) {
      const [ours, theirs] = await rows(ids, signature);
      assert.deepEqual(ours, theirs, JSON.stringify([ids, signature]));
    }
    assert.deepEqual((await rows([[0, 4]]))[0], { outputs: [[8, 9, 10, 11]] });
    assert.deepEqual((await rows([[0, -1]], 'from_end'))[0], { outputs: [[8, 9, 10, 11]] });
    assert.match(JSON.stringify((await rows([[0, 5]]))[0]), /\[0,1\] = 5 is not in \[0, 5\)/);
    assert.ok((await runs('left')) - before >= 5);
    const [empty, theirs] = await both('mlp', { inputs: [] });
    assert.deepEqual(empty, theirs);
  });

  it('are called over gRPC, too', async () => {
    const client = new GrpcClient(server.grpcAddress);
    const { outputs } = await client.predict({
      model_spec: { name: 'half' },
      inputs: { x: floats(1, 2, 3) },
    });
    client.close();
    const y = (outputs as Record<string, { float_val: number[] }>)['y'];
    assert.deepEqual(y?.float_val, [2.5, 3, 3.5]);
    assert.equal((await planOf(server, 'half')).plan, 'openvino');
  });

  it('are refused where OpenVINO is asked for by name and cannot be had', async () => {
    const { code, stderr } = await runToEnd(
      [
        `--model_name=m`,
        `--model_base_path=${MLP}`,
        '--engine=openvino',
        '--max_num_load_retries=0',
      ],
      { ...process.env, TENSORGATE_OPENVINO: '0' },
    );
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /--engine=openvino: OpenVINO is needed, and TENSORGATE_OPENVINO=0 keeps it out/,
    );
  });
});
