/** The access log of a real server: what it says of requests over both protocols. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AuthFile } from './access-config.js';
import { floats, GrpcClient } from './grpc-client.js';
import { ServerProcess } from './server-process.js';
import { MANY, manyClients, predictedByAll, predictedByClients } from './threaded-server.js';

const HALF_PLUS_TWO = fileURLToPath(
  new URL('../../../examples/models/half_plus_two', import.meta.url),
);

type Line = Record<string, unknown>;

describe('Access log over the wire', () => {
  let folder = '';
  let file = '';
  let server: ServerProcess;
  const clients: GrpcClient[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'access-log-'));
    file = join(folder, 'access.log');
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    rmSync(folder, { recursive: true });
  });

  async function start(...flags: string[]): Promise<GrpcClient> {
    server = await ServerProcess.start('half', HALF_PLUS_TWO, `--access_log=${file}`, ...flags);
    const client = new GrpcClient(server.grpcAddress);
    clients.push(client);
    return client;
  }

  async function stopped(): Promise<void> {
    const { code, stderr } = await server.stop();
    assert.equal(code, 0, stderr);
  }

  const linesIn = (path = file): Line[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);

  async function post(path: string, body: object, headers = {}): Promise<number> {
    const text = JSON.stringify(body);
    const url = `${server.restUrl}/v1/models/${path}`;
    const reply = await fetch(url, { method: 'POST', body: text, headers });
    await reply.arrayBuffer();
    return reply.status;
  }

  /** Without what differs from run to run, which is looked at here. */
  function settled({ time, millis, peer, ...rest }: Line): Line {
    assert.ok(Math.abs(Date.parse(time as string) - Date.now()) < 600_000);
    assert.ok(millis === null || (typeof millis === 'number' && millis > 0), String(millis));
    assert.match(peer as string, /127\.0\.0\.1|7f00:0+1/);
    return rest;
  }

  it('says whose credentials it were', async () => {
    const auth = new AuthFile(`principal { name: "shop" KEY(shop-key) scope { } }
      anonymous { scope { model: "half" } }`);
    try {
      const client = await start(auth.flag);
      const asked = { model_spec: { name: 'half' }, inputs: { x: floats(1) } };
      await client.predict(asked, { 'x-api-key': 'shop-key' });
      await client.predict(asked);
      await post('half:predict', { instances: [1] }, { 'X-API-Key': 'shop-key' });
      await post('half:predict', { instances: [1] });
      assert.equal(await post('half:predict', { instances: [1] }, { 'X-API-Key': 'no' }), 401);
      await stopped();
      const principals = linesIn().map(({ protocol, principal }) => [protocol, principal]);
      assert.deepEqual(principals, [
        ...[
          ['gRPC', 'shop'],
          ['gRPC', null],
        ],
        ...[
          ['REST', 'shop'],
          ['REST', null],
          ['REST', null],
        ],
      ]);
    } finally {
      auth.remove();
    }
  });

  it('has a request over each protocol, answered natively or not', async () => {
    const client = await start();
    const spec = { name: 'half', version: { value: 1 } };
    const asked = { model_spec: spec, inputs: { x: floats(1) } };
    await client.predict(asked, { 'x-request-id': 'g' });
    const body = { instances: [1, 2] };
    await post('half:predict?key=secret', body, {});
    await post('half:predict', body, { 'X-Request-Id': 'r' });
    await fetch(`${server.restUrl}/v1/models/half`);
    await stopped();
    const [overGrpc, malformed, overRest, status] = linesIn().map(settled);
    const bytesIn = overGrpc?.['bytesIn'] as number;
    const bytesOut = overGrpc?.['bytesOut'] as number;
    assert.ok(bytesIn > 10 && bytesOut > 10);
    const ofAll = { label: null, principal: null };
    assert.deepEqual(overGrpc, {
      ...{ protocol: 'gRPC', method: 'Predict', path: null, model: 'half', version: '1' },
      ...{ status: 'OK', bytesIn, bytesOut, requestId: 'g', ...ofAll },
    });
    assert.equal(malformed?.['path'], '/v1/models/half:predict');
    assert.equal(malformed?.['status'], '400 Bad Request');
    assert.deepEqual(overRest, {
      ...{ protocol: 'REST', method: 'POST', path: '/v1/models/half:predict', model: 'half' },
      ...{ version: null, status: '200 OK', requestId: 'r', ...ofAll },
      bytesIn: JSON.stringify(body).length,
      bytesOut: overRest?.['bytesOut'],
    });
    assert.ok((overRest?.['bytesOut'] as number) > 10);
    assert.equal(status?.['method'], 'GET');
    assert.equal(status?.['path'], '/v1/models/half');
  });

  it('has those that fail whatever the share is', async () => {
    const client = await start('--access_log_sample=0', '--access_log_slow_millis=0');
    await client.predict({ model_spec: { name: 'half' }, inputs: { x: floats(1) } });
    assert.equal(await post('half:predict', { instances: [1] }), 200);
    await assert.rejects(client.predict({ model_spec: { name: 'none' } }));
    await assert.rejects(client.predict({ model_spec: { name: 'half' }, inputs: {} }));
    assert.equal(await post('half:predict', { instances: ['x'] }), 400);
    assert.equal(await post('none/versions/3:predict', { instances: [1] }), 404);
    await stopped();
    const told = linesIn().map(({ protocol, model, version, status }) => [
      ...[protocol, model, version, status],
    ]);
    assert.deepEqual(told, [
      ['gRPC', 'none', null, 'NOT_FOUND'],
      ['gRPC', 'half', null, 'INVALID_ARGUMENT'],
      ['REST', 'half', null, '400 Bad Request'],
      ['REST', 'none', '3', '404 Not Found'],
    ]);
  });

  it('has no probes', async () => {
    await start();
    assert.equal((await fetch(`${server.restUrl}/healthz`)).status, 200);
    await post('half:predict', { instances: [1] });
    await stopped();
    assert.deepEqual(
      linesIn().map(({ path }) => path),
      ['/v1/models/half:predict'],
    );
  });

  it('has those of all I/O threads as whole lines', async () => {
    await start('--io_threads=3');
    await predictedByAll(server, 'half');
    const many = manyClients(server);
    clients.push(...many);
    await predictedByClients(many, 'half');
    await stopped();
    assert.equal(linesIn().length, 2 * MANY);
  });

  it('begins a new file where the old one was moved away', async () => {
    await start();
    await post('half:predict', { instances: [1] });
    while (!existsSync(file)) await new Promise((then) => setTimeout(then, 20));
    const old = join(folder, 'old');
    renameSync(file, old);
    await post('half:predict', { instances: [1] });
    await stopped();
    assert.deepEqual([linesIn(old).length, linesIn().length], [1, 1]);
  });

  it('goes to the standard output', async () => {
    server = await ServerProcess.start('half', HALF_PLUS_TWO, '--access_log=-');
    await post('half:predict', { instances: [1] });
    const { stdout } = await server.stop();
    const line = stdout.split('\n').find((each) => each.startsWith('{"time"')) ?? '{}';
    assert.equal((JSON.parse(line) as Line)['status'], '200 OK');
  });
});
