/** TFLite and ONNX files as clients see them. What they have in common with other platforms is in platforms.test.ts. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { StatusCode } from '../../src/status/serving-error.js';
import { GrpcClient, type RpcError } from './grpc-client.js';
import { whyNoOpenVino } from './openvino.js';
import { freePort, runToEnd, ServerProcess } from './server-process.js';
import { logRecord, writeWarmupFile } from './tf-record.js';
import { ask } from './threaded-server.js';

const NO_OPENVINO = whyNoOpenVino();

/** What TFLite's own interpreter, or OpenVINO in Python, says of these; see scripts/make-model-files.py. */
const PIXELS = [
  [1, 2, 3, 4],
  [-1, 0, 2, 0.5],
];
const PIXEL_ANSWER = {
  best: [0, 0],
  scores: [
    [5.5, 0, 0],
    [1.5, 0, 1],
  ],
};
const X = [
  [1, 2, 3],
  [0.5, 0, -1],
];
const X_ANSWER = {
  best: [1, 0],
  next: [8, 2147483647],
  scores: [
    [5.25, 8.75],
    [0.75, -3.75],
  ],
};

interface Answer {
  readonly outputs?: unknown;
  readonly error?: string;
}

describe('TFLite and ONNX files', function () {
  this.timeout(30_000);
  if (NO_OPENVINO !== null) {
    it('are served by OpenVINO', function () {
      Object.assign(this.test ?? {}, { skipReason: NO_OPENVINO });
      this.skip();
    });
    return;
  }

  let folder: string;
  let server: ServerProcess;
  let client: GrpcClient;

  const config = (...entries: readonly (readonly [name: string, path: string, of: string])[]) => {
    const list = entries.map(
      ([name, path, platform]) =>
        `config { name: "${name}" base_path: "${path}" model_platform: "${platform}" }`,
    );
    writeFileSync(join(folder, 'models'), `model_config_list { ${list.join('\n')} }`);
    return `--model_config_file=${join(folder, 'models')}`;
  };
  const model = (name: string): string => join(process.cwd(), 'test/models', name);
  const predict = async (name: string, inputs: unknown, of = server): Promise<Answer> => {
    const body = JSON.stringify({ inputs });
    const { text } = await ask(of, `/v1/models/${name}:predict`, body);
    return JSON.parse(text) as Answer;
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'model-files-'));
    mkdirSync(join(folder, 'both'));
    cpSync('examples/models/half_plus_two/1', join(folder, 'both', '1'), { recursive: true });
    cpSync(join(model('lite_fixed'), '1/model.tflite'), join(folder, 'both', '1', 'model.tflite'));
    server = await ServerProcess.startWith(
      config(
        ['lite', model('lite_scores'), 'tflite'],
        ['fixed', model('lite_fixed'), 'tflite'],
        ['onnx', model('onnx_scores'), 'onnx'],
        ['onnx_fixed', model('onnx_fixed'), 'onnx'],
        ['as_lite', join(folder, 'both'), 'tflite'],
        ['as_saved', join(folder, 'both'), 'tensorflow'],
        ['bare_lite', model('lite_half'), 'tensorflow'],
        ['bare_onnx', model('onnx_half'), 'tensorflow'],
      ),
    );
    client = new GrpcClient(server.grpcAddress);
  });
  after(async () => {
    client.close();
    const { code, stderr } = await server.stop();
    assert.equal(code, 0, stderr);
    rmSync(folder, { recursive: true });
  });

  it('answer as TFLite and OpenVINO do in Python', async () => {
    assert.deepEqual(await predict('lite', PIXELS), { outputs: PIXEL_ANSWER });
    assert.deepEqual(await predict('onnx', { x: X, ids: [7, 2 ** 31 - 2] }), { outputs: X_ANSWER });
    assert.deepEqual(await predict('fixed', [[3, -1.5]]), { outputs: [[11, 4.25]] });
    assert.deepEqual(await predict('onnx_fixed', [[1, 2.5]]), { outputs: [[2, 5]] });
  });

  it('answer so over gRPC, and with the outputs that were asked for alone', async () => {
    const { outputs } = (await client.predict({
      model_spec: { name: 'lite' },
      inputs: {
        pixels: {
          dtype: 'DT_FLOAT',
          tensor_shape: { dim: [{ size: 2 }, { size: 4 }] },
          float_val: PIXELS.flat(),
        },
      },
      output_filter: ['best'],
    })) as { outputs: Record<string, { int64_val: (string | number)[] }> };
    assert.deepEqual(Object.keys(outputs), ['best']);
    assert.deepEqual(outputs['best']?.int64_val.map(Number), PIXEL_ANSWER.best);
  });

  it('have the signatures of the file as metadata', async () => {
    const metadata = async (name: string): Promise<unknown> => {
      const { text } = await ask(server, `/v1/models/${name}/metadata`);
      const all = JSON.parse(text) as { metadata: { signature_def: { signature_def: unknown } } };
      return all.metadata.signature_def.signature_def;
    };
    const tensor = (name: string, dtype: string, ...sizes: string[]): object => ({
      name,
      dtype,
      tensor_shape: { dim: sizes.map((size) => ({ size, name: '' })), unknown_rank: false },
    });
    const signature = (inputs: object, outputs: object): object => ({
      serving_default: {
        ...{ inputs, outputs, defaults: {} },
        method_name: 'tensorflow/serving/predict',
      },
    });
    assert.deepEqual(
      await metadata('lite'),
      signature(
        { pixels: tensor('serving_default_pixels:0', 'DT_FLOAT', '-1', '4') },
        {
          best: tensor('PartitionedCall:0', 'DT_INT64', '-1'),
          scores: tensor('PartitionedCall:1', 'DT_FLOAT', '-1', '3'),
        },
      ),
    );
    // Without signatures of its own: the tensors' names.
    assert.deepEqual(
      await metadata('fixed'),
      signature(
        { x: tensor('x', 'DT_FLOAT', '1', '2') },
        { Identity: tensor('Identity', 'DT_FLOAT', '1', '2') },
      ),
    );
    // A weight that the file names among its inputs is none of them.
    assert.deepEqual(
      await metadata('onnx'),
      signature(
        { ids: tensor('ids', 'DT_INT64', '-1'), x: tensor('x', 'DT_FLOAT', '-1', '3') },
        {
          best: tensor('best', 'DT_INT64', '-1'),
          next: tensor('next', 'DT_INT64', '-1'),
          scores: tensor('scores', 'DT_FLOAT', '-1', '2'),
        },
      ),
    );
  });

  it('of TFLite take other shapes than the file says, as TFLite does', async () => {
    const row = [1, 2];
    for (const rows of [3, 1, 2, 3]) {
      const outputs = Array<number[]>(rows).fill([3, 6]);
      assert.deepEqual(await predict('fixed', Array<number[]>(rows).fill(row)), { outputs });
    }
    assert.deepEqual(await predict('fixed', [1, 2, 3]), { outputs: [3, 6, 11] });
    const { error } = await predict('lite', [[1, 2, 3]]);
    assert.match(error ?? '', /^OpenVINO cannot take inputs of these shapes: /);
    assert.deepEqual(await predict('lite', PIXELS), { outputs: PIXEL_ANSWER });
  });

  it('of ONNX take the shapes that the file says', async () => {
    assert.deepEqual(
      await predict('onnx_fixed', [
        [1, 2],
        [3, 4],
      ]),
      { error: 'input "x" has the shape [2,2], expected [1,2]' },
    );
    const answer = await predict('onnx', { x: [], ids: [] });
    assert.match(answer.error ?? '', /input "x" has the shape \[0\], expected \[\?,3\]/);
  });

  it('refuse integers that would be computed as others', async () => {
    for (const id of [2 ** 31, -(2 ** 31) - 1]) {
      assert.deepEqual(await predict('onnx', { x: X, ids: [0, id] }), {
        error:
          'input "ids" has a value of int64 that int32 does not hold, as which OpenVINO computes it',
      });
    }
  });

  it('are served in the place of a SavedModel, where there is none or TFLite is preferred', async () => {
    for (const name of ['bare_lite', 'bare_onnx', 'as_saved']) {
      assert.deepEqual(await predict(name, [1, 2, 5]), { outputs: [2.5, 3, 4.5] }, name);
    }
    assert.deepEqual(await predict('as_lite', [[3, 1]]), { outputs: [[11, 3]] });
    const both = join(folder, 'both');
    const preferring = await ServerProcess.start('m', both, '--prefer_tflite_model');
    assert.deepEqual(await predict('m', [[3, 1]], preferring), { outputs: [[11, 3]] });
    assert.equal((await preferring.stop()).code, 0);
  });

  it('warm up with their warm-up file, or with zeros', async () => {
    const line = await server.lineWith('"{name: lite version: 1}","run"');
    assert.match(line, /"run":1,"failed":0,"skipped":0,.*"synthetic warm-up"/);
    const warm = join(folder, 'warm');
    cpSync(model('onnx_half'), warm, { recursive: true });
    const log = (value: number): Buffer => {
      const x = { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: 1 }] }, float_val: [value] };
      return logRecord({ predict_log: { request: { model_spec: { name: 'm' }, inputs: { x } } } });
    };
    writeWarmupFile(join(warm, '1'), Buffer.concat([log(1), log(2)]));
    const warmed = await ServerProcess.start('m', warm);
    assert.match(await warmed.lineWith('"warm-up file"'), /"records":2/);
    assert.equal((await warmed.stop()).code, 0);
  });

  const fails = async (name: string, path: string, platform: string, env = {}): Promise<string> => {
    const flags = [`--port=${await freePort()}`, config([name, path, platform])];
    const once = '--max_num_load_retries=0';
    const { code, stdout } = await runToEnd([...flags, once], { ...process.env, ...env });
    assert.equal(code, 255);
    return stdout;
  };

  it('that cannot be read are refused, with the name of the op', async () => {
    assert.match(
      await fails('unknown', model('onnx_unknown'), 'onnx'),
      /due to error: INVALID_ARGUMENT: OpenVINO cannot .*NoSuchOp/,
    );
    const broken = join(folder, 'broken');
    mkdirSync(join(broken, '1'), { recursive: true });
    writeFileSync(join(broken, '1/model.tflite'), 'not a model');
    assert.match(
      await fails('broken', broken, 'tflite'),
      /due to error: INVALID_ARGUMENT: Cannot build FlatBufferModel from buffer\./,
    );
  });

  it('say so where OpenVINO is kept out', async () => {
    assert.match(
      await fails('onnx', model('onnx_half'), 'onnx', { TENSORGATE_OPENVINO: '0' }),
      /FAILED_PRECONDITION: model\.onnx is run by OpenVINO, which cannot be had: .*TENSORGATE_OPENVINO=0/,
    );
  });

  it('have Predict alone', async () => {
    await assert.rejects(
      client.classify({ model_spec: { name: 'lite' }, input: {} }),
      (error: unknown) => {
        const { code } = error as RpcError;
        assert.ok(code === StatusCode.INVALID_ARGUMENT || code === StatusCode.UNIMPLEMENTED);
        return true;
      },
    );
  });

  it('of TFLite have all signatures, each of a graph of its own', async () => {
    const paired = await ServerProcess.start('m', model('lite_pair'), '--log_level=info');
    const answer = async (signature_name: string, inputs: unknown): Promise<Answer> => {
      const body = JSON.stringify({ signature_name, inputs });
      return JSON.parse((await ask(paired, '/v1/models/m:predict', body)).text) as Answer;
    };
    assert.deepEqual(await answer('encode', [[1, 2, 3, 4]]), { outputs: [[61, 71, 81]] });
    assert.deepEqual(await answer('decode', [[1, 2, 3]]), { outputs: [[8, 26, 44, 62]] });
    const { error } = await answer('decode', [[1, 2, 3, 4]]);
    assert.match(error ?? '', /^OpenVINO cannot take inputs of these shapes: /);
    assert.match(
      await paired.lineWith('which signatures are batched'),
      /"batched":\["decode","encode"\],"alone":\{\}/,
    );
    assert.equal((await paired.stop()).code, 0);
  });

  it('are run by I/O threads too', async () => {
    const threaded = await ServerProcess.start('m', model('onnx_half'), '--io_threads=2');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => predict('m', [i], threaded)),
    );
    assert.deepEqual(
      answers.map(({ outputs }) => outputs),
      answers.map((_, i) => [i / 2 + 2]),
    );
    assert.equal((await threaded.stop()).code, 0);
  });
});
