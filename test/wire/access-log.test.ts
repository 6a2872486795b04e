/** The access log of a real server: what it says of requests over both protocols, answered natively or not. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import * as grpc from '@grpc/grpc-js';

import { slowBody } from '../integration/models.js';
import { AuthFile } from './access-config.js';
import { Authority, opensslMissing, pemField } from './certificates.js';
import { encode, floats, GrpcClient, PREDICT } from './grpc-client.js';
import { freePort, grpcIsNative, ServerProcess } from './server-process.js';
import { MANY, manyClients, predictedByAll, predictedByClients } from './threaded-server.js';

const path = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const HALF_PLUS_TWO = path('examples/models/half_plus_two');
const MODELS = `model_config_list {
  config { name: 'half' base_path: '${HALF_PLUS_TWO}' model_platform: 'tensorflow' }
  config { name: 'slow' base_path: '${path('test/models/slow')}' model_platform: 'tensorflow' }
}`;
/** Of the model `slow`, a run of a second or so. */
const ITERATIONS = 30_000;
/** More than a millisecond's. */
const FEW_ITERATIONS = 1000;
const slowRequest = (iterations: number): object => {
  const count = { dtype: 'DT_INT32', tensor_shape: { dim: [{ size: 1 }] }, int_val: [iterations] };
  return { model_spec: { name: 'slow' }, inputs: { x: floats(1), iterations: count } };
};

type Line = Record<string, unknown>;

