/** --admin_port: what is there, what is no longer on the public ports, and whose credentials count where. */
import * as grpc from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { AuthFile } from './access-config.js';
import { call } from './admin-client.js';
import { Authority, opensslMissing, pemField } from './certificates.js';
import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import { profile } from './profiler-client.js';
import { freePort, ServerProcess } from './server-process.js';

const IDENTITY = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const METRICS = '/monitoring/prometheus/metrics';
const CODE = { unimplemented: 12, permissionDenied: 7, unauthenticated: 16, invalidArgument: 3 };

describe('The admin port', function () {
  this.timeout(60_000);
  let file: AuthFile;
  let port: number;
  let server: ServerProcess | null = null;
  const clients: GrpcClient[] = [];

  beforeEach(async () => {
    file = new AuthFile('');
    port = await freePort();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    const exit = await server?.stop();
    server = null;
    file.remove();
    if (exit !== undefined) assert.equal(exit.code, 0);
  });

  async function start(...flags: string[]): Promise<ServerProcess> {
    const monitoring = join(file.folder, 'monitoring.config');
    writeFileSync(monitoring, 'prometheus_config { enable: true }');
    const common = [`--admin_port=${port}`, `--monitoring_config_file=${monitoring}`];
    server = await ServerProcess.start('m', IDENTITY, ...common, ...flags);
    return server;
  }

  function client(address: string): GrpcClient {
    const opened = new GrpcClient(address);
    clients.push(opened);
    return opened;
  }

  const admin = (): GrpcClient => client(`127.0.0.1:${port}`);
  const status = async (url: string, headers: Record<string, string> = {}): Promise<number> => {
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    return response.status;
  };
  const codeOf = (work: Promise<unknown>): Promise<number> =>
    work.then(
      () => 0,
      (error: unknown) => (error as RpcError).code,
    );
  const predict = (rpc: GrpcClient): Promise<number> =>
    codeOf(rpc.predict({ model_spec: { name: 'm' }, inputs: { x: floats(1) } }));
  const sessionRun = (rpc: GrpcClient): Promise<number> =>
    codeOf(rpc.sessionRun({ model_spec: { name: 'm' } }));

  for (const threads of [1, 2]) {
    it(`has both protocols, with ${threads} I/O threads, and takes them from the public ports`, async () => {
      const { restUrl, grpcAddress } = await start(
        ...['--enable_admin_api', '--enable_session_run'],
        ...['--allow_reload_on_public_port=false', '--allow_metrics_on_public_port=false'],
        `--io_threads=${threads}`,
      );
      const base = `http://127.0.0.1:${port}`;
      const [open, closed] = [admin(), client(grpcAddress)];
      assert.equal(await predict(open), 0);
      assert.equal(await predict(closed), 0);
      assert.equal(await status(`${base}/v1/models/m`), 200);

      assert.equal(await status(`${base}/admin/v1/config`), 200);
      assert.equal(await status(`${restUrl}/admin/v1/config`), 404);
      assert.ok((await call(open, 'GetConfig', {}))['config']);
      assert.equal(await codeOf(call(closed, 'GetConfig', {})), CODE.unimplemented);

      assert.equal(await sessionRun(closed), CODE.unimplemented);
      assert.notEqual(await sessionRun(open), CODE.unimplemented);

      assert.equal(await codeOf(profile(closed, { duration_ms: 1 })), CODE.unimplemented);
      assert.equal(await codeOf(profile(open, { duration_ms: 1 })), 0);

      const models = [{ name: 'm', base_path: IDENTITY }];
      assert.equal(await codeOf(closed.reload(models)), CODE.permissionDenied);
      assert.equal(await codeOf(open.reload(models)), 0);

      assert.equal(await status(`${base}${METRICS}`), 200);
      assert.equal(await status(`${restUrl}${METRICS}`), 404);
    });
  }

  it('leaves reloads and metrics where upstream has them, unless told otherwise', async () => {
    const { restUrl, grpcAddress } = await start();
    const models = [{ name: 'm', base_path: IDENTITY }];
    assert.equal(await codeOf(client(grpcAddress).reload(models)), 0);
    assert.equal(await status(`${restUrl}${METRICS}`), 200);
    // The admin API needs no flag there.
    assert.equal(await status(`http://127.0.0.1:${port}/admin/v1/config`), 200);
  });

  it('has credentials of its own', async () => {
    file.write('principal { name: "shop" KEY(shop-key) scope { method: [INFER, READ, ADMIN] } }');
    const own = new AuthFile(
      'principal { name: "ops" KEY(ops-key) scope { method: [INFER, READ, ADMIN] } }',
    );
    try {
      const { restUrl } = await start(file.flag, `--admin_auth_config_file=${own.path}`);
      const at = (base: string, name: string): Promise<number> =>
        status(`${base}/v1/models/m`, { 'X-API-Key': name });
      const base = `http://127.0.0.1:${port}`;
      assert.equal(await at(base, 'ops-key'), 200);
      assert.equal(await at(base, 'shop-key'), 401);
      assert.equal(await at(restUrl, 'ops-key'), 401);
      assert.equal(await at(restUrl, 'shop-key'), 200);
      const config = `${base}/admin/v1/config`;
      assert.equal(await status(config), 401);
      assert.equal(await status(config, { 'X-API-Key': 'shop-key' }), 401);
      assert.equal(await status(config, { 'X-API-Key': 'ops-key' }), 200);
      assert.equal(await predict(admin()), CODE.unauthenticated);
      const body = {
        method: 'POST',
        headers: { 'X-API-Key': 'ops-key' },
        body: '{"instances": [1]}',
      };
      assert.equal((await fetch(`${base}/v1/models/m:predict`, body)).status, 200);
    } finally {
      own.remove();
    }
  });

  it('guards its own port where the public ones are open', async () => {
    file.write('principal { name: "ops" KEY(ops-key) scope { method: [INFER, READ, ADMIN] } }');
    const { restUrl } = await start(`--admin_auth_config_file=${file.path}`);
    assert.equal(await status(`${restUrl}/v1/models/m`), 200);
    assert.equal(await status(`http://127.0.0.1:${port}/v1/models/m`), 401);
    const body = { method: 'POST', body: '{"instances": [1]}' };
    const refused = await fetch(`http://127.0.0.1:${port}/v1/models/m:predict`, body);
    assert.equal(refused.status, 401);
  });

  it('takes the public credentials without a file of its own', async () => {
    file.write('principal { name: "ops" KEY(ops-key) scope { method: [READ, ADMIN] } }');
    await start(file.flag);
    const config = `http://127.0.0.1:${port}/admin/v1/config`;
    assert.equal(await status(config), 401);
    assert.equal(await status(config, { 'X-API-Key': 'ops-key' }), 200);
  });

  it('knows what a connection speaks however it is cut, and closes silent ones at a drain', async () => {
    await start();
    const socket = connect(port, '127.0.0.1');
    for (const part of ['P', 'O', 'ST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n']) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    assert.match(bytes.toString(), /^HTTP\/1\.1 404 /);
    socket.destroy();
    const silent = connect(port, '127.0.0.1');
    await once(silent, 'connect');
    const half = connect(port, '127.0.0.1');
    half.write('PR');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = Promise.all([once(silent, 'close'), once(half, 'close')]);
    silent.on('error', () => undefined);
    half.on('error', () => undefined);
    assert.equal((await server?.stop())?.code, 0);
    server = null;
    await closed;
  });

  it('speaks TLS as the other ports do', async function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    const ca = new Authority(file.folder, 'ca');
    const own = ca.issue('server');
    const ssl = join(file.folder, 'ssl.config');
    writeFileSync(ssl, pemField('server_key', own.key) + pemField('server_cert', own.cert));
    await start(`--ssl_config_file=${ssl}`);
    const rpc = new GrpcClient(
      `127.0.0.1:${port}`,
      grpc.credentials.createSsl(Buffer.from(ca.cert)),
      {
        'grpc.ssl_target_name_override': 'localhost',
      },
    );
    clients.push(rpc);
    assert.equal(await predict(rpc), 0);
    for (const ALPNProtocols of [['http/1.1'], undefined]) {
      const code = await new Promise((resolve, reject) => {
        const path = '/admin/v1/config';
        const tls = {
          ca: ca.cert,
          servername: 'localhost',
          ...(ALPNProtocols && { ALPNProtocols }),
        };
        const asked = httpsRequest(
          { host: '127.0.0.1', port, path, agent: false, ...tls },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          },
        );
        asked.on('error', reject);
        asked.end();
      });
      assert.equal(code, 200);
    }
    await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
  });
});
