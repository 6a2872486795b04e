/** Requests that models with a logging_config log: what the files hold, and how many there are of them. */
import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { floats, GrpcClient } from './grpc-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import { ServerProcess } from './server-process.js';
import { logsOf, writeWarmupFile } from './tf-record.js';
import { manyClients, predictedByAll, predictedByClients, MANY } from './threaded-server.js';
import { TAKEN_AT_ONCE } from './version-folder.js';

const MODELS = fileURLToPath(new URL('../../../examples/models', import.meta.url));
const HALF_PLUS_TWO = join(MODELS, 'half_plus_two');
const IRIS = join(MODELS, 'iris_classifier');

interface LogMetadata {
  readonly model_spec: { readonly name: string; readonly version: { readonly value: string } };
  readonly sampling_config: object;
  readonly saved_model_tags: readonly string[];
  readonly timestamp_secs: string;
}
type Message = Record<string, unknown>;
type Pair = { readonly request: Message; readonly response: Message };
interface PredictionLog {
  readonly log_metadata: LogMetadata;
  readonly predict_log?: Pair;
  readonly classify_log?: Pair;
  readonly regress_log?: Pair;
  readonly multi_inference_log?: Pair;
  readonly session_run_log?: Pair;
}

const logging = (rate: number, collector: object = {}): object => ({
  log_collector_config: collector,
  sampling_config: { sampling_rate: rate },
});

