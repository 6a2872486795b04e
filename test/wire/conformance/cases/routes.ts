/** Section 2 of the checklist: how paths are read, seen in what is not found. */
import { section, type Case } from '../case.js';
import { getRefused, postRefused } from '../messages.js';
import { statusAt } from './status.js';

const ESCAPED = '%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D';
const RESERVED = "!#$%&'()*+,/:;=?@[]";
const BODY = '{"instances": [1.0]}';

const NO_GET = [
  '/v1/',
  '/v1/models/',
  '/v1/models/foo/',
  '/v1/models/foo/versions',
  '/v1/models/foo/versions/',
  '/v1/models/foo/versions/-1',
  '/v1/models/foo/versions/HELLO',
  '/v1/models/foo/labels/',
  '/v1/models/foo/versions/1/labels/x',
  '/v1/models/foo/metadata/',
  '/v1/models/a/b',
];

export const routes: readonly Case[] = section('2 REST paths', 'half_plus_two', [
  {
    title: 'TestParseModelInfoForGet: a name of reserved characters',
    rest: getRefused(
      `/v1/models/modelname${ESCAPED}`,
      404,
      `Could not find any versions of model modelname${RESERVED}`,
    ),
  },
  {
    title: 'TestParseModelInfoForGet: a plus sign stays',
    rest: getRefused('/v1/models/a+b', 404, 'Could not find any versions of model a+b'),
  },
  {
    title: 'TestParseModelInfoForGet: a name and a version',
    rest: getRefused(
      `/v1/models/modelname${ESCAPED}/versions/50`,
      404,
      `Could not find version 50 of model modelname${RESERVED}`,
    ),
  },
  {
    title: 'TestParseModelInfoForGet: metadata of a label of reserved characters',
    rest: getRefused(
      `/v1/models/half_plus_two/labels/label${ESCAPED}/metadata`,
      400,
      `Unrecognized servable version label: label${RESERVED}`,
    ),
  },
  {
    title: 'TestParseModelInfoForGet: a model called metadata',
    rest: getRefused('/v1/models/metadata', 404, 'Could not find any versions of model metadata'),
  },
  {
    title: 'TestParseModelInfoForGet: leading zeros in a version',
    rest: statusAt('/v1/models/half_plus_two/versions/00000123'),
  },
  { title: 'TestParseModelInfoForGet: any case', rest: statusAt('/V1/MODELS/half_plus_two') },
  {
    title: 'TestParseModelInfoForGet: /METADATA is the status',
    rest: statusAt('/v1/models/half_plus_two/METADATA'),
  },
  ...NO_GET.map((path) => ({
    title: `TestParseModelInfoForGet: not ${path}`,
    rest: getRefused(path, 400, `Malformed request: GET ${path}`),
  })),
  {
    title: 'TestParseModelInfoForPost: a name of reserved characters',
    rest: postRefused(
      `/v1/models/modelname${ESCAPED}:predict`,
      BODY,
      404,
      `Servable not found for request: Latest(modelname${RESERVED})`,
    ),
  },
  {
    title: 'TestParseModelInfoForPost: a name and a version',
    rest: postRefused(
      `/v1/models/modelname${ESCAPED}/versions/50:predict`,
      BODY,
      404,
      `Servable not found for request: Specific(modelname${RESERVED}, 50)`,
    ),
  },
  {
    title: 'TestParseModelInfoForPost: a label of reserved characters',
    rest: postRefused(
      `/v1/models/half_plus_two/labels/label${ESCAPED}:predict`,
      BODY,
      400,
      `Unrecognized servable version label: label${RESERVED}`,
    ),
  },
  {
    title: 'TestParseModelInfoForPost: the largest version',
    rest: postRefused(
      '/v1/models/half_plus_two/versions/9223372036854775807:predict',
      BODY,
      404,
      'Servable not found for request: Specific(half_plus_two, 9223372036854775807)',
    ),
  },
  {
    title: 'TestParseModelInfoForPost: a version beyond int64',
    rest: {
      method: 'POST',
      path: '/v1/models/half_plus_two/versions/9223372036854775808:predict',
      body: BODY,
      expect: { status: 400, body: '', headers: { 'content-type': 'application/json' } },
    },
  },
  {
    title: 'TestParseModelInfoForPost: an unknown action',
    rest: postRefused(
      '/v1/models/foo:other',
      BODY,
      400,
      'Malformed request: POST /v1/models/foo:other',
    ),
  },
]);
