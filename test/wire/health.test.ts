/** grpc.health.v1 of a server that serves, whose models come and go, and that stops. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as grpc from '@grpc/grpc-js';

import { loadProtos } from '../../src/protos/protos.js';
import { StatusCode } from '../../src/status/serving-error.js';
import { GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import { testModel } from './threaded-server.js';
import { putVersion, TAKEN_AT_ONCE } from './version-folder.js';

const MODEL = testModel('versions');
const CHECK = '/grpc.health.v1.Health/Check';
const WATCH = '/grpc.health.v1.Health/Watch';
const root = loadProtos(['grpc/health/v1/health.proto']);
const requestType = root.lookupType('grpc.health.v1.HealthCheckRequest');
const responseType = root.lookupType('grpc.health.v1.HealthCheckResponse');

function request(service: string): Buffer {
  return Buffer.from(requestType.encode(requestType.create({ service })).finish());
}

function statusOf(reply: Uint8Array): string {
  const { status } = responseType.toObject(responseType.decode(reply), {
    enums: String,
    defaults: true,
  });
  return status as string;
}

/** A Watch call: each status as it comes, then how it ended. */
class Watcher {
  readonly #stream: grpc.ClientReadableStream<Buffer>;
  readonly #statuses: AsyncIterator<Buffer>;
  readonly ended: Promise<grpc.StatusObject>;

  constructor(client: grpc.Client, service: string) {
    const raw = (bytes: Buffer): Buffer => bytes;
    this.#stream = client.makeServerStreamRequest(WATCH, raw, raw, request(service));
    this.#statuses = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.ended = new Promise((resolve) => this.#stream.on('status', resolve));
    this.#stream.on('error', () => undefined); // the status says it
  }

  /** The next one; `ended` where there is none. */
  async next(): Promise<string> {
    const next = await this.#statuses.next();
    return next.done === true ? 'ended' : statusOf(next.value);
  }

  async untilIs(status: string): Promise<void> {
    while ((await this.next()) !== status);
  }

  cancel(): void {
    this.#stream.cancel();
  }
}

for (const threads of [1, 3]) {
  describe(`The gRPC health service, with ${threads} I/O thread(s)`, function () {
    this.timeout(30_000);
    let server: ServerProcess;
    let client: GrpcClient;
    let watching: grpc.Client;
    let folder: string;

    async function serve(...flags: string[]): Promise<void> {
      folder = mkdtempSync(join(tmpdir(), 'tensorgate-health-'));
      server = await ServerProcess.startWith(`--io_threads=${threads}`, ...flags);
      client = new GrpcClient(server.grpcAddress);
      watching = new grpc.Client(server.grpcAddress, grpc.credentials.createInsecure());
    }
    afterEach(async () => {
      client.close();
      watching.close();
      await server.stop();
      rmSync(folder, { recursive: true });
    });

    const check = async (service: string): Promise<string> =>
      statusOf(await client.raw(CHECK, request(service)));
    const watch = (service: string): Watcher => new Watcher(watching, service);

    it('checks the server, its services by their short names, and the models', async () => {
      await serve('--model_name=m', `--model_base_path=${MODEL}`);
      for (const service of ['', 'ModelService', 'PredictionService', 'm']) {
        assert.equal(await check(service), 'SERVING', service);
      }
      for (const service of ['n', 'tensorflow.serving.PredictionService']) {
        await assert.rejects(check(service), {
          code: StatusCode.NOT_FOUND,
          details: 'service name unknown',
        });
      }
    });

    it('tells watchers of the drain before it ends their calls', async () => {
      await serve('--model_name=m', `--model_base_path=${MODEL}`, '--drain_wait_seconds=1');
      const [all, model, unknown] = [watch('PredictionService'), watch('m'), watch('n')];
      assert.equal(await all.next(), 'SERVING');
      assert.equal(await model.next(), 'SERVING');
      assert.equal(await unknown.next(), 'SERVICE_UNKNOWN');
      server.signal('SIGTERM');
      assert.equal(await all.next(), 'NOT_SERVING');
      assert.equal(await model.next(), 'NOT_SERVING');
      assert.equal(await check('m'), 'NOT_SERVING', 'it still listens');
      for (const each of [all, model, unknown]) assert.equal(await each.next(), 'ended');
      const { code, stderr } = await server.exit;
      assert.equal(code, 0);
      assert.doesNotMatch(stderr, /still in flight/);
    });

    it('goes on after a watcher has left', async () => {
      await serve('--model_name=m', `--model_base_path=${MODEL}`);
      const watcher = watch('');
      assert.equal(await watcher.next(), 'SERVING');
      watcher.cancel();
      await watcher.ended;
      assert.equal(await check(''), 'SERVING');
      assert.equal((await server.stop()).code, 0);
    });

    it('refuses to watch a name that no model has', async () => {
      await serve('--model_name=m', `--model_base_path=${MODEL}`);
      const watcher = watch('x'.repeat(1025));
      assert.equal((await watcher.ended).code, StatusCode.RESOURCE_EXHAUSTED);
    });

    it('follows a model that is added, loses its versions, gets another, and is removed', async () => {
      const flags = ['--enable_admin_api', TAKEN_AT_ONCE];
      await serve('--model_name=m', `--model_base_path=${MODEL}`, ...flags);
      const base = join(folder, 'n');
      const put = (): void => putVersion(join(MODEL, '1'), join(base, '1'));
      mkdirSync(base);
      put();
      const [all, model] = [watch(''), watch('n')];
      assert.equal(await all.next(), 'SERVING');
      assert.equal(await model.next(), 'SERVICE_UNKNOWN');
      const ask = (method: string, body?: string): Promise<Response> =>
        fetch(`${server.restUrl}/admin/v1/models/n`, { method, body: body ?? null });
      const config = JSON.stringify({ base_path: base, model_platform: 'tensorflow' });
      assert.equal((await ask('PUT', config)).status, 200);
      await model.untilIs('SERVING');
      assert.equal(await check('n'), 'SERVING');
      rmSync(join(base, '1'), { recursive: true });
      await model.untilIs('NOT_SERVING');
      assert.equal(await check('n'), 'NOT_SERVING');
      assert.equal(await check('m'), 'SERVING');
      put();
      await model.untilIs('SERVING');
      assert.equal((await ask('DELETE')).status, 200);
      await model.untilIs('SERVICE_UNKNOWN');
      await assert.rejects(check('n'), { code: StatusCode.NOT_FOUND });
      // It came and went twice: while it loaded, not all that is configured served.
      assert.deepEqual([await all.next(), await all.next()], ['NOT_SERVING', 'SERVING']);
      assert.deepEqual([await all.next(), await all.next()], ['NOT_SERVING', 'SERVING']);
    });
  });
}
