/** Methods, targets, headers and encodings at the edge of HTTP, byte by byte on the wire. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

import { askRaw, postHead, RawClient } from './raw-http.js';
import { restIsNative, ServerProcess } from './server-process.js';

const MODEL = fileURLToPath(new URL('../../../test/models/identity', import.meta.url));
const PREDICT_PATH = '/v1/models/m:predict';
const BODY = '{"instances": [1.0]}';
const ANSWER = '{\n    "predictions": [1.0\n    ]\n}';
const GZIP_MIN_BYTES = 200;

interface Case {
  readonly it: string;
  /** The request line without the version, which is HTTP/1.1. */
  readonly line: string;
  readonly status: number;
  readonly body: RegExp;
}

const page = (status: string): RegExp =>
  new RegExp(`^<HTML><HEAD>\n<TITLE>${status}</TITLE>\n</HEAD><BODY>\n<H1>${status.slice(4)}</H1>`);

const CASES: readonly Case[] = [
  ...['TRACE', 'CONNECT', 'BREW', 'get'].map((method) => ({
    it: `answers ${method} with the 501 page`,
    line: `${method} /v1/models/m`,
    status: 501,
    body: page('501 Not Implemented'),
  })),
  ...['PUT', 'DELETE', 'PATCH'].map((method) => ({
    it: `calls ${method} malformed`,
    line: `${method} /v1/models/m`,
    status: 400,
    body: new RegExp(`"error": "Malformed request: ${method} /v1/models/m"`),
  })),
  ...['/v1/models/m%zz', '/v1/models/m%2', '/m?a=%zz', '/v1/models/\xc3\xa9', '/\x80', '/a|b'].map(
    (target) => ({
      it: `answers the target ${encodeURI(target)} with the 400 page`,
      line: `GET ${target}`,
      status: 400,
      body: page('400 Bad Request'),
    }),
  ),
  {
    it: 'takes the query for a part of the name',
    line: 'GET /v1/models/m?x=1',
    status: 404,
    body: /Could not find any versions of model m\?x=1"/,
  },
  {
    it: 'takes the fragment for a part of the name',
    line: 'GET /v1/models/m#f?x',
    status: 404,
    body: /Could not find any versions of model m#f\?x"/,
  },
  {
    it: 'answers a doubled slash with the 404 page',
    line: 'GET //v1/models/m',
    status: 404,
    body: page('404 Not Found'),
  },
  {
    it: 'escapes a NUL in a name',
    line: 'GET /v1/models/a%00b',
    status: 404,
    body: /Could not find any versions of model a\\u0000b"/,
  },
  {
    // Upstream sends the byte as it is, which is no JSON.
    it: 'replaces a byte that is no UTF-8 in a name by U+FFFD',
    line: 'GET /v1/models/a%ffb',
    status: 404,
    body: /Could not find any versions of model a\ufffdb"/,
  },
  ...(restIsNative
    ? [
        {
          it: 'takes a target in absolute form',
          line: 'GET http://localhost/v1/models/m',
          status: 200,
          body: /"state": "AVAILABLE"/,
        },
        { it: 'finds nothing at *', line: 'OPTIONS *', status: 404, body: page('404 Not Found') },
        {
          it: 'does not take a blank in the target',
          line: 'GET /v1/models/m x',
          status: 400,
          body: /This is no HTTP request: /,
        },
      ]
    : [
        // What uWebSockets decides: its own page, other than upstream.
        {
          it: 'does not take a target in absolute form',
          line: 'GET http://localhost/v1/models/m',
          status: 505,
          body: /HTTP Version Not Supported/,
        },
        {
          it: 'does not take *',
          line: 'OPTIONS *',
          status: 505,
          body: /HTTP Version Not Supported/,
        },
        {
          it: 'does not take a blank in the target',
          line: 'GET /v1/models/m x',
          status: 505,
          body: /HTTP Version Not Supported/,
        },
      ]),
];

