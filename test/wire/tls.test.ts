/** TLS on both transports: who is served, who is turned away, and which configurations end the start. */
import * as grpc from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Authority, opensslMissing, pemField, type Identity } from './certificates.js';
import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import { grpcIsNative, restIsNative, ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const UNAVAILABLE = 14;

describe('TLS', function () {
  this.timeout(30_000);
  let folder: string;
  let ca: Authority;
  let other: Authority;
  let server: Identity;
  let client: Identity;
  let stranger: Identity;
  let open: ServerProcess | null = null;

  before(function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), 'tensorgate-tls-'));
    ca = new Authority(folder, 'ca');
    other = new Authority(folder, 'other');
    server = ca.issue('server');
    client = ca.issue('client');
    stranger = other.issue('stranger');
  });
  afterEach(async () => {
    const exit = await open?.stop();
    open = null;
    if (exit !== undefined) assert.equal(exit.code, 0);
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  /** The flag for a configuration file of the server's key and certificate and `more`. */
  function sslFlag(more = '', { key, cert }: Identity = server): string {
    const file = join(folder, 'ssl.config');
    writeFileSync(file, pemField('server_key', key) + pemField('server_cert', cert) + more);
    return `--ssl_config_file=${file}`;
  }

  async function start(...flags: string[]): Promise<ServerProcess> {
    return (open = await ServerProcess.start('m', MODEL, '--log_level=info', ...flags));
  }

  async function predict(
    address: string,
    authority: string | null,
    identity: Identity | null,
  ): Promise<void> {
    const shown = identity === null ? [null, null] : [identity.key, identity.cert];
    const [key, cert] = shown.map((pem) => (pem === null ? null : Buffer.from(pem)));
    const rpc = new GrpcClient(
      address,
      authority === null
        ? grpc.credentials.createInsecure()
        : grpc.credentials.createSsl(Buffer.from(authority), key, cert),
      { 'grpc.ssl_target_name_override': 'localhost' },
    );
    try {
      const request = { model_spec: { name: 'm' }, inputs: { x: floats(1, 2) } };
      const { outputs } = await rpc.predict(request);
      assert.ok(outputs);
    } finally {
      rpc.close();
    }
  }

  function unavailable(error: RpcError): boolean {
    return error.code === UNAVAILABLE;
  }

  function post(port: number, body: string, options: RequestOptions): Promise<[number, string]> {
    return new Promise((resolve, reject) => {
      const path = '/v1/models/m:predict';
      const asked = request(
        { port, path, method: 'POST', agent: false, ...options },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () => resolve([response.statusCode ?? 0, text]));
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  }

  it('serves both transports, and only with TLS', async () => {
    const running = await start(sslFlag());
    await predict(running.grpcAddress, ca.cert, null);
    const instances = Array.from({ length: 200_000 }, (_, i) => i + 0.5);
    const body = JSON.stringify({ instances });
    const [status, text] = await post(running.restPort, body, { ca: ca.cert });
    assert.equal(status, 200);
    assert.deepEqual((JSON.parse(text) as { predictions: number[] }).predictions, instances);

    await assert.rejects(predict(running.grpcAddress, null, null), unavailable);
    await assert.rejects(fetch(`${running.restUrl}/v1/models/m`));
  });

  it('ends its side after the last answer, and answers who has ended his, of HTTP/1.0 too', async function () {
    if (!restIsNative) {
      Object.assign(this.test ?? {}, { skipReason: 'of the native transport' });
      this.skip();
    }
    const { restPort: port } = await start(sslFlag());
    for (const [version, protocol] of [
      ['1.0', 'http/1.0'],
      ['1.1', 'http/1.1'],
    ] as const) {
      const client = tlsConnect({
        port,
        host: '127.0.0.1',
        ca: ca.cert,
        ALPNProtocols: [protocol],
      });
      const request = `GET /v1/models/m HTTP/${version}\r\nHost: x\r\nConnection: close\r\n\r\n`;
      const since = Date.now();
      if (version === '1.0') client.write(request);
      else client.end(request);
      assert.match(await text(client), /^HTTP\/1\.1 200 OK\r\n/); // up to its end
      assert.equal(client.alpnProtocol, protocol);
      assert.ok(Date.now() - since < 1500);
      client.destroy();
    }
  });

  it('is refused by clients that trust another authority', async () => {
    const running = await start(sslFlag());
    await assert.rejects(predict(running.grpcAddress, other.cert, null), unavailable);
    await assert.rejects(post(running.restPort, '{}', { ca: other.cert }), {
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  it('serves gRPC over a Unix socket as over TCP', async () => {
    const address = `unix:${join(folder, 'socket')}`;
    await start(sslFlag(), `--grpc_socket_path=${join(folder, 'socket')}`);
    await predict(address, ca.cert, null);
    await assert.rejects(predict(address, null, null), unavailable);
  });

  it('outlives bytes that are no handshake, and handshakes cut short', async () => {
    const running = await start(sslFlag());
    const clientHello = Buffer.from('1603010200010001fc0303', 'hex');
    for (const port of [running.grpcPort, running.restPort]) {
      for (const bytes of [
        clientHello,
        Buffer.alloc(20_000, 0x16),
        Buffer.from('PRI * HTTP/2.0'),
      ]) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined); // a reset is an answer too
        socket.end(bytes);
        socket.resume();
        await once(socket, 'close');
      }
    }
    await predict(running.grpcAddress, ca.cert, null);
    assert.equal((await post(running.restPort, '{"instances":[1]}', { ca: ca.cert }))[0], 200);
  });

  it('leaves no key in a file', async () => {
    const scratch = mkdtempSync(join(folder, 'scratch-'));
    const inherited = process.env['TMPDIR'];
    process.env['TMPDIR'] = scratch; // of the server too
    try {
      await start(sslFlag());
    } finally {
      if (inherited === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = inherited;
    }
    assert.deepEqual(readdirSync(scratch), []);
  });

  /** The name in the certificate that new connections to the port see. */
  function nameAt(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = tlsConnect({
        port,
        host: '127.0.0.1',
        ca: ca.cert,
        ALPNProtocols: ['h2', 'http/1.1'],
      });
      socket.on('error', reject);
      socket.on('secureConnect', () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
    });
  }

  for (const threads of [1, 2]) {
    it(`takes other certificates while it serves, with --io_threads=${threads}`, async () => {
      const renewed = ca.issue('renewed');
      const running = await start(sslFlag(), `--io_threads=${threads}`);
      const kept = new GrpcClient(
        running.grpcAddress,
        grpc.credentials.createSsl(Buffer.from(ca.cert)),
        { 'grpc.ssl_target_name_override': 'localhost' },
      );
      const ask = { model_spec: { name: 'm' }, inputs: { x: floats(1, 2) } };
      await kept.predict(ask);
      assert.equal(await nameAt(running.grpcPort), 'server');
      sslFlag('', { key: server.key, cert: 'none' });
      running.signal('SIGHUP');
      await running.untilLogged('the certificates in use stay');
      assert.equal(await nameAt(running.grpcPort), 'server');
      sslFlag('', renewed);
      await running.untilLogged('read anew (it has changed)');
      for (const [port, renews] of [
        [running.grpcPort, grpcIsNative],
        [running.restPort, restIsNative],
      ] as const) {
        assert.equal(await nameAt(port), renews ? 'renewed' : 'server');
      }
      assert.equal((await post(running.restPort, '{"instances":[1]}', { ca: ca.cert }))[0], 200);
      if (!grpcIsNative) await running.untilLogged('not before a restart: gRPC');
      else if (!restIsNative) await running.untilLogged('not before a restart: REST');
      await kept.predict(ask); // the connection goes on
      kept.close();
    });
  }

  it('asks clients for a certificate where it must, on both transports', async () => {
    const running = await start(sslFlag(pemField('custom_ca', ca.cert) + 'client_verify: true'));
    await predict(running.grpcAddress, ca.cert, client);
    await assert.rejects(predict(running.grpcAddress, ca.cert, null), unavailable);
    await assert.rejects(predict(running.grpcAddress, ca.cert, stranger), unavailable);
    const { key, cert } = client;
    const body = JSON.stringify({ instances: Array.from({ length: 200_000 }, () => 1.5) });
    const [status, text] = await post(running.restPort, body, { ca: ca.cert, key, cert });
    assert.equal(status, 200);
    assert.equal((JSON.parse(text) as { predictions: number[] }).predictions.length, 200_000);
    await assert.rejects(post(running.restPort, '{}', { ca: ca.cert }));
    await assert.rejects(
      post(running.restPort, '{}', { ca: ca.cert, key: stranger.key, cert: stranger.cert }),
    );
    await predict(running.grpcAddress, ca.cert, client);
  });
});
