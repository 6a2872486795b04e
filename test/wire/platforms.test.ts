/** One table of cases over every platform and both transports: what a client sees does not depend on what is behind. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StatusCode } from '../../src/status/serving-error.js';
import { GrpcClient, type RpcError } from './grpc-client.js';
import { whyNoOpenVino } from './openvino.js';
import { ServerProcess } from './server-process.js';
import { ask } from './threaded-server.js';
import { TAKEN_AT_ONCE } from './version-folder.js';

const TREES = 'examples/plugins/trees';
const TREE_MODEL = `${TREES}/fixtures/lightgbm_regression.txt`;
const PLUGINS = `--plugins=test/plugins/probe.mjs,dist/${TREES}/plugin.js`;
const PIPELINE = `
  input { name: "x" }
  step { name: "first" model: "saved" input { to: "x" from: "x" } }
  step { name: "second" model: "saved" input { to: "x" from: "first.y" } }
  output { name: "y" from: "second.y" }
`;

interface Case {
  readonly name: string;
  readonly platform: string;
  /** Writes a version's folder. */
  readonly write: (folder: string) => void;
  readonly input: string;
  readonly output: string;
  readonly dtype: 'DT_FLOAT' | 'DT_DOUBLE';
  /** Beyond the rows. */
  readonly width: number | null;
  readonly rows: readonly (number | readonly number[])[];
  /** For each row; null: whatever it is, it is the same every time. */
  readonly answers: readonly number[] | null;
  /** What the next version answers more. */
  readonly step?: number;
}

const file = (folder: string, name: string, text: string): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
};

const plain = { input: 'x', output: 'y', dtype: 'DT_FLOAT', width: null } as const;
const NO_OPENVINO = whyNoOpenVino();
const half = { ...plain, rows: [1, 2, 5], answers: [2.5, 3, 4.5] } as const;
const OF_OPENVINO: readonly Case[] = ['tflite', 'onnx'].map((platform) => ({
  ...half,
  ...{ name: platform, platform },
  write: (folder) => {
    const model = platform === 'onnx' ? 'onnx_half' : 'lite_half';
    cpSync(`test/models/${model}/1`, folder, { recursive: true });
  },
}));
const CASES: readonly Case[] = [
  ...(NO_OPENVINO === null ? OF_OPENVINO : []),
  {
    ...{ ...plain, name: 'saved', platform: 'tensorflow', rows: [1, 2, 5], answers: [2.5, 3, 4.5] },
    write: (folder) => cpSync('examples/models/half_plus_two/1', folder, { recursive: true }),
  },
  {
    ...{
      ...plain,
      name: 'chain',
      platform: 'pipeline',
      rows: [1, 2, 5],
      answers: [3.25, 3.5, 4.25],
    },
    write: (folder) => file(folder, 'pipeline.pbtxt', PIPELINE),
  },
  {
    ...{ ...plain, name: 'plugin', platform: 'probe', step: 100, rows: [1, 2, 5], answers: null },
    write: (folder) => file(folder, 'version.txt', ''),
  },
  {
    ...{ name: 'trees', platform: 'trees', input: 'features', output: 'predictions' },
    ...{
      dtype: 'DT_DOUBLE',
      width: 5,
      rows: [
        [0, 1, 2, 3, 4],
        [1, 1, 1, 1, 1],
      ],
      answers: null,
    },
    write: (folder) => {
      mkdirSync(folder, { recursive: true });
      cpSync(TREE_MODEL, join(folder, 'model.txt'));
    },
  },
];
// Its keys are no floats: what is asked of it is in tables.test.ts, what all have in common here.
const TABLE = 'file: "t.csv" output { name: "y" column: "1" default_value: "0" }';