describe('HTTP at its edges', function () {
  this.timeout(30_000);
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start('m', MODEL, `--rest_api_gzip_min_bytes=${GZIP_MIN_BYTES}`);
  });
  after(async () => {
    assert.equal((await server.stop()).code, 0);
  });

  const ask = (text: string) => askRaw(server.restPort, text);
  const get = (path: string, ...headers: string[]) =>
    ask(`GET ${path} HTTP/1.1\r\n${['Host: x', ...headers].join('\r\n')}\r\n\r\n`);

  for (const each of CASES) {
    it(each.it, async () => {
      const { status, body } = await ask(`${each.line} HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.equal(status, each.status);
      assert.match(body.toString(), each.body);
    });
  }

  it('sends the headers of a page in the order of upstream, and closes', async () => {
    const client = await RawClient.open(server.restPort);
    void client.write('BREW / HTTP/1.1\r\nHost: x\r\n\r\n');
    const { head } = await client.answer();
    const names = head.split('\r\n').map((line) => line.split(':')[0]);
    assert.deepEqual(names.slice(0, 4), [
      'HTTP/1.1 501 Not Implemented',
      'Content-Type',
      'Connection',
      'Date',
    ]);
    await client.closed;
  });

  it('escapes a NUL in a label, and replaces what is no UTF-8', async () => {
    const { status, body } = await ask(
      postHead('/v1/models/m/labels/%00%fe:predict', BODY.length) + BODY,
    );
    assert.equal(status, 400);
    assert.match(body.toString(), /Unrecognized servable version label: \\u0000\ufffd"/);
  });

  it('answers HEAD with 400 and neither body nor length', async () => {
    const client = await RawClient.open(server.restPort);
    void client.write(
      'HEAD /v1/models/m HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/models/m HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    const { status, head } = await client.answer();
    assert.equal(status, 400);
    assert.doesNotMatch(head, /Content-Length/);
    assert.equal((await client.answer()).status, 200);
    client.destroy();
  });

  it('says 100 to Expect: 100-continue, then answers', async () => {
    const client = await RawClient.open(server.restPort);
    void client.write(postHead(PREDICT_PATH, BODY.length, 'Expect: 100-continue'));
    assert.equal((await client.answer()).status, 100);
    void client.write(BODY);
    assert.equal((await client.answer()).body.toString(), ANSWER);
    client.destroy();
  });

  it('takes a POST without Content-Length for one with an empty body', async () => {
    const { status, body } = await ask(`POST ${PREDICT_PATH} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal(status, 400);
    assert.match(body.toString(), /JSON Parse error: The document is empty"/);
  });

  for (const [what, request, expected] of [
    ['HTTP/2.0', 'GET /v1/models/m HTTP/2.0\r\nHost: x\r\n\r\n', 505],
    ['no Host', 'GET /v1/models/m HTTP/1.1\r\nAccept: x\r\n\r\n', 400],
    ['a length that is none', `POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n`, 400],
    [
      'a length beside chunks',
      'POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'a chunk length that is none',
      `POST ${PREDICT_PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
  ] as const) {
    it(`refuses ${what}, and closes`, async () => {
      const { status, head } = await ask(request);
      assert.equal(status, expected);
      assert.match(head, /\r\nConnection: close/);
    });
  }

  it('lists the models', async () => {
    const { status, head, body } = await get('/v1/models');
    assert.equal(status, 200);
    assert.match(head, /\r\nContent-Type: application\/json\r\n/);
    assert.equal(
      body.toString(),
      `{
 "models": [
  {
   "name": "m",
   "model_version_status": [
    {
     "version": "1",
     "state": "AVAILABLE",
     "status": {
      "error_code": "OK",
      "error_message": ""
     }
    }
   ]
  }
 ]
}
`,
    );
  });

  it('compresses answers from the least length on, for those who accept it', async () => {
    const plain = await get('/v1/models/m/metadata');
    assert.match(plain.head, /\r\nVary: Accept-Encoding\r\n/);
    assert.doesNotMatch(plain.head, /Content-Encoding/);
    const packed = await get('/v1/models/m/metadata', 'Accept-Encoding: br, gzip;q=0.5');
    assert.match(packed.head, /\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\n/);
    assert.ok(packed.body.length < plain.body.length);
    assert.equal(gunzipSync(packed.body).toString(), plain.body.toString());
    for (const refusing of ['gzip;q=0', 'identity', 'br, *;q=0']) {
      const { head, body } = await get('/v1/models/m/metadata', `Accept-Encoding: ${refusing}`);
      assert.doesNotMatch(head, /Content-Encoding/, refusing);
      assert.equal(body.toString(), plain.body.toString());
    }
    const short = await get('/v1/models/m', 'Accept-Encoding: gzip');
    assert.ok(short.body.length < GZIP_MIN_BYTES);
    assert.doesNotMatch(short.head, /Content-Encoding|Vary/);
  });

  it('compresses a predicted answer and an error', async () => {
    const values = Array.from({ length: 100_000 }, (_, i) => i);
    const body = `{"instances": [${values.join(', ')}]}`;
    const headers = ['Accept-Encoding: gzip', 'Content-Encoding: gzip'];
    const client = await RawClient.open(server.restPort);
    const sent = gzipSync(body);
    void client.write(postHead(PREDICT_PATH, sent.length, ...headers));
    void client.write(sent);
    const answer = await client.answer();
    const { predictions } = JSON.parse(gunzipSync(answer.body).toString()) as {
      predictions: number[];
    };
    assert.deepEqual(predictions, values);
    const name = 'n'.repeat(GZIP_MIN_BYTES);
    void client.write(
      `GET /v1/models/${name} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n`,
    );
    const error = await client.answer();
    assert.equal(error.status, 404);
    assert.match(gunzipSync(error.body).toString(), /Could not find any versions of model n+"/);
    client.destroy();
  });

  it('survives clients that leave while their answer is compressed', async () => {
    for (let i = 0; i < 100; ++i) {
      const client = await RawClient.open(server.restPort);
      await client.write(
        'GET /v1/models/m/metadata HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n',
      );
      client.destroy();
    }
    assert.equal((await get('/v1/models/m')).status, 200);
  });
});

describe('REST answers by default', () => {
  it('are never compressed and carry no header about it', async () => {
    const server = await ServerProcess.start('m', MODEL);
    const { head, body } = await askRaw(
      server.restPort,
      'GET /v1/models/m/metadata HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n',
    );
    const names = head.split('\r\n').map((line) => line.split(':')[0]);
    assert.deepEqual(
      names.filter((name) => name !== 'uWebSockets'),
      ['HTTP/1.1 200 OK', 'Content-Type', 'Date', 'Content-Length'],
    );
    assert.match(body.toString(), /^{\n"model_spec":{/);
    assert.equal((await server.stop()).code, 0);
  });
});
