/**
 * Clients that break off, stall, flood and blow up. Every test ends with a good request, and most with
 * one that needs the whole budget for bodies, so that memory which was not given back shows.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { slowBody } from '../integration/models.js';
import { inParallel } from './mutation.js';
import { askRaw, postHead, RawClient, type RawAnswer } from './raw-http.js';
import { restIsNative, ServerProcess } from './server-process.js';

const model = (name: string): string =>
  fileURLToPath(new URL(`../../../test/models/${name}`, import.meta.url));
const PATH = '/v1/models/m:predict';
const MIB = 1 << 20;
const MAX_BODY_BYTES = 8 * MIB;
const MAX_BUFFERED_BYTES = 16 * MIB;
const GROWTH_BYTES = 48 * MIB;
const TIMES = 200;

/** As many bytes, most of them blank, which predict the one. */
function bodyOf(length: number): Buffer {
  const body = Buffer.alloc(length, ' ');
  body.write('{"instances": [1.0]');
  body.write('}', length - 1);
  return body;
}

function post(body: string | Uint8Array, ...headers: string[]): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  return Buffer.concat([Buffer.from(postHead(PATH, bytes.length, ...headers)), bytes]);
}

function errorOf({ body }: RawAnswer): string | undefined {
  return (JSON.parse(body.toString()) as { error?: string }).error;
}

async function growthDuring(server: ServerProcess, abuse: () => Promise<void>): Promise<number> {
  await abuse(); // what a first round allocates stays
  const before = server.rssBytes();
  await abuse();
  return server.rssBytes() - before;
}

