/** --auth_config_file over both transports: who may ask what, and what is said to others. */
import * as grpc from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

import { Authority, opensslMissing, pemField } from './certificates.js';
import { AuthFile } from './access-config.js';
import { floats, GrpcClient, type RpcError } from './grpc-client.js';
import { PROFILER_SERVICE } from './profiler-client.js';
import { PrometheusPage } from './prometheus-parser.js';
import { RawClient } from './raw-http.js';
import { freePort, restIsNative, runToEnd, ServerProcess } from './server-process.js';

const IDENTITY = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const SLOW = fileURLToPath(new URL('../../../test/models/slow', import.meta.url));
const CODE = {
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unauthenticated: 16,
};

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

for (const threads of [1, 2]) {
  describe(`Access control with ${threads} I/O thread${threads === 1 ? '' : 's'}`, function () {
    this.timeout(60_000);
    let file: AuthFile;
    let server: ServerProcess;
    let rpc: GrpcClient;
    let signingKey: CryptoKey;
    let otherKey: CryptoKey;
    let jwks: { close(): void; url: string; asked: () => number };

    before(async () => {
      const keys = await generateKeyPair('ES256');
      signingKey = keys.privateKey;
      otherKey = (await generateKeyPair('ES256')).privateKey;
      const keySet = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'a', alg: 'ES256' }] };
      jwks = await serveJson(keySet);
      file = new AuthFile('');
      writeFileSync(join(file.folder, 'jwks.json'), JSON.stringify(keySet));
      file.write(config());
      const monitoring = join(file.folder, 'monitoring.config');
      writeFileSync(monitoring, 'prometheus_config { enable: true }');
      const models = join(file.folder, 'models.config');
      const entry = (name: string, path: string): string =>
        `config { name: "${name}" base_path: "${path}" model_platform: "tensorflow" }`;
      const entries = [entry('m', IDENTITY), entry('other', IDENTITY), entry('slow', SLOW)];
      writeFileSync(models, `model_config_list { ${entries.join('\n')} }`);
      server = await ServerProcess.startWith(
        `--model_config_file=${models}`,
        file.flag,
        '--enable_admin_api',
        `--monitoring_config_file=${monitoring}`,
        '--run_pool_threads=2',
        `--io_threads=${threads}`,
      );
      rpc = new GrpcClient(server.grpcAddress);
    });
    after(async () => {
      rpc?.close();
      jwks?.close();
      const exit = await server?.stop();
      file?.remove();
      assert.equal(exit?.code, 0);
    });

    function config(more = ''): string {
      return `
        principal { name: "shop" KEY(shop-key) KEY(shop-key-2) scope { model: "m" } }
        principal { name: "ops" KEY(ops-key) scope { method: [INFER, READ, ADMIN] } }
        principal { name: "few" KEY(few-key) scope { model: "*" }
          limit { requests_per_second: 0.001 burst: 2 } }
        principal { name: "one" KEY(one-key) scope { model: "slow" }
          limit { max_concurrent_requests: 1 } }
        principal { name: "robot" jwt { issuer: "https://files" subject: "robot" }
          scope { model: "other" } }
        jwt_issuer { issuer: "https://files" audience: "tensorgate" algorithm: "ES256"
          jwks_file: "${join(file.folder, 'jwks.json')}" scope { model: "m" } }
        jwt_issuer { issuer: "https://gone" audience: "tensorgate" algorithm: "ES256"
          jwks_url: "http://127.0.0.1:9/" scope { } }
        jwt_issuer { issuer: "https://url" audience: "a" audience: "tensorgate" algorithm: "ES256"
          jwks_url: "${jwks.url}" scope { model: "*" } scope_claim: "scope" }
        ${more}`;
    }

    async function ask(path: string, headers: Record<string, string>, body?: string) {
      const init = body === undefined ? { headers } : { method: 'POST', headers, body };
      const response = await fetch(`${server.restUrl}${path}`, init);
      const text = await response.text();
      return { status: response.status, text, headers: response.headers } satisfies Answer;
    }

    const predict = (model: string, headers: Record<string, string>): Promise<Answer> =>
      ask(`/v1/models/${model}:predict`, headers, '{"instances": [1.5]}');
    const key = (name: string): Record<string, string> => ({ 'X-API-Key': name });
    const bearer = (token: string): Record<string, string> => ({
      Authorization: `Bearer ${token}`,
    });

    /** The code that a gRPC Predict ends with. */
    async function rpcCode(model: string, headers: Record<string, string>): Promise<number> {
      try {
        await rpc.predict({ model_spec: { name: model }, inputs: { x: floats(1) } }, headers);
        return 0;
      } catch (error) {
        return (error as RpcError).code;
      }
    }

    function token(claims: Record<string, unknown>, signedWith: CryptoKey = signingKey) {
      const {
        iss = 'https://files',
        sub = 'someone',
        aud = 'tensorgate',
        exp = '1h',
        ...more
      } = claims;
      return new SignJWT(more)
        .setProtectedHeader({ alg: 'ES256', kid: 'a' })
        .setIssuer(iss as string)
        .setSubject(sub as string)
        .setAudience(aud as string)
        .setExpirationTime(exp as string | number)
        .sign(signedWith);
    }

    it('turns away who shows nothing, or nothing that is known', async () => {
      for (const headers of [{}, key('wrong'), bearer('wrong'), bearer('a.b.c'), key('')]) {
        const { status, text, headers: sent } = await predict('m', headers);
        assert.equal(status, 401, text);
        assert.equal(sent.get('www-authenticate'), 'Bearer');
        assert.equal((await predict('nosuch', headers)).text, text);
        assert.equal((await ask('/v1/models/m', headers)).status, 401);
        assert.equal((await ask('/v1/models', headers)).status, 401);
        assert.equal((await ask('/v1/models/m/metadata', headers)).status, 401);
        assert.equal((await ask('/admin/v1/config', headers)).status, 401);
        assert.equal(await rpcCode('m', headers), CODE.unauthenticated);
        assert.equal(await rpcCode('nosuch', headers), CODE.unauthenticated);
      }
    });

    it('takes keys from both headers, over both protocols', async () => {
      for (const headers of [key('shop-key'), bearer('shop-key'), key('shop-key-2')]) {
        assert.equal((await predict('m', headers)).status, 200);
        assert.equal(await rpcCode('m', headers), 0);
        assert.equal((await ask('/v1/models/m', headers)).status, 200);
        assert.equal((await ask('/v1/models/m/metadata', headers)).status, 200);
      }
      const lower = { authorization: 'bearer   shop-key' };
      assert.equal((await predict('m', lower)).status, 200);
      assert.equal(await rpcCode('m', lower), 0);
      // Other schemes are for others.
      const basic = { Authorization: 'Basic eDp5', ...key('shop-key') };
      assert.equal((await predict('m', basic)).status, 200);
      assert.equal(await rpcCode('m', basic), 0);
      // A wrong token is not made good by a key.
      assert.equal((await predict('m', { ...bearer('no'), ...key('shop-key') })).status, 401);
      assert.equal(await rpcCode('m', { ...bearer('no'), ...key('shop-key') }), 16);
    });

    it('gives no hint which models there are', async () => {
      const refused = await predict('other', key('shop-key'));
      assert.equal(refused.status, 403);
      assert.equal((await predict('nosuch', key('shop-key'))).text, refused.text);
      assert.equal((await ask('/v1/models/nosuch', key('shop-key'))).status, 403);
      assert.equal(await rpcCode('other', key('shop-key')), CODE.permissionDenied);
      assert.equal(await rpcCode('nosuch', key('shop-key')), CODE.permissionDenied);
      assert.equal(await rpcCode('nosuch', key('ops-key')), CODE.notFound);
      const listed = await ask('/v1/models', key('shop-key'));
      const { models } = JSON.parse(listed.text) as { models: { name: string }[] };
      assert.deepEqual(
        models.map(({ name }) => name),
        ['m'],
      );
    });

    it('tells probes of the server, and of models only who may know', async () => {
      const { status, text } = await ask('/readyz', {});
      assert.deepEqual([status, text], [200, 'ok\n']);
      assert.equal((await ask('/healthz', key('wrong'))).status, 200);
      const check = async (service: string, headers: Record<string, string>): Promise<number> => {
        const request = Buffer.from(`\n${String.fromCharCode(service.length)}${service}`);
        try {
          await rpc.raw('/grpc.health.v1.Health/Check', request, 5000, headers);
          return 0;
        } catch (error) {
          return (error as RpcError).code;
        }
      };
      assert.equal(await check('', {}), 0);
      assert.equal(await check('', key('wrong')), 0);
      assert.equal(await check('m', {}), CODE.notFound);
      assert.equal(await check('m', key('shop-key')), 0);
      assert.equal(await check('other', key('shop-key')), CODE.notFound);
    });

    it('keeps reloads, profiles and the admin API for admins', async () => {
      assert.equal((await ask('/admin/v1/config', key('shop-key'))).status, 403);
      assert.equal((await ask('/admin/v1/config', key('ops-key'))).status, 200);
      await assert.rejects(rpc.reload([{ name: 'm', base_path: IDENTITY }]), {
        code: CODE.unauthenticated,
      });
      for (const method of ['Profile', 'Terminate', 'Monitor']) {
        const answer = (headers: Record<string, string>): Promise<number> =>
          rpc.raw(`/${PROFILER_SERVICE}/${method}`, Buffer.of(8, 1), 5000, headers).then(
            () => 0,
            (error: RpcError) => error.code,
          );
        assert.equal(await answer({}), CODE.unauthenticated);
        assert.equal(await answer(key('shop-key')), CODE.permissionDenied);
        const expected = method === 'Monitor' ? CODE.unimplemented : 0;
        assert.equal(await answer(key('ops-key')), expected, method);
      }
    });

    it('counts requests, those that the addon answers and those that it does not', async () => {
      assert.equal((await predict('m', key('few-key'))).status, 200);
      assert.equal(await rpcCode('m', key('few-key')), 0);
      const refused = await predict('m', key('few-key'));
      assert.equal(refused.status, 429);
      assert.match(
        refused.text,
        /More requests than these credentials may have in a second: 0.001/,
      );
      assert.ok(Number(refused.headers.get('retry-after')) > 100);
      assert.equal(await rpcCode('m', key('few-key')), CODE.resourceExhausted);
      assert.equal((await ask('/v1/models/m', key('few-key'))).status, 429);
    });

    it('bounds what is in progress, and counts what has ended', async () => {
      const body = JSON.stringify({ instances: [{ x: 1, iterations: 10_000 }] });
      const slow = (): Promise<Answer> => ask('/v1/models/slow:predict', key('one-key'), body);
      const [first, second] = await Promise.all([slow(), slow()]);
      const statuses = [first.status, second.status].sort();
      assert.deepEqual(statuses, [200, 429], first.text + second.text);
      assert.equal((await slow()).status, 200);
      assert.equal((await slow()).status, 200);
    });

    it('takes tokens whose signature, issuer, audience and time are right', async () => {
      const good = bearer(await token({}));
      assert.equal((await predict('m', good)).status, 200);
      assert.equal(await rpcCode('m', good), 0);
      assert.equal((await predict('other', good)).status, 403);
      const robot = bearer(await token({ sub: 'robot' }));
      assert.equal(await rpcCode('other', robot), 0);
      assert.equal((await predict('other', robot)).status, 200);
      assert.equal((await predict('m', robot)).status, 403);
      const now = Math.floor(Date.now() / 1000);
      for (const claims of [
        { iss: 'https://nobody' },
        { aud: 'another' },
        { exp: now - 10 },
        { sub: undefined, iss: 'https://url', aud: 'b' },
      ]) {
        const bad = bearer(await token(claims));
        assert.equal((await predict('m', bad)).status, 401, JSON.stringify(claims));
        assert.equal(await rpcCode('m', bad), CODE.unauthenticated, JSON.stringify(claims));
      }
      assert.equal((await predict('m', bearer(await token({}, otherKey)))).status, 401);
      const [head, , signature] = (await token({})).split('.');
      const forged = Buffer.from(
        JSON.stringify({ iss: 'https://files', sub: 'robot', aud: 'tensorgate', exp: now + 100 }),
      ).toString('base64url');
      assert.equal((await predict('other', bearer(`${head}.${forged}.${signature}`))).status, 401);
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      assert.equal((await predict('other', bearer(`${none}.${forged}.`))).status, 401);
    });

    it('ends with a token, to the second', async () => {
      const soon = Math.floor(Date.now() / 1000) + 2;
      const brief = bearer(await token({ exp: soon }));
      assert.equal((await predict('m', brief)).status, 200);
      assert.equal(await rpcCode('m', brief), 0);
      await new Promise((resolve) => setTimeout(resolve, soon * 1000 + 100 - Date.now()));
      assert.equal((await predict('m', brief)).status, 401);
      assert.equal(await rpcCode('m', brief), CODE.unauthenticated);
    });

    it('asks a URL for the keys, and takes what a token gives up', async () => {
      const scoped = (scope: unknown) => token({ iss: 'https://url', scope });
      const m = bearer(await scoped('openid infer:m'));
      assert.equal((await predict('m', m)).status, 200);
      assert.equal((await predict('other', m)).status, 403);
      assert.equal((await ask('/v1/models/m', m)).status, 403);
      const list = bearer(await scoped(['infer:o*', 'admin:*']));
      assert.equal((await predict('other', list)).status, 200);
      assert.equal((await ask('/admin/v1/config', list)).status, 403);
      assert.equal((await predict('m', bearer(await scoped('openid')))).status, 403);
      assert.equal(jwks.asked(), 1);
    });

    it('says so where the keys of an issuer cannot be had, and outlives it', async () => {
      const gone = bearer(await token({ iss: 'https://gone' }));
      const paths = ['/readyz', '/healthz', '/nowhere', '/v1/models/m:nothing'];
      for (const path of paths) await ask(path, gone);
      await fetch(`${server.restUrl}/v1/models/m`, { method: 'OPTIONS', headers: gone });
      const { status, text } = await predict('m', gone);
      assert.equal(status, 503, text);
      assert.match(text, /keys of the issuer of the token cannot be had/);
      assert.equal((await ask('/v1/models/m', gone)).status, 503);
      assert.equal(await rpcCode('m', gone), 14);
      assert.equal((await predict('m', key('shop-key'))).status, 200);
    });

    it('counts what it refuses', async () => {
      const page = await ask('/metrics', key('ops-key'));
      assert.equal(page.status, 200);
      const counts = new PrometheusPage(page.text).all(':tensorgate:refused_request_count');
      const of = (reason: string): number =>
        Object.entries(counts).find(([labels]) => labels.includes(reason))?.[1] ?? 0;
      for (const reason of ['unauthenticated', 'denied', 'rate', 'concurrency']) {
        assert.ok(of(reason) > 0, `${reason} in ${JSON.stringify(counts)}`);
      }
      const before = of('unauthenticated');
      assert.equal((await ask('/metrics', {})).status, 401);
      assert.equal((await predict('m', {})).status, 401);
      assert.equal(await rpcCode('m', {}), CODE.unauthenticated);
      const after = new PrometheusPage((await ask('/metrics', key('ops-key'))).text);
      const name = Object.keys(counts).find((labels) => labels.includes('unauthenticated')) ?? '';
      assert.equal(after.all(':tensorgate:refused_request_count')[name], before + 3);
    });

    it('reads the file anew when it changes, and keeps what is in force where it is wrong', async () => {
      const load = setInterval(() => void predict('m', key('shop-key')).catch(() => undefined), 5);
      try {
        file.write(config('principal { name: "new" KEY(new-key) scope { model: "m" } }'));
        await until(async () => (await predict('m', key('new-key'))).status === 200);
        assert.equal(await rpcCode('m', key('new-key')), 0);
        const offset = server.log.length;
        file.write('principal { name: "x" }');
        await server.untilLogged('what is in force stays', offset);
        assert.equal((await predict('m', key('new-key'))).status, 200);
        const body = '{"instances": [1.5]}';
        const head = `Host: h\r\nX-API-Key: new-key\r\nContent-Length: ${body.length}\r\n\r\n`;
        const slow = await RawClient.open(server.restPort);
        await slow.write(`POST /v1/models/m:predict HTTP/1.1\r\n${head}${body.slice(0, 5)}`);
        file.write(config());
        await until(async () => (await predict('m', key('new-key'))).status === 401);
        await slow.write(body.slice(5)); // of whom it was when it began
        assert.equal((await slow.answer()).status, 401);
        slow.socket.destroy();
        assert.equal(await rpcCode('m', key('new-key')), CODE.unauthenticated);
        assert.equal((await predict('m', key('shop-key'))).status, 200);
      } finally {
        clearInterval(load);
      }
    });
  });
}

