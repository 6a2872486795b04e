/** Section 1 of the checklist: what upstream's REST handler answers. */
import { section, type Case, type RestCase } from '../case.js';
import { classified, outputs, posted, postRefused, predictions, regressed } from '../messages.js';
import { statusAt, statusText } from './status.js';

const MODEL = '/v1/models/half_plus_two';

const NOT_FOUND_PAGE =
  '<HTML><HEAD>\n<TITLE>404 Not Found</TITLE>\n</HEAD><BODY>\n<H1>Not Found</H1>\n</BODY></HTML>\n';

export const notFoundPage = (path: string): RestCase => ({
  method: 'GET',
  path,
  expect: { status: 404, body: NOT_FOUND_PAGE, headers: { 'content-type': 'text/html' } },
});

const malformed = (method: string, path: string): RestCase => ({
  method,
  path,
  ...(method === 'POST' && { body: '{}' }),
  expect: {
    status: 400,
    error: `Malformed request: ${method} ${path}`,
    headers: { 'content-type': 'application/json' },
  },
});

const MALFORMED = [
  ['GET', '/v1/foo'],
  ['POST', '/v1/foo'],
  ['GET', '/v1/models/debug/model_name'],
  ['POST', '/v1/models'],
  ['GET', '/v1/models/foo:predict'],
  ['GET', '/v1/models/foo/version/50:predict'],
  ['POST', '/v1/models/foo/version/50:predict'],
  ['GET', '/v1/models/foo/versions/HELLO:regress'],
  ['POST', '/v1/models/foo/versions/HELLO:regress'],
  ['POST', '/v1/models/foo/metadata'],
  ['GET', '/v1/models/foo/label/some_label:regress'],
  ['POST', '/v1/models/foo/label/some_label:regress'],
  ['POST', '/v1/models/foo/versions/50/labels/some_label:regress'],
  ['POST', '/v1/models/foo/versions/some_label:regress'],
  ['POST', '/v1/models/foo:PREDICT'],
  ['PUT', '/v1/models/foo:predict'],
] as const;

/** A version of 2^64 - 1: upstream's words for it never reach a client. */
const tooLarge = (method: string, path: string): RestCase => ({
  method,
  path,
  expect: { status: 400, body: '', headers: { 'content-type': 'application/json' } },
});

const TWO_BY_TWO = predictions('[2.5, 3.0]', '[3.5, 4.0]');
const X_2_BY_2 = '"instances": [[1.0, 2.0], [3.0, 4.0]]';

