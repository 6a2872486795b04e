/** RecordWarmup: what it records of the requests that come, and that a version is warmed up with it. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ask, call } from './admin-client.js';
import { floats, GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import { logsOf, writeWarmupFile } from './tf-record.js';
import { TAKEN_AT_ONCE } from './version-folder.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);

interface Recorded {
  readonly file: Buffer;
  readonly records: number;
  readonly seen: string;
}

interface Record {
  readonly predict_log?: {
    readonly request: { readonly inputs: { readonly x: { tensor_shape: { dim: object[] } } } };
    readonly response?: object;
  };
}

describe('Warm-up recording over the wire', () => {
  let server: ServerProcess;
  let client: GrpcClient;
  let isStopping = false;
  async function start(...flags: string[]): Promise<void> {
    server = await ServerProcess.start('half', HALF_PLUS_TWO, '--enable_admin_api', ...flags);
    client = new GrpcClient(server.grpcAddress);
  }
  afterEach(async () => {
    client.close();
    if (!isStopping) server.signal('SIGTERM');
    isStopping = false;
    assert.equal((await server.exit).code, 0);
  });

  async function post(body: object): Promise<void> {
    const { status } = await ask(server.restUrl, 'POST', '/v1/models/half:predict', body);
    assert.equal(status, 200);
  }

  const predict = (...values: number[]): Promise<unknown> =>
    client.predict({ model_spec: { name: 'half' }, inputs: { x: floats(...values) } });

  /** Sends requests of both protocols over and over until the recording is over. */
  async function record(wish: object): Promise<Recorded> {
    let isOver = false;
    const recorded = call(client, 'RecordWarmup', { name: 'half', ...wish }).finally(() => {
      isOver = true;
    });
    recorded.catch(() => undefined);
    while (!isOver) {
      await post({ instances: [1, 2, 3] });
      await post({ instances: [3, 2, 1] });
      await predict(1);
      await predict(1, 2, 3);
      await predict(2);
    }
    return (await recorded) as unknown as Recorded;
  }

  const rowsIn = ({ file }: Recorded): number[] =>
    (logsOf(file) as Record[])
      .map((log) => log.predict_log?.request.inputs.x.tensor_shape.dim ?? [])
      .map(([dim]) => Number((dim as { size: string }).size));

  it('has a request of each shape, without its answer', async () => {
    await start();
    const recorded = await record({ seconds: 2 });
    assert.equal(recorded.records, 2);
    assert.ok(Number(recorded.seen) > 2);
    assert.deepEqual(rowsIn(recorded).sort(), [1, 3]);
    const [log] = logsOf(recorded.file) as Record[];
    assert.equal(log?.predict_log?.response, undefined);
  });

  it('has several of a shape, or all, as it is asked, and ends when it has enough', async () => {
    await start();
    const two = await record({ seconds: 3600, count: 4, per_shape: 2 });
    assert.deepEqual(rowsIn(two).sort(), [1, 1, 3, 3]);
    const all = await record({ seconds: 3600, count: 50, per_shape: -1 });
    assert.equal(all.records, 50);
    assert.equal(logsOf(all.file).length, 50);
  });

  it('has the requests of all I/O threads and of shared runs', async () => {
    await start('--io_threads=2', '--enable_batching');
    const { file } = await record({ seconds: 3600, count: 30, per_shape: -1 });
    assert.equal(logsOf(file).length, 30);
  });

  const overRest = (wish: object): ReturnType<typeof ask> =>
    ask(server.restUrl, 'POST', '/admin/v1/models/half:recordWarmup', wish);

  /** One of an hour, which is under way, since no other is taken. */
  async function underWay(wish: object): Promise<{ readonly recorded: Promise<unknown> }> {
    const recorded = call(client, 'RecordWarmup', { name: 'half', seconds: 3600, ...wish });
    recorded.catch(() => undefined);
    await assert.rejects(call(client, 'RecordWarmup', { name: 'half' }), {
      code: 9,
      details: 'Requests of model half are being recorded already',
    });
    return { recorded };
  }

  it('is one at a time, and over REST, too', async () => {
    await start();
    const { recorded } = await underWay({ count: 1 });
    assert.match((await overRest({ count: 1 })).body, /are being recorded already/);
    await predict(1);
    assert.equal(((await recorded) as Recorded).records, 1);
    const reply = overRest({ count: 1 });
    let isOver = false;
    void reply.finally(() => (isOver = true));
    while (!isOver) await predict(1);
    const { file } = JSON.parse((await reply).body) as { file: string };
    assert.equal(logsOf(Buffer.from(file, 'base64')).length, 1);
  });

  it('ends with the server', async () => {
    await start();
    const { recorded } = await underWay({});
    server.signal('SIGTERM');
    isStopping = true;
    await assert.rejects(recorded, { code: 14, details: 'The server is stopping.' });
  });

  it('is what a version is warmed up with', async () => {
    await start();
    const { file } = await record({ seconds: 1 });
    const folder = mkdtempSync(join(tmpdir(), 'warmup-recording-'));
    cpSync(HALF_PLUS_TWO, folder, { recursive: true });
    writeWarmupFile(join(folder, '1'), file);
    const warm = await ServerProcess.start('half', folder, TAKEN_AT_ONCE);
    const line = JSON.parse(await warm.lineWith('warm-up file')) as { records?: number };
    await warm.stop();
    rmSync(folder, { recursive: true });
    assert.equal(line.records, 2);
  });
});