describe('Access without credentials', function () {
  this.timeout(30_000);

  it('is open where the file says so', async () => {
    const file = new AuthFile(`
      anonymous { scope { model: "public*" } limit { requests_per_second: 1000 } }
      principal { name: "shop" KEY(shop-key) }`);
    const models = join(file.folder, 'models.config');
    const entry = (name: string): string =>
      `config { name: "${name}" base_path: "${IDENTITY}" model_platform: "tensorflow" }`;
    writeFileSync(models, `model_config_list { ${entry('public_m')} ${entry('m')} }`);
    const server = await ServerProcess.startWith(`--model_config_file=${models}`, file.flag);
    const rpc = new GrpcClient(server.grpcAddress);
    const predict = (model: string, headers: Record<string, string>): Promise<Response> => {
      const init = { method: 'POST', headers, body: '{"instances": [1]}' };
      return fetch(`${server.restUrl}/v1/models/${model}:predict`, init);
    };
    const request = (name: string): object => ({ model_spec: { name }, inputs: { x: floats(1) } });
    try {
      assert.equal((await predict('public_m', {})).status, 200);
      assert.equal((await predict('m', {})).status, 401);
      assert.equal((await predict('public_m', { 'X-API-Key': 'wrong' })).status, 401);
      await rpc.predict(request('public_m'));
      await assert.rejects(rpc.predict(request('m')), { code: CODE.unauthenticated });
      // Without scopes: nothing.
      assert.equal((await predict('public_m', { 'X-API-Key': 'shop-key' })).status, 403);
    } finally {
      rpc.close();
      await server.stop();
      file.remove();
    }
  });

  it('knows clients by their certificates', async function () {
    const missing = opensslMissing();
    if (missing !== null) {
      console.log(`    ${missing}`);
      this.skip();
    }
    const file = new AuthFile(`
      principal { name: "client" certificate_san: "DNS:localhost" scope { model: "m" } }
      principal { name: "shop" KEY(shop-key) scope { model: "*" } }`);
    const ca = new Authority(file.folder, 'ca');
    const [own, client] = [ca.issue('server'), ca.issue('client')];
    const ssl = join(file.folder, 'ssl.config');
    const fields = { server_key: own.key, server_cert: own.cert, custom_ca: ca.cert };
    const lines = Object.entries(fields).map(([name, pem]) => pemField(name, pem));
    writeFileSync(ssl, `${lines.join('\n')}\nclient_verify: true`);
    const flags = [`--ssl_config_file=${ssl}`, file.flag];
    const server = await ServerProcess.start('m', IDENTITY, ...flags);
    const credentials = grpc.credentials.createSsl(
      ...[ca.cert, client.key, client.cert].map((pem) => Buffer.from(pem)),
    );
    const rpc = new GrpcClient(server.grpcAddress, credentials, {
      'grpc.ssl_target_name_override': 'localhost',
    });
    const request = (name: string): object => ({ model_spec: { name }, inputs: { x: floats(1) } });
    const post = (headers: Record<string, string>): Promise<number> =>
      new Promise((resolve, reject) => {
        const tls = { ca: ca.cert, key: client.key, cert: client.cert, servername: 'localhost' };
        const path = '/v1/models/m:predict';
        const where = { host: '127.0.0.1', port: server.restPort, path, method: 'POST' };
        const asked = httpsRequest({ ...where, headers, agent: false, ...tls }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        asked.on('error', reject);
        asked.end('{"instances": [1]}');
      });
    try {
      await rpc.predict(request('m'));
      await assert.rejects(rpc.predict(request('n')), { code: CODE.permissionDenied });
      await assert.rejects(rpc.predict(request('m'), { 'x-api-key': 'no' }), { code: 16 });
      // The name in a header is no certificate.
      await assert.rejects(rpc.predict(request('n'), { 'x-api-key': 'DNS:localhost' }), {
        code: 16,
      });
      // uWebSockets does not show certificates.
      assert.equal(await post({}), restIsNative ? 200 : 401);
      assert.equal(await post({ 'X-API-Key': 'shop-key' }), 200);
      assert.equal(await post({ 'X-API-Key': 'no' }), 401);
    } finally {
      rpc.close();
      await server.stop();
      file.remove();
    }
  });

  it('is bounded by --max_concurrent_requests alone', async () => {
    const server = await ServerProcess.start('slow', SLOW, '--max_concurrent_requests=1');
    const body = JSON.stringify({ instances: [{ x: 1, iterations: 10_000 }] });
    const slow = async (): Promise<[number, string]> => {
      const init = { method: 'POST', body };
      const response = await fetch(`${server.restUrl}/v1/models/slow:predict`, init);
      return [response.status, await response.text()];
    };
    try {
      const answers = await Promise.all([slow(), slow(), slow()]);
      const statuses = answers.map(([status]) => status).sort();
      assert.deepEqual(statuses, [200, 429, 429], JSON.stringify(answers));
      const refused = answers.find(([status]) => status === 429)?.[1] ?? '';
      assert.match(refused, /As many requests are in progress as this server may have: 1\./);
      assert.equal((await slow())[0], 200);
    } finally {
      await server.stop();
    }
  });

  it('ends the start where the file is wrong, and says all that is', async () => {
    const file = new AuthFile(`
      principal { name: "a" api_key_sha256: "secret" }
      principal { name: "a" }
      jwt_issuer { issuer: "x" algorithm: "HS256" }`);
    const ports = [`--port=${await freePort()}`];
    const exit = await runToEnd([
      ...ports,
      '--model_name=m',
      `--model_base_path=${IDENTITY}`,
      file.flag,
    ]);
    file.remove();
    assert.equal(exit.code, 255);
    assert.match(exit.stdout, /Invalid auth config file/);
    for (const field of [
      'principal[0].api_key_sha256[0]',
      'principal[1]',
      'principal.name',
      'jwt_issuer[0].audience',
      'jwt_issuer[0].algorithm[0]',
    ]) {
      assert.ok(exit.stderr.includes(field), `${field} in ${exit.stderr}`);
    }
    assert.ok(!exit.stderr.includes('secret'));
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, 'it did not happen in 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function serveJson(
  value: object,
): Promise<{ close(): void; url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { close: () => server.close(), url: `http://127.0.0.1:${port}/jwks`, asked: () => asked };
}
