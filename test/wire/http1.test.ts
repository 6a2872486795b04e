/** HTTP/1.0 and 1.1 as RFC 9112 has them, byte by byte, over the addon's listener. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { slowBody } from '../integration/models.js';
import { askRaw, postHead, RawClient } from './raw-http.js';
import { restIsNative, ServerProcess } from './server-process.js';

const model = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));
const PATH = '/v1/models/m:predict';
const BODY = '{"instances": [1.0]}';
const ANSWER = '{\n    "predictions": [1.0\n    ]\n}';
const STATUS = '/v1/models/m';
const MAX_BODY_BYTES = 4 << 20;
const POST = postHead(PATH, BODY.length) + BODY;

const get = (target: string, version = '1.1', ...fields: string[]): string =>
  `GET ${target} HTTP/${version}\r\n${['Host: x', ...fields].join('\r\n')}\r\n\r\n`;

describe('HTTP/1.1 of the native transport', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  before(async function () {
    if (!restIsNative) this.skip();
    server = await ServerProcess.start(
      'm',
      model('identity'),
      `--rest_api_max_body_bytes=${MAX_BODY_BYTES}`,
      '--rest_api_idle_timeout_seconds=3',
      '--rest_api_max_connections=20',
    );
  });
  after(async () => {
    if (restIsNative) assert.equal((await server.stop()).code, 0);
  });

  const open = (): Promise<RawClient> => RawClient.open(server.restPort);
  const ask = (bytes: string) => askRaw(server.restPort, bytes);

  it('answers HTTP/1.0, and closes', async () => {
    const client = await open();
    void client.write(POST.replace('HTTP/1.1', 'HTTP/1.0'));
    const { status, head, body } = await client.answer();
    assert.equal(status, 200);
    assert.match(head, /\r\nConnection: close\r\n/);
    assert.equal(body.toString(), ANSWER);
    await client.closed;
    assert.equal((await ask('GET /v1/models/m HTTP/1.0\r\n\r\n')).status, 200); // it needs no Host
  });

  it('keeps the connection of HTTP/1.0 clients that ask for it, and tells for how long', async () => {
    const client = await open();
    for (let i = 0; i < 2; ++i) {
      void client.write(get(STATUS, '1.0', 'Connection: Keep-Alive'));
      const { head } = await client.answer();
      assert.match(head, /\r\nConnection: keep-alive\r\nKeep-Alive: timeout=3\r\n/);
    }
    client.destroy();
  });

  it('closes after Connection: close', async () => {
    const client = await open();
    void client.write(get(STATUS, '1.1', 'Connection: close'));
    assert.match((await client.answer()).head, /\r\nConnection: close\r\n/);
    await client.closed;
  });

  it('answers pipelined requests in order, of JavaScript and not', async () => {
    const client = await open();
    const times = 50;
    void client.write((POST + get(STATUS) + get('/v1/models/nope')).repeat(times));
    for (let i = 0; i < times; ++i) {
      assert.equal((await client.answer()).body.toString(), ANSWER);
      assert.match((await client.answer()).body.toString(), /"state": "AVAILABLE"/);
      assert.equal((await client.answer()).status, 404);
    }
    client.destroy();
  });

  it('takes a request in any pieces', async () => {
    const requests = POST + get(STATUS, '1.1', `X: ${'a'.repeat(6000)}`) + POST;
    for (const size of [1, 7, 1400]) {
      const client = await open();
      client.socket.setNoDelay(true);
      for (let at = 0; at < requests.length; at += size) {
        void client.write(requests.slice(at, at + size));
        if (size > 1 || at % 16 === 0) await new Promise(setImmediate);
      }
      for (const status of [200, 200, 200]) assert.equal((await client.answer()).status, status);
      client.destroy();
    }
  });

  it('takes any number of fields, up to 64 KiB', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `X-${i}: v`);
    assert.equal((await ask(get(STATUS, '1.1', ...many))).status, 200);
    const tooLong = await ask(get(STATUS, '1.1', `X: ${'a'.repeat(64 << 10)}`));
    assert.equal(tooLong.status, 431);
    assert.match(tooLong.head, /\r\nConnection: close\r\n/);
    assert.match(tooLong.body.toString(), /larger than 65536 bytes/);
  });

  it('says 100 to any spelling of Expect, but not to a body that is too large', async () => {
    const client = await open();
    for (const spelling of ['100-continue', '100-CONTINUE']) {
      void client.write(postHead(PATH, BODY.length, `Expect: ${spelling}`));
      assert.equal((await client.answer()).status, 100);
      void client.write(BODY);
      assert.equal((await client.answer()).body.toString(), ANSWER);
    }
    client.destroy();
    const tooLarge = await ask(postHead(PATH, MAX_BODY_BYTES + 1, 'Expect: 100-continue'));
    assert.equal(tooLarge.status, 413);
    const nowhere = await open();
    void nowhere.write(postHead('/nope', BODY.length, 'Expect: 100-continue'));
    assert.equal((await nowhere.answer()).status, 100);
    void nowhere.write(BODY);
    assert.equal((await nowhere.answer()).status, 404);
    nowhere.destroy();
    assert.equal((await ask(postHead(PATH, 10, 'Expect: a miracle'))).status, 417);
  });

  it('takes chunks with extensions and trailers', async () => {
    const client = await open();
    const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n`;
    const size = BODY.length.toString(16);
    for (let i = 0; i < 2; ++i) {
      void client.write(`${head}${size};a=b\r\n${BODY}\r\n0\r\nX-Sum: 1\r\n\r\n`);
      assert.equal((await client.answer()).body.toString(), ANSWER);
    }
    client.destroy();
  });

  it('answers who has half closed', async () => {
    const client = await open();
    client.socket.end(POST + POST);
    for (let i = 0; i < 2; ++i) assert.equal((await client.answer()).body.toString(), ANSWER);
    await client.closed;
  });

  it('answers 404 to a large body at a wrong path, which it passes over', async () => {
    const client = await open();
    void client.write(postHead('/nope', MAX_BODY_BYTES) + ' '.repeat(MAX_BODY_BYTES));
    assert.equal((await client.answer()).status, 404);
    client.destroy();
  });

  it('ignores an offer to change the protocol', async () => {
    const client = await open();
    const offer = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMA'];
    void client.write(get(STATUS, '1.1', ...offer).repeat(2));
    void client.write(postHead(PATH, BODY.length, ...offer) + BODY);
    for (let i = 0; i < 3; ++i) assert.equal((await client.answer()).status, 200);
    client.destroy();
  });

  it('takes an absolute target, whose host is not looked at', async () => {
    assert.equal((await ask(get('HTTP://elsewhere:80/v1/models/m'))).status, 200);
    assert.equal((await ask(get('http://elsewhere'))).status, 404);
  });

  const smuggled = `5\r\nabcde\r\n0\r\n\r\n`;
  for (const [what, fields, status] of [
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6', 400],
    ['the same length twice', 'Content-Length: 5\r\nContent-Length: 5', 400],
    ['a list of lengths', 'Content-Length: 5, 5', 400],
    ['a length with a sign', 'Content-Length: +5', 400],
    ['a length beyond 64 bits', 'Content-Length: 99999999999999999999', 400],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked', 400],
    ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 5', 400],
    ['chunks named twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', 400],
    ['another coding before chunks', 'Transfer-Encoding: gzip, chunked', 501],
    ['a coding that is not chunked', 'Transfer-Encoding: identity', 501],
    ['a blank before the colon', 'Transfer-Encoding : chunked', 400],
    ['a field that goes on in another line', 'A: b\r\n c\r\nContent-Length: 5', 400],
    ['a bare CR in a value', 'A: b\rContent-Length: 5', 400],
    ['a bare LF in the head', 'A: b\nContent-Length: 5', 400],
    ['a NUL in a value', 'A: b\0c', 400],
    ['a second Host', 'Host: y', 400],
  ] as const) {
    it(`refuses ${what}, and closes`, async () => {
      const client = await open();
      void client.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${smuggled}`);
      const answer = await client.answer();
      assert.equal(answer.status, status);
      assert.match(answer.head, /\r\nConnection: close\r\n/);
      assert.match(answer.body.toString(), /"error": "/);
      await client.closed;
      assert.ok(!client.hasMore);
    });
  }

  it('refuses HTTP/2 and other versions with 505', async () => {
    assert.equal((await ask('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).status, 505);
    assert.equal((await ask(get(STATUS, '1.2'))).status, 505);
    assert.equal((await ask(get(STATUS, '0.9'))).status, 505);
  });

  it('closes an idle connection after the time it said, and none that is used', async () => {
    const idle = await open();
    const used = await open();
    void idle.write(POST);
    await idle.answer();
    for (let i = 0; i < 8; ++i) {
      void used.write(POST);
      assert.equal((await used.answer()).status, 200);
      await delay(500);
    }
    await idle.closed;
    assert.ok(!used.isClosed);
    used.destroy();
  });

  it('answers 503 to more connections than there may be', async () => {
    const clients: RawClient[] = [];
    for (let i = 0; i < 20; ++i) clients.push(await open());
    void (clients[19] as RawClient).write(POST);
    await (clients[19] as RawClient).answer(); // it has them all
    const refused = await open();
    const { status, head, body } = await refused.answer();
    assert.equal(status, 503);
    assert.match(head, /\r\nConnection: close\r\n/);
    assert.match(body.toString(), /as many connections as there may be: 20\./);
    for (const client of clients) client.destroy();
    refused.destroy();
    let answer = await ask(POST).catch(() => null);
    while (answer?.status !== 200) answer = await ask(POST).catch(() => null);
  });
});

describe('A drain of the native transport', function () {
  this.timeout(60_000);
  before(function () {
    if (!restIsNative) this.skip();
  });

  it('answers what is in flight and what still comes, and says that it closes', async () => {
    const server = await ServerProcess.start('m', model('slow'), '--run_pool_threads=1');
    const busy = await RawClient.open(server.restPort);
    const body = slowBody(20_000);
    void busy.write(postHead(PATH, body.length) + body);
    const idle = await RawClient.open(server.restPort);
    void idle.write(get(STATUS));
    await idle.answer();
    const stopped = server.stop();
    await delay(50);
    void idle.write(get(STATUS));
    const late = await idle.answer();
    assert.equal(late.status, 200);
    assert.match(late.head, /\r\nConnection: close\r\n/);
    const answer = await busy.answer();
    assert.equal(answer.status, 200);
    assert.match(answer.head, /\r\nConnection: close\r\n/);
    assert.equal((await stopped).code, 0);
  });

  it('answers all that had connected before it', async () => {
    const server = await ServerProcess.start('m', model('identity'));
    server.signal('SIGSTOP'); // they wait in the kernel
    const clients = await Promise.all(
      Array.from({ length: 30 }, () => RawClient.open(server.restPort)),
    );
    await Promise.all(clients.map((client) => client.write(POST)));
    const stopped = server.stop();
    server.signal('SIGCONT');
    // Those that an I/O thread answers before the server has taken the signal do not say that they close.
    for (const client of clients) assert.equal((await client.answer()).status, 200);
    for (const client of clients) await client.closed;
    assert.equal((await stopped).code, 0);
  });

  it('answers what came while it was too busy to read', async () => {
    const server = await ServerProcess.start('m', model('identity'));
    const clients: RawClient[] = [];
    for (let i = 0; i < 5; ++i) clients.push(await RawClient.open(server.restPort));
    for (const client of clients) void client.write(POST);
    for (const client of clients) await client.answer();
    const stopped = server.stop();
    await server.untilLogged('draining');
    server.signal('SIGSTOP');
    await delay(300); // longer than it leaves who is idle
    await Promise.all(clients.map((client) => client.write(POST)));
    server.signal('SIGCONT');
    for (const client of clients) assert.equal((await client.answer()).status, 200);
    assert.equal((await stopped).code, 0);
  });
});