describe('Abuse of HTTP', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start(
      'm',
      model('identity'),
      `--rest_api_max_body_bytes=${MAX_BODY_BYTES}`,
      `--rest_api_max_buffered_bytes=${MAX_BUFFERED_BYTES}`,
      '--rest_api_max_header_bytes=16384',
    );
  });
  after(async () => {
    assert.equal((await server.stop()).code, 0);
  });

  const ask = (bytes: string | Uint8Array): Promise<RawAnswer> => askRaw(server.restPort, bytes);
  const predictsOne = (answer: RawAnswer): void => {
    assert.equal(answer.body.toString(), '{\n    "predictions": [1.0\n    ]\n}');
  };

  /** What a body needs while it grows is nearly the whole budget. */
  async function budgetIsBack(): Promise<void> {
    for (;;) {
      const answer = await ask(post(bodyOf(MAX_BODY_BYTES - 1)));
      if (answer.status !== 503) {
        predictsOne(answer);
        return;
      }
      // The server may not have seen the last clients leave. If it never does, the test times out.
    }
  }
  afterEach(budgetIsBack);

  it('refuses a body over the limit, declared or not, and says so to a client that still sends', async () => {
    const text = `The request body is larger than ${MAX_BODY_BYTES} bytes.`;
    const declared = await ask(postHead(PATH, MAX_BODY_BYTES + 1));
    assert.equal(declared.status, 413);
    assert.equal(errorOf(declared), text);
    const client = await RawClient.open(server.restPort);
    void client.write(`POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 20; ++i) await client.write(`100000\r\n${' '.repeat(MIB)}\r\n`);
    const chunked = await client.answer();
    assert.equal(chunked.status, 413);
    assert.match(chunked.head, /\r\nConnection: close/);
    assert.equal(errorOf(chunked), text);
    client.destroy();
  });

  it('answers 503 while other bodies take the budget, and 200 once they are gone', async () => {
    const big = post(bodyOf(7 * MIB));
    const holders = [await RawClient.open(server.restPort), await RawClient.open(server.restPort)];
    for (const holder of holders) await holder.write(big.subarray(0, -1));
    let refused = await ask(big); // until the server has the bodies of both
    while (refused.status === 200) refused = await ask(big);
    assert.equal(refused.status, 503);
    assert.match(
      errorOf(refused) ?? '',
      /^Request bodies take the 16777216 bytes they may take together\. Try again later\.$/,
    );
    assert.match(refused.head, /\r\nConnection: close/);
    predictsOne(await ask(post(bodyOf(100)))); // in one piece, it needs none
    for (const holder of holders) {
      void holder.write('}');
      predictsOne(await holder.answer());
      holder.destroy();
    }
    predictsOne(await ask(big));
  });

  it(`gives back what ${TIMES} bodies took whose clients left`, async () => {
    const part = post(bodyOf(4 * MIB)).subarray(0, 300_000);
    const growth = await growthDuring(server, () =>
      inParallel(TIMES, async () => {
        const client = await RawClient.open(server.restPort);
        await client.write(part);
        client.destroy();
      }),
    );
    assert.ok(growth < GROWTH_BYTES, `grew by ${growth} bytes`);
  });

  it('answers a body that comes byte by byte', async () => {
    const client = await RawClient.open(server.restPort);
    client.socket.setNoDelay(true);
    void client.write(postHead(PATH, 100));
    for (const byte of bodyOf(100)) {
      await client.write(Uint8Array.of(byte));
      await new Promise(setImmediate);
    }
    predictsOne(await client.answer());
    client.destroy();
  });

  it('answers a body of 500,000 chunks of one byte, on a connection that goes on', async () => {
    const client = await RawClient.open(server.restPort);
    const body = bodyOf(500_000).toString('latin1');
    const chunks = body.replace(/[^]/g, '1\r\n$&\r\n');
    const head = `POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`;
    for (let i = 0; i < 2; ++i) {
      void client.write(`${head}${chunks}0\r\n\r\n`);
      predictsOne(await client.answer());
    }
    client.destroy();
  });

  it('takes 10,000 nested arrays as an error, or as an unknown key to ignore', async () => {
    const nested = '['.repeat(10_000) + ']'.repeat(10_000);
    const known = await ask(post(`{"instances": ${nested}}`));
    assert.equal(known.status, 400);
    assert.equal(errorOf(known), 'tensor parsing error: x'); // a rank above 254
    predictsOne(await ask(post(`{"other": ${nested}, "instances": [1.0]}`)));
    const open = await ask(post('['.repeat(10_000)));
    assert.equal(errorOf(open), 'JSON Parse error: Invalid value. at offset: 10000');
  });

  it('lets the first of duplicate keys win, and ignores unknown ones', async () => {
    predictsOne(await ask(post('{"instances": [1.0], "instances": [2.0]}')));
    predictsOne(await ask(post('{"a": {"b": null}, "instances": [1.0], "instance": [3]}')));
    const first = await ask(post('{"instances": "x", "instances": [2.0]}'));
    assert.match(errorOf(first) ?? '', /Expecting 'instances' to be an list\/array$/);
  });

  it('takes bytes that are no UTF-8 and NULs in keys, values and names', async () => {
    const key = await ask(post('{"instances\\u0000": [2.0], "\xff\xfe": 1, "instances": [1.0]}'));
    predictsOne(key);
    const value = await ask(post('{"instances": ["\xff"]}'));
    assert.equal(value.status, 400);
    assert.match(value.body.toString(), /Type: String is not of expected type: float/);
    const signature = await ask(post('{"signature_name": "a\\u0000\xff", "instances": [1.0]}'));
    assert.equal(signature.status, 400);
    assert.match(errorOf(signature) ?? '', /^Serving signature name: "a\u0000\ufffd" not found/);
  });

  it('answers 431 to a header section that is too long', async () => {
    const client = await RawClient.open(server.restPort);
    void client.write(`GET /v1/models/m HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}`);
    const { status } = await client.answer();
    assert.equal(status, 431);
    await client.closed;
  });

  it('serves beside 1,000 idle connections', async () => {
    const idle: RawClient[] = [];
    while (idle.length < 1000) idle.push(await RawClient.open(server.restPort));
    predictsOne(await ask(post(bodyOf(100))));
    for (const client of idle) client.destroy();
  });

  it('inflates no more of 20 gzip bombs at once than there is room for', async () => {
    const lying = gzipSync(Buffer.alloc(100 * MIB, ' '));
    lying.writeUInt32LE(1000, lying.length - 4);
    const header = 'Content-Encoding: gzip';
    const answers = async (bomb: Buffer): Promise<Map<string, number>> => {
      const seen = new Map<string, number>();
      const growth = await growthDuring(server, async () => {
        seen.clear();
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const answer = await ask(post(bomb, header));
            const text = errorOf(answer)?.replace(/ take .*/, '') ?? 'predicted';
            seen.set(text, (seen.get(text) ?? 0) + 1);
          }),
        );
      });
      assert.ok(growth < GROWTH_BYTES, `grew by ${growth} bytes`);
      return seen;
    };
    const inflated = await answers(gzipSync(bodyOf(5 * MIB)));
    const predicted = inflated.get('predicted') ?? 0;
    assert.ok(predicted > 0, JSON.stringify([...inflated]));
    assert.equal(predicted + (inflated.get('Request bodies') ?? 0), 20);
    for (const bomb of [lying, gzipSync(Buffer.alloc(101 * MIB, ' '))]) {
      assert.deepEqual(
        [...(await answers(bomb))],
        [['JSON Parse error: The document is empty', 20]],
      );
    }
    const tooMuch = await ask(post(gzipSync(Buffer.alloc(17 * MIB, ' ')), header));
    assert.equal(tooMuch.status, 503);
  });

  it('answers pipelined requests in order that need no model', async () => {
    const client = await RawClient.open(server.restPort);
    const line = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    void client.write(line('/v1/models/m') + line('/v1/models/nope') + line('/v1/models'));
    assert.match((await client.answer()).body.toString(), /^{\n "model_version_status"/);
    assert.equal((await client.answer()).status, 404);
    assert.match((await client.answer()).body.toString(), /^{\n "models"/);
    client.destroy();
  });

  it('keeps few answers of who asks on without reading them', async () => {
    const request = 'GET /v1/models/m/metadata HTTP/1.1\r\nHost: x\r\n\r\n';
    const { body } = await ask(request);
    const requests = Math.ceil((40 * MIB) / body.length);
    const before = server.rssBytes();
    const client = await RawClient.open(server.restPort);
    client.socket.pause();
    const written = client.write(request.repeat(requests));
    if (!restIsNative) await written; // natively the client waits, with its requests
    for (let i = 0; i < 3; ++i) predictsOne(await ask(post(bodyOf(100)))); // it has read them by now
    assert.ok(server.rssBytes() - before < GROWTH_BYTES);
    client.socket.resume();
    if (!restIsNative) await client.closed;
    let answers = 0;
    while (answers < requests && (await client.answer().catch(() => null))) ++answers;
    if (restIsNative) assert.equal(answers, requests);
    else assert.ok(answers < requests / 2, `${answers} of ${requests} answers were kept`);
    client.destroy();
  });
});

describe('Abuse of HTTP with the default limits of bodies', function () {
  this.timeout(60_000);
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start('m', model('identity'), '--rest_api_idle_timeout_seconds=2');
  });
  after(async () => {
    assert.equal((await server.stop()).code, 0);
  });

  it('predicts a body of 64 MiB', async () => {
    const literal = `1.5${'0'.repeat(60)}`; // and a comma: 64 bytes a value
    const count = MIB;
    const body = `{"instances": [${`${literal},`.repeat(count - 1)}${literal}]}`;
    const { status, body: reply } = await askRaw(server.restPort, post(body));
    assert.equal(status, 200);
    const expected = `{\n    "predictions": [${'1.5, '.repeat(count - 1)}1.5\n    ]\n}`;
    assert.ok(reply.equals(Buffer.from(expected)), reply.toString('latin1', 0, 100));
  });

  it('closes connections that stall in a head or in a body', async () => {
    const stalled = await Promise.all(
      [
        '',
        `POST ${PATH} HTTP/1.1\r\nHost`,
        `${postHead(PATH, 100)}{"inst`,
        `POST ${PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"i`,
      ].map(async (bytes) => {
        const client = await RawClient.open(server.restPort);
        await client.write(bytes);
        return client;
      }),
    );
    // And one that sends on, but next to nothing.
    const dripping = await RawClient.open(server.restPort);
    void dripping.write(postHead(PATH, 100_000));
    const drip = setInterval(() => void dripping.write(' '), 100);
    // uWebSockets' limit is about ten seconds, and it says nothing. Natively only who was idle hears nothing.
    for (const [i, client] of [...stalled, dripping].entries()) {
      const says = restIsNative && i > 0;
      assert.equal((await client.answer().catch(() => null))?.status, says ? 408 : undefined);
      clearInterval(client === dripping ? drip : undefined);
      await client.closed;
    }
  });
});

