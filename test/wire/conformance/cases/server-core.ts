/** Section 10 of the checklist, as far as one request shows it: versions, labels, refused reloads. */
import { section, type Case, type PartialCase } from '../case.js';
import {
  answered,
  FAILED_PRECONDITION,
  floats,
  INVALID_ARGUMENT,
  NOT_FOUND,
  posted,
  postRefused,
  predictions,
  refused,
} from '../messages.js';

const NAME = 'versions';
const X = { x: floats([1]) };
const BODY = '{"instances": [1.0]}';
/** Version N of this model answers N. */
const answerOf = (version: number): object => ({
  model_spec: {
    name: NAME,
    signature_name: 'serving_default',
    version: { value: String(version) },
  },
  outputs: {
    y: {
      dtype: 'DT_INT64',
      tensor_shape: { dim: [{ size: '1' }] },
      int64_val: [String(version)],
    },
  },
});

/** A version or label that is served, over both transports. */
const served = (title: string, spec: object, path: string, version: number): PartialCase => ({
  title,
  setup: 'all_versions',
  grpc: answered('Predict', { model_spec: { name: NAME, ...spec }, inputs: X }, answerOf(version)),
  rest: posted(`/v1/models/${NAME}${path}:predict`, BODY, predictions(String(version))),
});

const notServed = (
  title: string,
  spec: object,
  path: string,
  [code, status]: readonly [number, number],
  message: string,
): PartialCase => ({
  title,
  setup: 'all_versions',
  grpc: refused('Predict', { model_spec: { name: NAME, ...spec }, inputs: X }, code, message),
  rest: postRefused(`/v1/models/${NAME}${path}:predict`, BODY, status, message),
});

const PLATFORM = { model_platform: 'tensorflow' };
const MODEL = { name: 'm', base_path: '/m', ...PLATFORM };
const DEPRECATED = 'ModelServerConfig::model_type (deprecated)';

/** A reload that is refused before anything changes. */
const reloadRefused = (
  title: string,
  config: readonly object[],
  message: string,
  code: number = INVALID_ARGUMENT,
): PartialCase => ({
  title,
  grpc: refused(
    'HandleReloadConfigRequest',
    { config: { model_config_list: { config } } },
    code,
    message,
  ),
});

export const serverCore: readonly Case[] = section('10 Server core', NAME, [
  served('ModelSpecMultipleVersionsAvailable: latest', {}, '', 2),
  served(
    'ModelSpecMultipleVersionsAvailable: the smaller version',
    { version: { value: 1 } },
    '/versions/1',
    1,
  ),
  served(
    'ModelSpecMultipleVersionsAvailable: the larger version',
    { version: { value: 2 } },
    '/versions/2',
    2,
  ),
  served(
    'ModelSpecMultipleVersionsAvailable: a label of the smaller version',
    { version_label: 'A' },
    '/labels/A',
    1,
  ),
  served(
    'ModelSpecMultipleVersionsAvailable: a label of the larger version',
    { version_label: 'B' },
    '/labels/B',
    2,
  ),
  notServed(
    'ModelSpecMultipleVersionsAvailable: unknown label',
    { version_label: 'nope' },
    '/labels/nope',
    [INVALID_ARGUMENT, 400],
    'Unrecognized servable version label: nope',
  ),
  notServed(
    'AssignLabelToUnavailableVersionAllowed: the label of a version that is not there',
    { version_label: 'C' },
    '/labels/C',
    [NOT_FOUND, 404],
    'Servable not found for request: Specific(versions, 9)',
  ),
  reloadRefused(
    'RelativePathFails: a reload',
    [{ ...MODEL, base_path: 'relative' }],
    'Expected model m to have an absolute path or URI; got base_path()=relative',
  ),
  reloadRefused(
    'MixedAbsoluteRelativeFails: a reload',
    [MODEL, { ...MODEL, name: 'n', base_path: 'n' }],
    'Expected model n to have an absolute path or URI; got base_path()=n',
  ),
  reloadRefused(
    'DuplicateModelNameInConfig: a reload',
    [MODEL, MODEL],
    'Illegal to list model m multiple times in config list',
  ),
  reloadRefused(
    'UnknownModelPlatform: a reload',
    [{ ...MODEL, model_platform: 'not_a_platform' }],
    'Model m requests unsupported platform not_a_platform',
  ),
  reloadRefused(
    'IllegalConfigModelTypeAndPlatformSet: both',
    [{ ...MODEL, model_type: 'TENSORFLOW' }],
    `Illegal setting both ${DEPRECATED} and ModelServerConfig::model_platform, model name is m`,
  ),
  reloadRefused(
    'IllegalConfigModelTypeAndPlatformSet: neither',
    [{ name: 'm', base_path: '/m' }],
    `Illegal setting neither ${DEPRECATED} nor ModelServerConfig::model_platform, model name is m`,
  ),
  reloadRefused(
    'AssignLabelToUnavailableVersion: a reload',
    [{ ...MODEL, version_labels: { A: 1 } }],
    'Request to assign label to version 1 of model m, which is not currently available for inference',
    FAILED_PRECONDITION,
  ),
  {
    title: 'IllegalReconfigurationToCustomConfig: by the RPC, which takes lists only',
    grpc: refused(
      'HandleReloadConfigRequest',
      { config: { custom_model_config: { type_url: 'x' } } },
      INVALID_ARGUMENT,
      'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList ' +
        'is currently supported',
    ),
  },
]);
