import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { floats, GrpcClient } from '../wire/grpc-client.js';
import { freePort, runToEnd, ServerProcess } from '../wire/server-process.js';
import { logRecord, record, writeWarmupFile } from '../wire/tf-record.js';

const TEST_MODELS = fileURLToPath(new URL('../../../test/models/', import.meta.url));
const DEMO_MODELS = fileURLToPath(new URL('../../../examples/models/', import.meta.url));

const predictLog = (signature: string): Buffer =>
  logRecord({ predict_log: { request: { model_spec: { signature_name: signature } } } });
const halfPlusTwoLog = logRecord({
  predict_log: { request: { model_spec: { name: 'another' }, inputs: { x: floats(1) } } },
});

/** The fields of the log's one line with this message. */
function logged(stderr: string, message: string): Record<string, unknown> {
  const lines = stderr.split('\n').filter((line) => line.includes(`"msg":"${message}"`));
  assert.equal(lines.length, 1, `${message}, once, in:\n${stderr}`);
  return JSON.parse(lines[0] as string) as Record<string, unknown>;
}

const TENSORFLOWS_FAILURES = /OP_REQUIRES failed|Local rendezvous is aborting/;

/** Serves every model of the repository that loads in a moment, and without a library. */
function configOfAll(folder: string): string {
  const entries = [DEMO_MODELS, TEST_MODELS].flatMap((base) =>
    readdirSync(base, { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() && !/^(custom_op|endless|text_.*|lite_.*|onnx_.*)$/.test(entry.name),
      )
      .map(({ name }) => {
        const path = join(base, name);
        return `config { name: "${name}" base_path: "${path}" model_platform: "tensorflow" }`;
      }),
  );
  const file = join(folder, 'models.config');
  writeFileSync(file, `model_config_list { ${entries.join('\n')} }`);
  return file;
}

describe('Warm-up', function () {
  this.timeout(120_000);
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'tensorgate-warmup-'));
  });
  afterEach(() => {
    rmSync(base, { recursive: true });
  });

  /** A copy of a model as version 1 below `base`; with a warm-up file whose path is the answer. */
  const place = (path: string, warmup: Uint8Array | null = null): string => {
    cpSync(join(path, '1'), join(base, '1'), { recursive: true });
    return warmup === null ? '' : writeWarmupFile(join(base, '1'), warmup);
  };

  /** The one number that a signature without inputs answers. */
  const valueOf = async (server: ServerProcess, signature: string): Promise<unknown> => {
    const client = new GrpcClient(server.grpcAddress);
    const reply = await client.predict({
      model_spec: { name: 'm', signature_name: signature },
    });
    client.close();
    const [output] = Object.values(reply['outputs'] as Record<string, { float_val: number[] }>);
    return output?.float_val[0];
  };

  describe('with a warm-up file', () => {
    it('runs its requests before the version is available', async () => {
      place(join(DEMO_MODELS, 'half_plus_two'), Buffer.concat([halfPlusTwoLog, halfPlusTwoLog]));
      const server = await ServerProcess.start('m', base);
      const { stderr } = await server.stop();
      assert.equal(logged(stderr, 'warm-up file')['records'], 2);
      assert.ok(stderr.indexOf('"warm-up file"') < stderr.indexOf('"available"'));
      assert.ok(!stderr.includes('"synthetic warm-up"'));
    });

    it('honours signature names and runs each request as often as asked', async () => {
      place(join(TEST_MODELS, 'tally'), predictLog('incr_tally'));
      const server = await ServerProcess.start('m', base, '--num_request_iterations_for_warmup=3');
      assert.equal(await valueOf(server, 'get_tally'), 3);
      assert.equal(await valueOf(server, 'serving_default'), 0);
      await server.stop();
    });

    it('runs once for an iteration count of zero or less', async () => {
      place(join(TEST_MODELS, 'tally'), predictLog('incr_count'));
      const server = await ServerProcess.start('m', base, '--num_request_iterations_for_warmup=-2');
      assert.equal(await valueOf(server, 'serving_default'), 1);
      await server.stop();
    });

    it('leaves the file alone with --enable_model_warmup=false', async () => {
      place(join(TEST_MODELS, 'tally'), predictLog('no such signature'));
      const server = await ServerProcess.start('m', base, '--enable_model_warmup=false');
      assert.equal(await valueOf(server, 'serving_default'), 0);
      const { stderr } = await server.stop();
      assert.ok(!stderr.includes('warm-up'), stderr);
    });
  });

  describe('that fails', () => {
    /** What GetModelStatus says of version 2, whose warm-up fails; version 1 is served meanwhile. */
    const statusOf = async (bytes: Uint8Array): Promise<{ status: unknown; path: string }> => {
      const source = join(DEMO_MODELS, 'half_plus_two/1');
      cpSync(source, join(base, '1'), { recursive: true });
      const server = await ServerProcess.start('m', base, '--max_num_load_retries=0');
      const client = new GrpcClient(server.grpcAddress);
      // Moved in when it is whole: a version folder is loaded as soon as it is there.
      const coming = join(base, 'coming');
      cpSync(source, coming, { recursive: true });
      writeWarmupFile(coming, bytes);
      renameSync(coming, join(base, '2'));
      await server.untilLogged('"msg":"load failed');
      const reply = await client.modelStatus({ model_spec: { name: 'm' } });
      const versions = reply['model_version_status'] as Record<string, unknown>[];
      client.close();
      assert.equal((await server.stop()).code, 0);
      assert.equal(versions.find((v) => v['version'] === '1')?.['state'], 'AVAILABLE');
      const second = versions.find((v) => v['version'] === '2');
      assert.equal(second?.['state'], 'END');
      const path = join(base, '2/assets.extra/tf_serving_warmup_requests');
      return { status: second?.['status'], path };
    };

    it('on a request: END with its status', async () => {
      const { status } = await statusOf(predictLog('nope'));
      assert.deepEqual(status, {
        error_code: 'FAILED_PRECONDITION',
        error_message: 'Serving signature key "nope" not found.',
      });
    });

    it('on a log type that upstream does not support', async () => {
      const log = logRecord({ session_run_log: { request: {} } });
      assert.deepEqual((await statusOf(log)).status, {
        error_code: 'UNIMPLEMENTED',
        error_message: 'Unsupported log_type for warmup: 5',
      });
    });

    it('on a record that is no PredictionLog, which it quotes whatever its bytes', async () => {
      const { status, path } = await statusOf(record(Buffer.from([0x68, 0x69, 0xff])));
      assert.deepEqual(status, {
        error_code: 'INVALID_ARGUMENT',
        error_message: `Failed to parse warmup record: hi\ufffd from ${path}`,
      });
    });

    it('on a file that is no TFRecord file', async () => {
      const { status } = await statusOf(Buffer.from('x: 1.0, y: 2.5 and so on'));
      assert.deepEqual(status, {
        error_code: 'DATA_LOSS',
        error_message:
          'corrupted record at 0 (Is this even a TFRecord file?). Please verify your warmup data ' +
          'is in TFRecord format.',
      });
    });

    it('on too many records', async () => {
      const empty = record(new Uint8Array());
      const { status, path } = await statusOf(Buffer.concat(new Array(1001).fill(empty)));
      assert.deepEqual(status, {
        error_code: 'INVALID_ARGUMENT',
        error_message: `Number of warmup records exceeds the maximum (1000) at ${path}`,
      });
    });

    it('is retried like any load, and ends a start that has nothing else to serve', async () => {
      place(join(DEMO_MODELS, 'half_plus_two'), predictLog('nope'));
      const exit = await runToEnd([
        `--port=${await freePort()}`,
        '--model_name=m',
        `--model_base_path=${base}`,
        '--max_num_load_retries=2',
        '--load_retry_interval_micros=-1',
      ]);
      assert.equal(exit.code, 255);
      assert.match(
        exit.stdout,
        /\{\{\{name: m version: 1\} due to error: FAILED_PRECONDITION: Serving signature key "nope" not found\.\}, \}\n$/,
      );
      assert.equal(exit.stderr.split('"msg":"warm-up file"').length - 1, 3);
    });
  });

  describe('without a warm-up file', () => {
    it('runs the signatures with synthetic inputs', async () => {
      const server = await ServerProcess.start('m', join(DEMO_MODELS, 'keras_mlp'));
      const line = logged((await server.stop()).stderr, 'synthetic warm-up');
      assert.deepEqual([line['run'], line['failed']], [2, 0]);
    });

    it('runs nothing that would change the state of the model', async () => {
      const server = await ServerProcess.start('m', join(TEST_MODELS, 'tally'));
      assert.equal(await valueOf(server, 'serving_default'), 0);
      assert.equal(await valueOf(server, 'get_tally'), 0);
      const line = logged((await server.stop()).stderr, 'synthetic warm-up');
      assert.deepEqual([line['run'], line['failed'], line['skipped']], [3, 0, 5]);
    });

    it('says which signatures no synthetic input suits, and serves them all the same', async () => {
      const server = await ServerProcess.start('m', join(TEST_MODELS, 'sized'));
      const { stderr } = await server.stop();
      const line = logged(stderr, 'synthetic warm-up');
      assert.deepEqual([line['run'], line['failed']], [5, 1]);
      const hints = stderr
        .split('\n')
        .filter((each) => each.includes('give the version a warm-up file'));
      assert.equal(hints.length, 1, stderr);
      const { signatures } = JSON.parse(hints[0] as string) as {
        signatures: Record<string, string>;
      };
      assert.deepEqual(Object.keys(signatures), ['always_empty', 'never']);
      assert.equal(signatures['always_empty'], 'its outputs are empty');
      assert.match(signatures['never'] as string, /1031/);
    });

    it('lets TensorFlow log nothing about it, and all about requests', async () => {
      // As outside of tests, which have TensorFlow log errors alone.
      const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '1' };
      const config = `--model_config_file=${configOfAll(base)}`;
      const server = await ServerProcess.startIn(env, config);
      assert.doesNotMatch(server.log, TENSORFLOWS_FAILURES);
      const url = `${server.restUrl}/v1/models/parsed_examples:predict`;
      const body = JSON.stringify({ instances: [{ b64: '' }] }); // an Example without features
      assert.equal((await fetch(url, { method: 'POST', body })).status, 400);
      await server.untilLogged('OP_REQUIRES failed at ');
      await server.stop();
    });

    for (const flag of ['--synthetic_warmup=false', '--enable_model_warmup=false']) {
      it(`runs nothing with ${flag}`, async () => {
        const server = await ServerProcess.start('m', join(TEST_MODELS, 'tally'), flag);
        assert.ok(!(await server.stop()).stderr.includes('warm-up'));
      });
    }

    it('runs nothing synthetic beside an empty warm-up file', async () => {
      place(join(TEST_MODELS, 'tally'), new Uint8Array());
      const server = await ServerProcess.start('m', base);
      const { stderr } = await server.stop();
      assert.equal(logged(stderr, 'warm-up file')['records'], 0);
      assert.ok(!stderr.includes('"synthetic warm-up"'));
    });
  });
});
