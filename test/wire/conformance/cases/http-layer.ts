/** Section 4 of the checklist, as far as a client can see it: the HTTP server below the API. */
import { gzipSync } from 'node:zlib';

import { section, type Case, type RestCase, type Text } from '../case.js';
import { getRefused, posted, postRefused, predictions } from '../messages.js';
import { notFoundPage } from './rest-handler.js';
import { statusAt } from './status.js';

const MODEL = '/v1/models/half_plus_two';
const BODY = '{"instances": [1.0, 2.0, 5.0]}';
const REPLY = predictions('2.5', '3.0', '4.5');
const EMPTY = 'JSON Parse error: The document is empty';

/** A POST with a content encoding; `expected` is a reply, or an error. */
function encoded(
  headers: Record<string, string>,
  body: Uint8Array,
  expected: { readonly reply: string } | { readonly error: Text },
): RestCase {
  const expect =
    'reply' in expected
      ? { status: 200, body: expected.reply }
      : { status: 400, error: expected.error };
  return { method: 'POST', path: `${MODEL}:predict`, headers, body, expect };
}

const METRICS = '/monitoring/prometheus/metrics';

/** The page of metrics, which is not the same twice. */
const page = (method: string, path: string): RestCase => ({
  method,
  path,
  expect: {
    status: 200,
    body: { contains: '# TYPE :tensorflow:serving:request_count counter\n' },
    headers: { 'content-type': 'text/plain' },
  },
});

/** A gzip of BODY with another size in its trailer. */
function declaring(size: number): Uint8Array {
  const bytes = gzipSync(BODY);
  bytes.writeUInt32LE(size, bytes.length - 4);
  return bytes;
}

function withBrokenChecksum(): Uint8Array {
  const bytes = gzipSync(BODY);
  bytes[bytes.length - 8] = ~(bytes[bytes.length - 8] as number) & 0xff;
  return bytes;
}

const GZIP = { 'Content-Encoding': 'gzip' };

export const httpLayer: readonly Case[] = section('4 HTTP layer', 'half_plus_two', [
  { title: 'SimpleGETNotFound: a path outside /v1/', rest: notFoundPage('/noop') },
  { title: 'SimpleGETNotFound: the root', rest: notFoundPage('/') },
  { title: 'SimpleGETOK: status', rest: statusAt(MODEL) },
  { title: 'SimplePOST: predict', rest: posted(`${MODEL}:predict`, BODY, REPLY) },
  {
    title: 'RequestUri: a query is part of the target',
    rest: getRefused(`${MODEL}?x=1`, 404, 'Could not find any versions of model half_plus_two?x=1'),
  },
  {
    title: 'RequestUri: a query after metadata',
    rest: getRefused(`${MODEL}/metadata?x=1`, 400, `Malformed request: GET ${MODEL}/metadata?x=1`),
  },
  {
    title: 'RequestUri: a query after predict',
    rest: postRefused(
      `${MODEL}:predict?x=1`,
      BODY,
      400,
      `Malformed request: POST ${MODEL}:predict?x=1`,
    ),
  },
  {
    title: 'RequestUri: a fragment',
    rest: getRefused(`${MODEL}#a`, 404, 'Could not find any versions of model half_plus_two#a'),
  },
  {
    title: 'RequestHeaders: names in any case',
    rest: encoded({ 'CONTENT-encoding': 'gzip' }, gzipSync(BODY), { reply: REPLY }),
  },
  {
    title: 'RequestHeaders: the content type is not looked at',
    rest: encoded({ 'Content-Type': 'text/plain' }, Buffer.from(BODY), { reply: REPLY }),
  },
  {
    title: 'ResponseHeaders: the content type alone',
    rest: statusAt(MODEL),
  },
  {
    title: 'ResponseHeaders: CORS',
    flags: ['--rest_api_enable_cors_support'],
    rest: {
      method: 'GET',
      path: '/v1/models/nope',
      expect: {
        status: 404,
        error: 'Could not find any versions of model nope',
        headers: {
          'content-type': 'application/json',
          'access-control-allow-origin': '*',
          'access-control-allow-methods': 'POST, GET',
          'access-control-allow-headers': 'Content-Type',
        },
      },
    },
  },
  {
    title: 'InvalidGzipPost: no gzip',
    rest: encoded(GZIP, Buffer.from(BODY), { error: EMPTY }),
  },
  {
    title: 'InvalidGzipPost: nothing',
    rest: encoded(GZIP, Buffer.alloc(0), { error: EMPTY }),
  },
  {
    title: 'ValidGzipPost: expanded',
    rest: encoded(GZIP, gzipSync(BODY), { reply: REPLY }),
  },
  {
    title: 'ValidGzipPost: gzip among others',
    rest: encoded({ 'Content-Encoding': 'x-gzip, foo' }, gzipSync(BODY), { reply: REPLY }),
  },
  {
    title: 'ValidGzipPost: in upper case it is not gzip',
    rest: encoded({ 'Content-Encoding': 'GZIP' }, gzipSync(BODY), {
      error: 'JSON Parse error: Invalid value. at offset: 0',
    }),
  },
  {
    title: 'ExactPathMatching: the page of metrics',
    setup: 'metrics',
    rest: page('GET', METRICS),
  },
  {
    title: 'ExactPathMatching: the page of metrics by any method',
    setup: 'metrics',
    rest: page('POST', METRICS),
  },
  {
    title: 'ExactPathMatching: a slash more is another path',
    setup: 'metrics',
    rest: notFoundPage(`${METRICS}/`),
  },
  {
    title: 'ExactPathMatching: less of the path is another one',
    setup: 'metrics',
    rest: notFoundPage('/monitoring/prometheus'),
  },
  {
    title: 'ExactPathMatching: a query is refused',
    setup: 'metrics',
    rest: {
      method: 'GET',
      path: `${METRICS}?x=1`,
      expect: {
        status: 400,
        body: `Unexpected path: ${METRICS}?x=1. Should be ${METRICS}`,
        headers: { 'content-type': 'text/plain' },
      },
    },
  },
  {
    title: 'ExactPathMatching: no page without a monitoring file',
    rest: notFoundPage(METRICS),
  },
  {
    title: "UriPrecedesOverRequestDispather: the page at one of the API's paths",
    setup: 'metrics_over_api',
    rest: page('GET', MODEL),
  },
  {
    title: 'UriPrecedesOverRequestDispather: the API at every other path',
    setup: 'metrics_over_api',
    rest: posted(`${MODEL}:predict`, BODY, REPLY),
  },
  {
    title: 'gzip streams: concatenated, all but the last empty',
    rest: encoded(GZIP, Buffer.concat([gzipSync(''), gzipSync(BODY)]), { reply: REPLY }),
  },
  {
    title: 'gzip streams: huge by its trailer',
    rest: encoded(GZIP, declaring(0x7fffffff), { error: EMPTY }),
  },
  {
    title: 'gzip streams: a trailer that says less than there is',
    rest: encoded(GZIP, declaring(BODY.length - 1), { error: EMPTY }),
  },
  {
    title: 'gzip streams: a broken checksum',
    rest: encoded(GZIP, withBrokenChecksum(), { error: EMPTY }),
  },
  {
    title: 'gzip streams: truncated',
    rest: encoded(GZIP, gzipSync(BODY).subarray(0, 30), { error: EMPTY }),
  },
  {
    title: 'gzip streams: concatenated',
    rest: encoded(GZIP, Buffer.concat([gzipSync('{"instances": '), gzipSync('[1.0]}')]), {
      error: EMPTY,
    }),
  },
]);
