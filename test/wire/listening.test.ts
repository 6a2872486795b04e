/** Where the listeners listen: addresses, families and Unix sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { floats, GrpcClient } from './grpc-client.js';
import { freePort, ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const STATUS = '/v1/models/m';
const HAS_IPV6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === '::1');

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

function statusOver(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: STATUS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('Listeners', function () {
  this.timeout(30_000);
  let folder: string;
  let server: ServerProcess | null = null;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-wire-'));
  });
  afterEach(async () => {
    if (server !== null) assert.equal((await server.stop()).code, 0);
    server = null;
    rmSync(folder, { recursive: true });
  });

  it('take IPv4 and IPv6 on both, and say so', async function () {
    server = await ServerProcess.start('m', MODEL);
    const { grpcPort, restPort } = server;
    for (const port of [grpcPort, restPort]) {
      assert.ok(await canConnect('127.0.0.1', port));
      assert.equal(await canConnect('::1', port), HAS_IPV6);
    }
    const host = HAS_IPV6 ? '\\[::\\]' : '0\\.0\\.0\\.0';
    assert.match(await server.lineWith('gRPC at'), new RegExp(`${host}:${grpcPort}, [a-z-]+"`));
    assert.match(await server.lineWith('REST at'), new RegExp(`${host}:${restPort}, [a-zA-Z-]+"`));
    if (!HAS_IPV6) return;
    const client = new GrpcClient(`[::1]:${grpcPort}`);
    await client.predict({ model_spec: { name: 'm' }, inputs: { x: floats(1) } });
    client.close();
    assert.equal((await fetch(`http://[::1]:${restPort}${STATUS}`)).status, 200);
  });

  for (const threads of [1, 2]) {
    it(`take the named addresses alone, with --io_threads=${threads}`, async () => {
      server = await ServerProcess.start(
        'm',
        MODEL,
        `--io_threads=${threads}`,
        '--grpc_host=127.0.0.2,127.0.0.3',
        '--rest_api_host=127.0.0.1, 127.0.0.3',
      );
      const { grpcPort, restPort } = server;
      const reached = async (port: number): Promise<boolean[]> =>
        Promise.all(['127.0.0.1', '127.0.0.2', '127.0.0.3'].map((host) => canConnect(host, port)));
      assert.deepEqual(await reached(grpcPort), [false, true, true]);
      assert.deepEqual(await reached(restPort), [true, false, true]);
    });
  }

  it('take a Unix socket for REST beside the port, and without it', async () => {
    const path = join(folder, 'rest.sock');
    server = await ServerProcess.start('m', MODEL, `--rest_api_socket_path=${path}`);
    assert.equal(await statusOver(path), 200);
    assert.equal((await fetch(`${server.restUrl}${STATUS}`)).status, 200);
    const second = new ServerProcess(
      [
        `--port=${await freePort()}`,
        `--rest_api_socket_path=${path}`,
        '--model_name=m',
        `--model_base_path=${MODEL}`,
      ],
      0,
      0,
    );
    await second.untilLogged('REST is off: unix:');
    assert.equal(await statusOver(path), 200);
    assert.equal((await second.stop()).code, 0);
  });
});