describe('Abuse of HTTP while a run is pending', function () {
  this.timeout(60_000);

  it(`survives ${TIMES} clients that leave before their answer`, async () => {
    const server = await ServerProcess.start(
      'm',
      model('slow'),
      `--rest_api_max_buffered_bytes=${2 * MIB}`,
    );
    const run = slowBody(20);
    const padded = post(run + ' '.repeat(200_000 - run.length));
    const growth = await growthDuring(server, () =>
      inParallel(TIMES, async () => {
        const client = await RawClient.open(server.restPort);
        await client.write(padded);
        client.destroy();
      }),
    );
    assert.ok(growth < GROWTH_BYTES, `grew by ${growth} bytes`);
    const good = post(run + ' '.repeat(900_000 - run.length));
    let answer = await askRaw(server.restPort, good);
    while (answer.status === 503) answer = await askRaw(server.restPort, good);
    assert.equal(answer.status, 200);
    assert.equal((await server.stop()).code, 0);
  });

  it('answers 504 at the deadline to a body that is still to come, and gives back', async () => {
    const server = await ServerProcess.start(
      'm',
      model('identity'),
      '--rest_api_timeout_in_ms=200',
      `--rest_api_max_buffered_bytes=${2 * MIB}`,
    );
    const declared = postHead(PATH, 900_000);
    for (let i = 0; i < 4; ++i) {
      const late = await askRaw(server.restPort, declared + ' '.repeat(700_000));
      assert.equal(late.status, 504);
      assert.equal(errorOf(late), 'Timed out waiting for notification');
    }
    assert.equal((await askRaw(server.restPort, post(bodyOf(900_000)))).status, 200);
    assert.equal((await server.stop()).code, 0);
  });
});