for (const batching of [[], ['--enable_batching']]) {
  describe(`Every platform${batching.length > 0 ? ', batched' : ''}`, function () {
    this.timeout(20_000);
    let folder: string;
    let server: ServerProcess;
    let client: GrpcClient;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'platforms-'));
      for (const { name, write } of CASES) write(join(folder, name, '1'));
      file(join(folder, 'table', '1'), 't.csv', 'a,1.5\nb,2.5\n');
      file(join(folder, 'table', '1'), 'table.pbtxt', TABLE);
      const entries = [...CASES, { name: 'table', platform: 'table' }].map(
        ({ name, platform }) =>
          `config { name: "${name}" base_path: "${join(folder, name)}" model_platform: "${platform}" }`,
      );
      writeFileSync(join(folder, 'models'), `model_config_list { ${entries.join('\n')} }`);
      server = await ServerProcess.startWith(
        ...[PLUGINS, `--model_config_file=${join(folder, 'models')}`, ...batching],
        TAKEN_AT_ONCE,
      );
      client = new GrpcClient(server.grpcAddress);
    });
    after(async () => {
      client.close();
      const { code, stderr } = await server.stop();
      assert.equal(code, 0, stderr);
      rmSync(folder, { recursive: true });
    });

    const tensor = ({ dtype, width, rows }: Case, shape?: readonly number[]): object => {
      const values = rows.flat();
      const dims = shape ?? [rows.length, ...(width === null ? [] : [width])];
      return {
        dtype,
        tensor_shape: { dim: dims.map((size) => ({ size })) },
        [dtype === 'DT_FLOAT' ? 'float_val' : 'double_val']: values,
      };
    };
    const predictions = async (each: Case): Promise<number[]> => {
      const body = JSON.stringify({ instances: each.rows });
      const { status, text } = await ask(server, `/v1/models/${each.name}:predict`, body);
      assert.equal(status, 200, text);
      return (JSON.parse(text) as { predictions: number[] }).predictions;
    };
    const refused = (request: object, code: StatusCode, message: RegExp): Promise<void> =>
      assert.rejects(client.predict(request), (error: unknown) => {
        const { code: got, details } = error as RpcError;
        assert.deepEqual([got, message.test(details)], [code, true], details);
        return true;
      });

    for (const each of CASES) {
      const { name, input, output, dtype } = each;
      const spec = { name };

      it(`${name}: has a state and metadata, and answers rows, columns and gRPC alike`, async () => {
        const { text: state } = await ask(server, `/v1/models/${name}`);
        assert.match(state, /"version": "1",\s*"state": "AVAILABLE"/);
        const { text: metadata } = await ask(server, `/v1/models/${name}/metadata`);
        assert.match(metadata, new RegExp(`"${input}": {[^]*"dtype": "${dtype}"`));
        assert.match(metadata, new RegExp(`"outputs": {\\s*"${output}"`));
        const rows = await predictions(each);
        if (each.answers !== null) assert.deepEqual(rows, each.answers);
        const body = JSON.stringify({ inputs: each.rows });
        const columns = await ask(server, `/v1/models/${name}:predict`, body);
        assert.deepEqual((JSON.parse(columns.text) as { outputs: unknown }).outputs, rows);
        const { outputs } = (await client.predict({
          model_spec: spec,
          inputs: { [input]: tensor(each) },
          output_filter: [output],
        })) as { outputs: Record<string, { float_val: number[]; double_val: number[] }> };
        const { float_val: floats, double_val: doubles } = outputs[output] ?? {};
        assert.deepEqual(dtype === 'DT_FLOAT' ? floats : doubles, rows);
      });

      it(`${name}: refuses names, dtypes and shapes that are not its own`, async () => {
        const { INVALID_ARGUMENT, FAILED_PRECONDITION } = StatusCode;
        const inputs = { [input]: tensor(each) };
        await refused(
          { model_spec: spec, inputs: { other: tensor(each) } },
          INVALID_ARGUMENT,
          /other/,
        );
        await refused({ model_spec: spec }, INVALID_ARGUMENT, new RegExp(input));
        const other = { name, signature_name: 'other' };
        await refused({ model_spec: other, inputs }, FAILED_PRECONDITION, /"other" not found/);
        const filter = { model_spec: spec, inputs, output_filter: ['other'] };
        await refused(filter, INVALID_ARGUMENT, /other/);
        const text = { dtype: 'DT_STRING', tensor_shape: { dim: [{ size: 1 }] }, string_val: [] };
        const texts = { ...text, string_val: [Buffer.from('a')] };
        await refused(
          { model_spec: spec, inputs: { [input]: texts } },
          INVALID_ARGUMENT,
          /string/i,
        );
        const { status, text: said } = await ask(
          server,
          `/v1/models/${name}:predict`,
          '{"instances": ["a"]}',
        );
        assert.deepEqual([status, /error/.test(said)], [400, true], said);
      });
    }

    it('goes over to new versions under load without a request that fails', async () => {
      let isOver = false;
      const first = await Promise.all(CASES.map(predictions));
      const asking = CASES.map(async (each, i) => {
        while (!isOver) {
          const answer = await predictions(each);
          const step = (answer[0] ?? 0) - (first[i]?.[0] ?? 0);
          assert.ok(step === 0 || step === each.step, `${each.name}: ${answer.join()}`);
          assert.deepEqual(
            answer,
            first[i]?.map((value) => value + step),
          );
        }
      });
      for (const { name, write } of CASES) {
        write(join(folder, `next-${name}`));
        renameSync(join(folder, `next-${name}`), join(folder, name, '2'));
      }
      for (const { name } of CASES) {
        await server.untilLogged(`"{name: ${name} version: 1}","msg":"unloaded`);
      }
      isOver = true;
      await Promise.all(asking);
    });

    if (NO_OPENVINO !== null) {
      it('has TFLite and ONNX among them', function () {
        Object.assign(this.test ?? {}, { skipReason: NO_OPENVINO });
        this.skip();
      });
    }

    it('has tables among them', async () => {
      const { text } = await ask(server, '/v1/models/table:predict', '{"instances": ["b", "c"]}');
      assert.deepEqual(JSON.parse(text), { predictions: [2.5, 0] });
    });
  });
}