describe('Request logging over the wire', () => {
  let folder = '';
  let logs = '';
  const servers: ServerProcess[] = [];
  const clients: GrpcClient[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'request-logging-'));
    logs = join(folder, 'logs');
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    rmSync(folder, { recursive: true });
  });

  /** Serves the models, of which each has that text in its entry. */
  async function start(
    models: readonly (readonly [name: string, path: string, more: string])[],
    ...flags: string[]
  ): Promise<ServerProcess> {
    const entries = models.map(
      ([name, path, more]) =>
        `config { name: "${name}" base_path: "${path}" model_platform: "tensorflow" ${more} }\n`,
    );
    const config = join(folder, 'models.config');
    writeFileSync(config, `model_config_list { ${entries.join('')} }`);
    const monitoring = join(folder, 'monitoring.config');
    writeFileSync(monitoring, 'prometheus_config { enable: true }');
    const server = await ServerProcess.startWith(
      `--model_config_file=${config}`,
      `--monitoring_config_file=${monitoring}`,
      `--request_log_dir=${logs}`,
      TAKEN_AT_ONCE,
      ...flags,
    );
    servers.push(server);
    return server;
  }

  const rate = (share: number, collector = ''): string =>
    `logging_config { ${collector} sampling_config { sampling_rate: ${share} } }`;

  const clientOf = ({ grpcAddress }: ServerProcess): GrpcClient => {
    const client = new GrpcClient(grpcAddress);
    clients.push(client);
    return client;
  };

  async function stopped(server: ServerProcess): Promise<void> {
    servers.splice(servers.indexOf(server), 1);
    const { code, stderr } = await server.stop();
    assert.equal(code, 0, stderr);
  }

  const filesIn = (path = logs): string[] => readdirSync(path).sort();

  /** Of all files, in their order. */
  const logged = (path = logs): PredictionLog[] =>
    filesIn(path).flatMap(
      (name) => logsOf(readFileSync(join(path, name))) as unknown as PredictionLog[],
    );

  async function post({ restUrl }: ServerProcess, path: string, body: object): Promise<unknown> {
    const answer = await fetch(`${restUrl}/v1/models/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    return answer.json();
  }

  async function counts(
    { restUrl }: ServerProcess,
    model: string,
  ): Promise<Record<string, number>> {
    const answer = await fetch(`${restUrl}/monitoring/prometheus/metrics`);
    const page = new PrometheusPage(await answer.text());
    const all = Object.entries(page.all(':tensorgate:request_log_record_count'));
    return Object.fromEntries(
      all
        .filter(([labels]) => labels.includes(`model_name="${model}"`))
        .map(([labels, count]) => [/outcome="(\w+)"/.exec(labels)?.[1] ?? '', count]),
    );
  }

  it('has a Predict over gRPC as it came and went', async () => {
    const server = await start([['half', HALF_PLUS_TWO, rate(1)]]);
    const request = { model_spec: { name: 'half', signature_name: 'serving_default' } };
    const response = await clientOf(server).predict({ ...request, inputs: { x: floats(1, 2) } });
    await stopped(server);
    assert.match(filesIn().join(), /^half-\d{8}T\d{9}Z-\d{4}\.tfrecord$/);
    const [{ log_metadata, predict_log } = {} as PredictionLog, ...more] = logged();
    assert.deepEqual(more, []);
    assert.deepEqual(log_metadata.model_spec, { name: 'half', version: { value: '1' } });
    assert.deepEqual(log_metadata.sampling_config, { sampling_rate: 1 });
    assert.deepEqual(log_metadata.saved_model_tags, ['serve']);
    assert.ok(Math.abs(Number(log_metadata.timestamp_secs) - Date.now() / 1000) < 600);
    assert.deepEqual(predict_log?.request['model_spec'], request.model_spec);
    const { x } = predict_log?.request['inputs'] as Record<string, { float_val: number[] }>;
    assert.deepEqual(x?.float_val, [1, 2]);
    assert.deepEqual(predict_log?.response, response);
  });

  it('has a Predict over REST as gRPC would have it', async () => {
    const server = await start([['half', HALF_PLUS_TWO, rate(1)]]);
    assert.deepEqual(await post(server, 'half:predict', { instances: [1, 2] }), {
      predictions: [2.5, 3],
    });
    await stopped(server);
    const [{ log_metadata, predict_log } = {} as PredictionLog] = logged();
    assert.equal(log_metadata.model_spec.name, 'half');
    assert.deepEqual(predict_log?.request['model_spec'], {
      name: 'half',
      signature_name: 'serving_default',
    });
    const { x } = predict_log?.request['inputs'] as Record<string, { tensor_content: Buffer }>;
    assert.deepEqual(x?.tensor_content, Buffer.from(new Float32Array([1, 2]).buffer));
    const { y } = predict_log?.response['outputs'] as Record<string, { float_val: number[] }>;
    assert.deepEqual(y?.float_val, [2.5, 3]);
  });

  it('has a Classify over both protocols', async () => {
    const server = await start([['iris', IRIS, rate(1)]]);
    const names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'];
    const features = Object.fromEntries(
      names.map((name) => [name, { float_list: { value: [1.5] } }]),
    );
    const example = { features: { feature: features } };
    const spec = { name: 'iris', signature_name: 'classify' };
    const response = await clientOf(server).classify({
      model_spec: spec,
      input: { example_list: { examples: [example, example] } },
    });
    const row = Object.fromEntries(names.map((name) => [name, 1.5]));
    await post(server, 'iris:classify', { signature_name: 'classify', examples: [row, row] });
    await stopped(server);
    const [overGrpc, overRest] = logged().map(({ classify_log }) => classify_log);
    assert.deepEqual(overGrpc?.response, response);
    assert.deepEqual(overRest?.response, response);
    assert.deepEqual(overRest?.request, overGrpc?.request);
  });

  it('has no request that failed, and none of a model that logs none', async () => {
    const server = await start([
      ['half', HALF_PLUS_TWO, rate(1)],
      ['never', HALF_PLUS_TWO, rate(0)],
      ['silent', HALF_PLUS_TWO, ''],
    ]);
    await post(server, 'half:predict', { instances: ['x'] });
    await post(server, 'half:predict', { inputs: { z: 1 } });
    await post(server, 'never:predict', { instances: [1] });
    await post(server, 'silent:predict', { instances: [1] });
    await post(server, 'half:predict', { instances: [7] });
    await stopped(server);
    assert.equal(logged().length, 1);
  });

  it('has a share of the requests', async () => {
    const server = await start([['half', HALF_PLUS_TWO, rate(0.5)]]);
    for (let i = 0; i < 200; ++i) await post(server, 'half:predict', { instances: [i] });
    await stopped(server);
    const { length } = logged();
    assert.ok(length > 50 && length < 150, `${length} of 200`); // 7 deviations
  });

  it('has the requests of all I/O threads in one file', async () => {
    const server = await start([['half', HALF_PLUS_TWO, rate(1)]], '--io_threads=3');
    await predictedByAll(server, 'half');
    const many = manyClients(server);
    clients.push(...many);
    await predictedByClients(many, 'half');
    await stopped(server);
    assert.equal(filesIn().length, 1);
    assert.equal(logged().length, 2 * MANY);
  });

  it('has requests that share a run, each with its own answer', async () => {
    const server = await start(
      [['half', HALF_PLUS_TWO, rate(1)]],
      '--enable_batching',
      '--file_system_poll_wait_seconds=0',
    );
    const values = Array.from({ length: 30 }, (_, i) => i);
    await Promise.all(
      values.flatMap((value) => [
        post(server, 'half:predict', { instances: [value] }),
        clientOf(server).predict({ model_spec: { name: 'half' }, inputs: { x: floats(value) } }),
      ]),
    );
    await stopped(server);
    const answered = logged().map(({ predict_log }) => {
      const { x } = predict_log?.request['inputs'] as Record<string, Record<string, unknown>>;
      const { y } = predict_log?.response['outputs'] as Record<string, { float_val: number[] }>;
      const given =
        (x?.['float_val'] as number[] | undefined)?.[0] ??
        (x?.['tensor_content'] as Buffer).readFloatLE();
      assert.deepEqual(y?.float_val, [given / 2 + 2]);
      return given;
    });
    assert.deepEqual(
      answered.sort((a, b) => a - b),
      values.flatMap((value) => [value, value]),
    );
  });

  it('follows the configuration while it serves', async () => {
    const server = await start([['half', HALF_PLUS_TWO, '']]);
    const client = clientOf(server);
    const model = { name: 'half', base_path: HALF_PLUS_TWO };
    const predict = (): Promise<unknown> => post(server, 'half:predict', { instances: [1] });
    await predict();
    const collector = { type: 'tfrecord', filename_prefix: 'team/a' };
    await client.reload([{ ...model, logging_config: logging(1, collector) }]);
    await predict();
    await predict();
    await client.reload([{ ...model, logging_config: logging(1, { filename_prefix: 'b' }) }]);
    await predict();
    await client.reload([model]);
    await predict();
    // Ended without the end of the server.
    const team = join(logs, 'team');
    const isEnded = (path: string): boolean =>
      existsSync(path) && filesIn(path).some((name) => name.endsWith('.tfrecord'));
    while (!(isEnded(team) && isEnded(logs))) await new Promise((then) => setTimeout(then, 20));
    assert.equal(logged(team).length, 2);
    rmSync(team, { recursive: true });
    assert.equal(logged().length, 1);
  });

  it('ends files by size and deletes the oldest', async () => {
    const server = await start(
      [['half', HALF_PLUS_TWO, rate(1)]],
      '--request_log_file_bytes=4000',
      '--request_log_max_bytes=20000',
    );
    const instances = Array.from({ length: 100 }, (_, i) => i / 8);
    const requests = 100;
    for (let i = 0; i < requests; ++i) await post(server, 'half:predict', { instances });
    await stopped(server);
    const sizes = filesIn().map((name) => statSync(join(logs, name)).size);
    const total = sizes.reduce((a, b) => a + b, 0);
    assert.ok(sizes.every((size) => size <= 4000));
    assert.ok(total <= 20_000 && total > 12_000, sizes.join());
    const kept = logged().length;
    assert.ok(kept < requests && kept >= 12, String(kept));
  });

  it('counts what it has no memory for, and answers all the same', async () => {
    const server = await start([['half', HALF_PLUS_TWO, rate(1)]], '--request_log_queue_bytes=300');
    await post(server, 'half:predict', { instances: [1] });
    const instances = Array.from({ length: 100 }, (_, i) => i);
    const answer = (await post(server, 'half:predict', { instances })) as { predictions: [] };
    assert.equal(answer.predictions.length, 100);
    while ((await counts(server, 'half'))['written'] !== 1);
    assert.deepEqual(await counts(server, 'half'), { written: 1, dropped: 1, failed: 0 });
    await stopped(server);
    assert.equal(logged().length, 1);
  });

  it('counts what it cannot write, says why, and answers all the same', async () => {
    writeFileSync(logs, 'no folder');
    const server = await start([['half', HALF_PLUS_TWO, rate(1)]]);
    assert.deepEqual(await post(server, 'half:predict', { instances: [1] }), {
      predictions: [2.5],
    });
    servers.splice(0);
    const { stderr } = await server.stop();
    const line = stderr.split('\n').find((each) => each.includes('requests were not logged'));
    const { failed, error } = JSON.parse(line ?? '{}') as { failed: number; error: string };
    assert.equal(failed, 1);
    assert.equal(error, `cannot open the folder in ${logs}/: Not a directory`);
  });

  it('makes files that a version is warmed up with', async () => {
    const server = await start([['half', HALF_PLUS_TWO, rate(1)]]);
    await clientOf(server).predict({ model_spec: { name: 'half' }, inputs: { x: floats(1) } });
    await post(server, 'half:predict', { instances: [1, 2, 3] });
    await stopped(server);
    const model = join(folder, 'half');
    cpSync(HALF_PLUS_TWO, model, { recursive: true });
    const [file = ''] = filesIn();
    writeWarmupFile(join(model, '1'), readFileSync(join(logs, file)));
    const warm = await start([['half', model, '']]);
    const line = await warm.lineWith('warm');
    assert.equal((JSON.parse(line) as { records?: number }).records, 2, line);
  });

  it('refuses files outside the folder, another collector, and more than all requests', async () => {
    const server = await start([['half', HALF_PLUS_TWO, '']]);
    const client = clientOf(server);
    for (const [config, message] of [
      [
        logging(1, { filename_prefix: '../x' }),
        'log_collector_config.filename_prefix must be a path below --request_log_dir, without ".." and ' +
          'empty parts, that ends in the beginning of a file name; got "../x"',
      ],
      [
        logging(1, { type: 'kafka' }),
        'log_collector_config.type must be "tfrecord" or empty, got "kafka"',
      ],
      [logging(1.5), 'sampling_config.sampling_rate must be 0 to 1, got 1.5'],
    ] as const) {
      const model = { name: 'm', base_path: HALF_PLUS_TWO, logging_config: config };
      await assert.rejects(client.reload([model]), {
        code: 3,
        details: `The logging_config of model m: ${message}`,
      });
    }
  });
});