describe('Access log over the wire', function () {
  this.timeout(30_000);
  let folder = '';
  let file = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'access-log-'));
    file = join(folder, 'access.log');
    writeFileSync(join(folder, 'models.config'), MODELS);
  });
  after(() => rmSync(folder, { recursive: true }));

  const start = (...flags: string[]): Promise<ServerProcess> =>
    ServerProcess.startWith(`--model_config_file=${join(folder, 'models.config')}`, ...flags);

  async function stopped(server: ServerProcess): Promise<void> {
    const { code, stderr } = await server.stop();
    assert.equal(code, 0, stderr);
  }

  const linesIn = (name: string): Line[] =>
    !existsSync(name)
      ? []
      : readFileSync(name, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Line);

  async function post(
    server: ServerProcess,
    target: string,
    body: object,
    headers = {},
  ): Promise<number> {
    const url = `${server.restUrl}/v1/models/${target}`;
    const reply = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
    await reply.arrayBuffer();
    return reply.status;
  }

  /** Without what differs from run to run, which is looked at here. */
  function settled({ time, millis, peer, ...rest }: Line): Line {
    assert.ok(Math.abs(Date.parse(time as string) - Date.now()) < 600_000);
    assert.ok(typeof millis === 'number' && millis > 0, String(millis));
    assert.match(peer as string, /127\.0\.0\.1|7f00:0+1/);
    return rest;
  }

  describe('of all requests', () => {
    let server: ServerProcess;
    let client: GrpcClient;
    let auth: AuthFile;
    /** Of the file, those of earlier tests. */
    let seen = 0;
    before(async () => {
      auth = new AuthFile(`principal { name: "shop" KEY(shop-key) scope { } }
        anonymous { scope { } }`);
      server = await start(`--access_log=${file}`, auth.flag);
      client = new GrpcClient(server.grpcAddress);
    });
    after(async () => {
      client.close();
      await stopped(server);
      auth.remove();
    });

    /** So many more than there were, once they are there: in their order for each protocol. */
    async function newLines(count: number): Promise<Line[]> {
      for (;;) {
        const lines = linesIn(file).slice(seen);
        if (lines.length >= count) {
          seen += lines.length;
          assert.equal(lines.length, count, JSON.stringify(lines));
          const of = (protocol: string): Line[] => lines.filter((l) => l['protocol'] === protocol);
          return [...of('gRPC'), ...of('REST')];
        }
        await new Promise((then) => setTimeout(then, 20));
      }
    }

    it('says whose credentials it were', async () => {
      const asked = { model_spec: { name: 'half' }, inputs: { x: floats(1) } };
      await client.predict(asked, { 'x-api-key': 'shop-key' });
      await client.predict(asked);
      const wrong = { model_spec: { name: 'half' }, inputs: {} };
      await assert.rejects(client.predict(wrong, { 'x-api-key': 'shop-key' }));
      const [right, key] = [{ instances: [1] }, { 'X-API-Key': 'shop-key' }];
      await post(server, 'half:predict', right, key);
      await post(server, 'half:predict', right);
      assert.equal(await post(server, 'half:predict', { instances: ['x'] }, key), 400);
      assert.equal(await post(server, 'half:predict', right, { 'X-API-Key': 'no' }), 401);
      const lines = await newLines(7);
      assert.deepEqual(
        lines.map(({ protocol, status, principal }) => [protocol, status, principal]),
        [
          ['gRPC', 'OK', 'shop'],
          ['gRPC', 'OK', null],
          ['gRPC', 'INVALID_ARGUMENT', 'shop'],
          ['REST', '200 OK', 'shop'],
          ['REST', '200 OK', null],
          ['REST', '400 Bad Request', 'shop'],
          ['REST', '401 Unauthorized', null],
        ],
      );
    });

    it('has a request over each protocol, answered natively or not', async () => {
      const spec = { name: 'half', version: { value: 1 } };
      const asked = { model_spec: spec, inputs: { x: floats(1) } };
      await client.predict(asked, { 'x-request-id': 'g' });
      const body = { instances: [1, 2] };
      await post(server, 'half:predict?key=secret', body, {});
      await post(server, 'half/versions/1:predict', body, { 'X-Request-Id': 'r' });
      // Where the addon answers the one before, JavaScript answers this.
      await post(server, '%68alf/versions/1:predict', body, { 'X-Request-Id': 'r' });
      await fetch(`${server.restUrl}/v1/models/half`);
      const told = (await newLines(5)).map(settled);
      const [overGrpc, malformed, overRest, byJavaScript, status] = told;
      const bytesIn = overGrpc?.['bytesIn'] as number;
      const bytesOut = overGrpc?.['bytesOut'] as number;
      assert.ok(bytesIn > 10 && bytesOut > 10);
      const ofAll = { model: 'half', version: '1', label: null, principal: null };
      assert.deepEqual(overGrpc, {
        ...{ protocol: 'gRPC', method: 'Predict', path: null },
        ...{ status: 'OK', bytesIn, bytesOut, requestId: 'g', ...ofAll },
      });
      assert.equal(malformed?.['path'], '/v1/models/half:predict');
      assert.equal(malformed?.['status'], '400 Bad Request');
      assert.deepEqual(overRest, {
        ...{ protocol: 'REST', method: 'POST', path: '/v1/models/half/versions/1:predict' },
        ...{ status: '200 OK', requestId: 'r', ...ofAll },
        bytesIn: JSON.stringify(body).length,
        bytesOut: overRest?.['bytesOut'],
      });
      assert.ok((overRest?.['bytesOut'] as number) > 10);
      const path = '/v1/models/%68alf/versions/1:predict';
      assert.deepEqual(byJavaScript, { ...overRest, path });
      assert.deepEqual(Object.keys(byJavaScript ?? {}), Object.keys(overRest ?? {}));
      assert.equal(status?.['method'], 'GET');
      assert.equal(status?.['path'], '/v1/models/half');
    });

    it('has those that failed in a run, with what they had sent', async () => {
      const body = { instances: ['x'] };
      assert.equal(await post(server, 'half:predict', body, { 'X-Request-Id': 'r' }), 400);
      const [line = {}] = await newLines(1);
      const { bytesIn, requestId, model } = settled(line);
      assert.deepEqual([bytesIn, requestId, model], [JSON.stringify(body).length, 'r', 'half']);
    });

    it('has those whose clients left while they ran', async () => {
      /** Again where the client was so fast that the server did not see the request. */
      const leave = async (ask: () => Promise<unknown>): Promise<Line> => {
        for (;;) {
          await ask();
          await new Promise((then) => setTimeout(then, 500));
          if (linesIn(file).length > seen) return (await newLines(1))[0] ?? {};
        }
      };
      const body = slowBody(ITERATIONS);
      const rest = await leave(async () => {
        const socket = connect(server.restPort, '127.0.0.1');
        const head = `Host: h\r\nContent-Length: ${body.length}`;
        socket.write(`POST /v1/models/slow:predict HTTP/1.1\r\n${head}\r\n\r\n${body}`);
        await new Promise((then) => setTimeout(then, 200));
        socket.resetAndDestroy();
      });
      const { status, bytesIn, bytesOut, model } = settled(rest);
      assert.deepEqual([status, bytesIn, bytesOut, model], ['client gone', body.length, 0, 'slow']);
      if (!grpcIsNative) return; // grpc-js waits for the run
      const asked = encode('PredictRequest', slowRequest(ITERATIONS));
      const overGrpc = await leave(() => assert.rejects(client.raw(PREDICT, asked, 200)));
      const told = settled(overGrpc);
      assert.match(told['status'] as string, /^(CANCELLED|DEADLINE_EXCEEDED)$/);
      assert.deepEqual([told['bytesIn'], told['bytesOut']], [asked.length, 0]);
    });

    it('has no probes', async () => {
      assert.equal((await fetch(`${server.restUrl}/healthz`)).status, 200);
      await post(server, 'half:predict', { instances: [1] });
      const [line] = await newLines(1);
      assert.equal(line?.['path'], '/v1/models/half:predict');
    });

    it('begins a new file where the old one was moved away', async () => {
      await post(server, 'half:predict', { instances: [1] });
      await newLines(1);
      renameSync(file, join(folder, 'old'));
      seen = 0;
      await post(server, 'half:predict', { instances: [1] });
      await newLines(1);
    });
  });

  it('has those that fail whatever the share is', async () => {
    const failed = join(folder, 'failed.log');
    const share = ['--access_log_sample=0', '--access_log_slow_millis=0'];
    const server = await start(`--access_log=${failed}`, ...share);
    const client = new GrpcClient(server.grpcAddress);
    await client.predict({ model_spec: { name: 'half' }, inputs: { x: floats(1) } });
    assert.equal(await post(server, 'half:predict', { instances: [1] }), 200);
    await assert.rejects(client.predict({ model_spec: { name: 'none' } }));
    await assert.rejects(client.predict({ model_spec: { name: 'half' }, inputs: {} }));
    assert.equal(await post(server, 'half:predict', { instances: ['x'] }), 400);
    assert.equal(await post(server, 'none/versions/3:predict', { instances: [1] }), 404);
    client.close();
    await stopped(server);
    const told = linesIn(failed).map(({ protocol, model, version, status }) => [
      ...[protocol, model, version, status],
    ]);
    assert.deepEqual(told, [
      ['gRPC', 'none', null, 'NOT_FOUND'],
      ['gRPC', 'half', null, 'INVALID_ARGUMENT'],
      ['REST', 'half', null, '400 Bad Request'],
      ['REST', 'none', '3', '404 Not Found'],
    ]);
  });

  it('has those of all I/O threads as whole lines', async () => {
    const ofThreads = join(folder, 'threads.log');
    const server = await start(`--access_log=${ofThreads}`, '--io_threads=3');
    await predictedByAll(server, 'half');
    const many = manyClients(server);
    await predictedByClients(many, 'half');
    for (const client of many) client.close();
    await stopped(server);
    assert.equal(linesIn(ofThreads).length, 2 * MANY);
  });

  it('goes to the standard output, and has slow ones over TLS and the admin port', async function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    const ca = new Authority(folder, 'ca');
    const { key, cert } = ca.issue('server');
    const ssl = join(folder, 'ssl.config');
    writeFileSync(ssl, pemField('server_key', key) + pemField('server_cert', cert));
    const adminPort = await freePort();
    const share = ['--access_log_sample=0', '--access_log_slow_millis=1'];
    const server = await start(
      ...['--access_log=-', ...share, `--ssl_config_file=${ssl}`, `--admin_port=${adminPort}`],
    );
    for (const port of [server.restPort, adminPort]) {
      const asked = request({
        ...{ host: '127.0.0.1', servername: 'localhost', port, method: 'POST', ca: ca.cert },
        path: '/v1/models/slow:predict',
      });
      asked.end(slowBody(FEW_ITERATIONS));
      await new Promise((resolve, reject) => {
        asked.on('error', reject).on('response', (reply) => resolve(text(reply)));
      });
    }
    const credentials = grpc.credentials.createSsl(Buffer.from(ca.cert));
    const client = new GrpcClient(server.grpcAddress, credentials);
    await client.predict(slowRequest(FEW_ITERATIONS));
    client.close();
    const { stdout } = await server.stop();
    const told = stdout
      .split('\n')
      .filter((each) => each.startsWith('{"time"'))
      .map((each) => settled(JSON.parse(each) as Line));
    assert.deepEqual(
      told.map(({ protocol, model, status }) => [protocol, model, status]),
      [
        ['REST', 'slow', '200 OK'],
        ['REST', 'slow', '200 OK'],
        ['gRPC', 'slow', 'OK'],
      ],
    );
  });
});
