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
    title: 'gzip streams: truncated',
    rest: encoded(GZIP, gzipSync(BODY).subarray(0, 30), { error: EMPTY }),
  },
  {
    title: 'gzip streams: concatenated',
    notYet: 'several gzip members are inflated one after the other',
    rest: encoded(GZIP, Buffer.concat([gzipSync('{"instances": '), gzipSync('[1.0]}')]), {
      error: EMPTY,
    }),
  },
]);