export const restHandler: readonly Case[] = section('1 REST handler', 'half_plus_two', [
  {
    title: 'kPathRegex: /v1/models is its own',
    rest: {
      method: 'POST',
      path: '/v1/models',
      expect: { status: 400, error: 'Malformed request: POST /v1/models' },
    },
  },
  { title: 'kPathRegex: /statuspage is not', rest: notFoundPage('/statuspage') },
  { title: 'kPathRegex: /index is not', rest: notFoundPage('/index') },
  { title: 'kPathRegex: /v1 is not', rest: notFoundPage('/v1') },
  ...MALFORMED.map(([method, path]) => ({
    title: `UnsupportedApiCalls: ${method} ${path}`,
    rest: malformed(method, path),
  })),
  {
    title: 'UnsupportedApiCalls: GET of a version beyond int64',
    rest: tooLarge('GET', '/v1/models/foo/versions/18446744073709551615'),
  },
  {
    title: 'UnsupportedApiCalls: POST to a version beyond int64',
    rest: tooLarge('POST', '/v1/models/foo/versions/18446744073709551615:predict'),
  },
  {
    title: 'PredictModelNameVersionErrors: unknown model',
    rest: postRefused(
      '/v1/models/incorrect_name:predict',
      `{${X_2_BY_2}}`,
      404,
      'Servable not found for request: Latest(incorrect_name)',
    ),
  },
  {
    title: 'PredictModelNameVersionErrors: unknown model and version',
    rest: postRefused(
      '/v1/models/incorrect_name/versions/1:predict',
      `{${X_2_BY_2}}`,
      404,
      'Servable not found for request: Specific(incorrect_name, 1)',
    ),
  },
  {
    title: 'PredictModelNameVersionErrors: known name with digits appended',
    rest: postRefused(
      `${MODEL}433:predict`,
      `{${X_2_BY_2}}`,
      404,
      'Servable not found for request: Latest(half_plus_two433)',
    ),
  },
  {
    title: 'PredictRequestErrors: empty body',
    rest: postRefused(`${MODEL}:predict`, '', 400, 'JSON Parse error: The document is empty'),
  },
  {
    title: 'PredictRequestErrors: no JSON',
    rest: postRefused(
      `${MODEL}:predict`,
      'instances = [1, 2]',
      400,
      'JSON Parse error: Invalid value. at offset: 0',
    ),
  },
  {
    title: 'PredictRequestErrors: no JSON, and no such model either',
    rest: postRefused(
      '/v1/models/nope:predict',
      '{"instances": ',
      400,
      'JSON Parse error: Invalid value. at offset: 14',
    ),
  },
  {
    title: 'PredictRequestErrors: strings for floats',
    rest: postRefused(
      `${MODEL}:predict`,
      '{"instances": ["x", "y"]}',
      400,
      "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: " +
        'JSON Value: "x" Type: String is not of expected type: float',
    ),
  },
  {
    title: 'PredictRequestErrors: unknown label',
    rest: postRefused(
      `${MODEL}/labels/some_label:predict`,
      `{${X_2_BY_2}}`,
      400,
      'Unrecognized servable version label: some_label',
    ),
  },
  {
    title: 'PredictRequestErrors: signature_name is a number',
    rest: postRefused(
      `${MODEL}:predict`,
      '{"signature_name": 100}',
      400,
      'JSON Value: {\n    "signature_name": 100\n} not formatted correctly. ' +
        "'signature_name' key must be a string value.",
    ),
  },
  { title: 'Predict: latest', rest: posted(`${MODEL}:predict`, `{${X_2_BY_2}}`, TWO_BY_TWO) },
  {
    title: 'Predict: by version',
    rest: posted(`${MODEL}/versions/123:predict`, `{${X_2_BY_2}}`, TWO_BY_TWO),
  },
  {
    title: 'Predict: by label',
    setup: 'labelled',
    rest: posted(`${MODEL}/labels/some_label:predict`, `{${X_2_BY_2}}`, TWO_BY_TWO),
  },
  {
    title: 'Predict: by signature name',
    rest: posted(
      `${MODEL}:predict`,
      `{"signature_name": "serving_default", ${X_2_BY_2}}`,
      TWO_BY_TWO,
    ),
  },
  {
    title: 'Predict: columns',
    rest: posted(`${MODEL}:predict`, '{"inputs": [3.0, 4.0]}', outputs('3.5', '4.0')),
  },
  ...[':regress', '/versions/123:regress', '/labels/some_label:regress'].map((path) => ({
    title: `Regress: ${path}`,
    setup: 'labelled',
    rest: posted(
      `${MODEL}${path}`,
      '{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}',
      regressed('42.0'),
    ),
  })),
  ...[':classify', '/versions/123:classify', '/labels/some_label:classify'].map((path) => ({
    title: `Classify: ${path}`,
    setup: 'labelled',
    rest: posted(
      `${MODEL}${path}`,
      '{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}',
      classified('[["", 12.0]]'),
    ),
  })),
  { title: 'GetStatus: all versions', rest: statusAt(MODEL) },
  { title: 'GetStatus: by version', rest: statusAt(`${MODEL}/versions/123`) },
  { title: 'GetStatus: by label', rest: statusAt(`${MODEL}/labels/some_label`) },
  {
    title: 'GetStatus: two versions',
    model: 'versions',
    setup: 'all_versions',
    rest: {
      method: 'GET',
      path: '/v1/models/versions',
      expect: { status: 200, body: statusText('2', '1') },
    },
  },
  {
    title: 'GetModelMetadata: a model without signatures, byte for byte',
    model: 'no_signature',
    rest: {
      method: 'GET',
      path: '/v1/models/no_signature/metadata',
      expect: {
        status: 200,
        body:
          '{\n"model_spec":{\n "name": "no_signature",\n "version": "1",\n "signature_name": ""\n}\n,\n' +
          '"metadata": {"signature_def": {\n "signature_def": {}\n}\n}\n}\n',
        headers: { 'content-type': 'application/json' },
      },
    },
  },
  {
    title: 'GetModelMetadata: a signature',
    model: 'multi_io',
    rest: {
      method: 'GET',
      path: '/v1/models/multi_io/versions/1/metadata',
      expect: { status: 200, json: metadataOfMultiIo() },
    },
  },
]);

function metadataOfMultiIo(): object {
  const info = (name: string, dtype: string, ...sizes: string[]): object => ({
    name,
    dtype,
    tensor_shape: { dim: sizes.map((size) => ({ size, name: '' })), unknown_rank: false },
  });
  return {
    model_spec: { name: 'multi_io', version: '1', signature_name: '' },
    metadata: {
      signature_def: {
        signature_def: {
          serving_default: {
            inputs: {
              a: info('a:0', 'DT_FLOAT', '-1', '2'),
              b: info('b:0', 'DT_INT32', '-1'),
            },
            outputs: {
              sum: info('sum:0', 'DT_FLOAT', '-1', '2'),
              b_plus_one: info('add:0', 'DT_INT32', '-1'),
            },
            method_name: 'tensorflow/serving/predict',
            defaults: {},
          },
        },
      },
    },
  };
}
