/** Section 9 of the checklist, first half: GetModelMetadata. */
import { section, type Case } from '../case.js';
import { getRefused, INVALID_ARGUMENT, NOT_FOUND, refused } from '../messages.js';

const FIELD = ['signature_def'];

export const metadata: readonly Case[] = section('9 Metadata', 'multi_io', [
  {
    title: 'EmptyOrInvalidMetadataFieldList: none, before the name is looked at',
    grpc: refused(
      'GetModelMetadata',
      { model_spec: {} },
      INVALID_ARGUMENT,
      'GetModelMetadataRequest must specify at least one metadata_field',
    ),
  },
  {
    title: 'EmptyOrInvalidMetadataFieldList: an unknown one beside a known one',
    grpc: refused(
      'GetModelMetadata',
      { model_spec: {}, metadata_field: ['signature_def', 'graph'] },
      INVALID_ARGUMENT,
      'Metadata field graph is not supported',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: no spec',
    grpc: refused(
      'GetModelMetadata',
      { metadata_field: FIELD },
      INVALID_ARGUMENT,
      'Missing ModelSpec',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: no name',
    grpc: refused(
      'GetModelMetadata',
      { model_spec: {}, metadata_field: FIELD },
      INVALID_ARGUMENT,
      'ModelSpec has no name specified.',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: unknown model',
    grpc: refused(
      'GetModelMetadata',
      { model_spec: { name: 'nope' }, metadata_field: FIELD },
      NOT_FOUND,
      'Servable not found for request: Latest(nope)',
    ),
    rest: getRefused(
      '/v1/models/nope/metadata',
      404,
      'Servable not found for request: Latest(nope)',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: unknown version',
    grpc: refused(
      'GetModelMetadata',
      { model_spec: { name: 'multi_io', version: { value: 7 } }, metadata_field: FIELD },
      NOT_FOUND,
      'Servable not found for request: Specific(multi_io, 7)',
    ),
    rest: getRefused(
      '/v1/models/multi_io/versions/7/metadata',
      404,
      'Servable not found for request: Specific(multi_io, 7)',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: unknown label',
    grpc: refused(
      'GetModelMetadata',
      { model_spec: { name: 'multi_io', version_label: 'l' }, metadata_field: FIELD },
      INVALID_ARGUMENT,
      'Unrecognized servable version label: l',
    ),
    rest: getRefused(
      '/v1/models/multi_io/labels/l/metadata',
      400,
      'Unrecognized servable version label: l',
    ),
  },
  {
    title: 'ReturnsSignaturesForValidModel: one',
    grpc: {
      method: 'GetModelMetadata',
      request: { model_spec: { name: 'multi_io' }, metadata_field: FIELD },
      expect: {
        model_spec: { name: 'multi_io', version: { value: '1' } },
        signatures: ['serving_default'],
      },
    },
  },
  {
    title: 'ReturnsSignaturesForValidModel: all',
    model: 'counter',
    grpc: {
      method: 'GetModelMetadata',
      request: { model_spec: { name: 'counter', version: { value: 1 } }, metadata_field: FIELD },
      expect: {
        model_spec: { name: 'counter', version: { value: '1' } },
        signatures: ['get_counter', 'incr_counter', 'incr_counter_by', 'reset_counter'],
      },
    },
  },
]);
