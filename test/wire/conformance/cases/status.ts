/** Section 9 of the checklist, second half: GetModelStatus. */
import { section, type Case, type RestCase } from '../case.js';
import { answered, getRefused, INVALID_ARGUMENT, NOT_FOUND, refused } from '../messages.js';

const NAME = 'half_plus_two';
// An OK status is all defaults, so nothing of it is on the wire but its presence.
const available = (version: string): object => ({ version, state: 'AVAILABLE', status: {} });
const REPLY = { model_version_status: [available('123')] };
const BOTH = { model_version_status: [available('2'), available('1')] };

/** The same over REST, byte for byte. */
export function statusText(...versions: readonly string[]): string {
  const texts = versions.map(
    (version) => `  {
   "version": "${version}",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }`,
  );
  return `{\n "model_version_status": [\n${texts.join(',\n')}\n ]\n}\n`;
}

export const statusAt = (path: string): RestCase => ({
  method: 'GET',
  path,
  expect: {
    status: 200,
    body: statusText('123'),
    headers: { 'content-type': 'application/json' },
  },
});

export const status: readonly Case[] = section('9 Status', NAME, [
  {
    title: 'MissingOrEmptyModelSpecFailure: no spec',
    grpc: refused('GetModelStatus', {}, INVALID_ARGUMENT, 'Missing ModelSpec'),
  },
  {
    title: 'MissingOrEmptyModelSpecFailure: empty name',
    grpc: refused(
      'GetModelStatus',
      { model_spec: {} },
      NOT_FOUND,
      'Could not find any versions of model ',
    ),
    rest: getRefused('/v1/models/', 400, 'Malformed request: GET /v1/models/'),
  },
  {
    title: 'InvalidModelNameFailure: unknown',
    grpc: refused(
      'GetModelStatus',
      { model_spec: { name: 'nope' } },
      NOT_FOUND,
      'Could not find any versions of model nope',
    ),
    rest: getRefused('/v1/models/nope', 404, 'Could not find any versions of model nope'),
  },
  {
    title: 'InvalidModelVersionFailure: unknown',
    grpc: refused(
      'GetModelStatus',
      { model_spec: { name: NAME, version: { value: 9 } } },
      NOT_FOUND,
      'Could not find version 9 of model half_plus_two',
    ),
    rest: getRefused(
      '/v1/models/half_plus_two/versions/9',
      404,
      'Could not find version 9 of model half_plus_two',
    ),
  },
  {
    title: 'AllVersionsSuccess: one version',
    grpc: answered('GetModelStatus', { model_spec: { name: NAME } }, REPLY),
    rest: statusAt('/v1/models/half_plus_two'),
  },
  {
    title: 'AllVersionsSuccess: a label is not looked at',
    grpc: answered('GetModelStatus', { model_spec: { name: NAME, version_label: 'l' } }, REPLY),
    rest: statusAt('/v1/models/half_plus_two/labels/nope'),
  },
  {
    title: 'AllVersionsSuccess: two versions, the higher one first',
    model: 'versions',
    setup: 'all_versions',
    grpc: answered('GetModelStatus', { model_spec: { name: 'versions' } }, BOTH),
    rest: {
      method: 'GET',
      path: '/v1/models/versions',
      expect: { status: 200, body: statusText('2', '1') },
    },
  },
  {
    title: 'SingleVersionSuccess: one of two',
    model: 'versions',
    setup: 'all_versions',
    grpc: answered(
      'GetModelStatus',
      { model_spec: { name: 'versions', version: { value: 1 } } },
      { model_version_status: [available('1')] },
    ),
    rest: {
      method: 'GET',
      path: '/v1/models/versions/versions/1',
      expect: { status: 200, body: statusText('1') },
    },
  },
  {
    title: 'SingleVersionSuccess: by number',
    grpc: answered(
      'GetModelStatus',
      { model_spec: { name: NAME, version: { value: 123 } } },
      REPLY,
    ),
    rest: statusAt('/v1/models/half_plus_two/versions/123'),
  },
]);
