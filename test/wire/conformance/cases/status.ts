/** Section 9 of the checklist, second half: GetModelStatus. */
import { section, type Case, type RestCase } from '../case.js';
import { answered, getRefused, INVALID_ARGUMENT, NOT_FOUND, refused } from '../messages.js';

const NAME = 'half_plus_two';
// An OK status is all defaults, so nothing of it is on the wire but its presence.
const REPLY = { model_version_status: [{ version: '123', state: 'AVAILABLE', status: {} }] };

/** The same over REST, byte for byte. */
export const STATUS_OF_123 = `{
 "model_version_status": [
  {
   "version": "123",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}
`;

export const statusAt = (path: string): RestCase => ({
  method: 'GET',
  path,
  expect: {
    status: 200,
    body: STATUS_OF_123,
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
    title: 'SingleVersionSuccess: by number',
    grpc: answered(
      'GetModelStatus',
      { model_spec: { name: NAME, version: { value: 123 } } },
      REPLY,
    ),
    rest: statusAt('/v1/models/half_plus_two/versions/123'),
  },
]);
