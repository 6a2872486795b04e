/** Section 5 of the checklist: Predict. */
import { section, type Case, type GrpcCase } from '../case.js';
import {
  answered,
  bools,
  example,
  FAILED_PRECONDITION,
  floats,
  INTERNAL,
  INVALID_ARGUMENT,
  NOT_FOUND,
  postRefused,
  posted,
  predictions,
  outputs,
  refused,
  strings,
} from '../messages.js';
import { serialized } from '../serialized.js';

const SPEC = { name: 'half_plus_two' };
const PATH = '/v1/models/half_plus_two:predict';
const X = floats([2]);
const VERSION = { value: '123' };

const served = (signature: string): object => ({
  name: 'half_plus_two',
  version: VERSION,
  signature_name: signature,
});

/** The counter's signatures have neither batch nor, but for one, inputs. */
function count(signature: string, value: number, inputs: object = {}): GrpcCase {
  const spec = { name: 'counter', signature_name: signature };
  return answered(
    'Predict',
    { model_spec: spec, inputs },
    {
      outputs: { output: floats([value], []) },
      model_spec: { ...spec, version: { value: '1' } },
    },
  );
}

const CUSTOMIZED = 'PredictionWithCustomizedSignatures';

export const predict: readonly Case[] = section('5 Predict', 'half_plus_two', [
  {
    title: 'MissingOrEmptyModelSpec: no spec',
    grpc: refused('Predict', {}, INVALID_ARGUMENT, 'Missing ModelSpec'),
  },
  {
    title: 'MissingOrEmptyModelSpec: empty name',
    grpc: refused(
      'Predict',
      { model_spec: {}, inputs: { x: X } },
      INVALID_ARGUMENT,
      'ModelSpec has no name specified.',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: unknown model',
    grpc: refused(
      'Predict',
      { model_spec: { name: 'nope' }, inputs: { x: X } },
      NOT_FOUND,
      'Servable not found for request: Latest(nope)',
    ),
    rest: postRefused(
      '/v1/models/nope:predict',
      '{"instances": [2.0]}',
      404,
      'Servable not found for request: Latest(nope)',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: unknown version',
    grpc: refused(
      'Predict',
      { model_spec: { ...SPEC, version: { value: 9 } }, inputs: { x: X } },
      NOT_FOUND,
      'Servable not found for request: Specific(half_plus_two, 9)',
    ),
    rest: postRefused(
      '/v1/models/half_plus_two/versions/9:predict',
      '{"instances": [2.0]}',
      404,
      'Servable not found for request: Specific(half_plus_two, 9)',
    ),
  },
  {
    title: 'MissingOrEmptyModelSpec: unknown label',
    grpc: refused(
      'Predict',
      { model_spec: { ...SPEC, version_label: 'stable' }, inputs: { x: X } },
      INVALID_ARGUMENT,
      'Unrecognized servable version label: stable',
    ),
  },
  {
    title: 'EmptyInputList: no inputs',
    grpc: refused(
      'Predict',
      { model_spec: SPEC },
      INVALID_ARGUMENT,
      'input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. ' +
        'Missing but required: {x}.',
    ),
  },
  {
    title: 'InputTensorsDontMatchModelSpecInputs: two unknown ones',
    grpc: refused(
      'Predict',
      { model_spec: SPEC, inputs: { unknown_key1: X, unknown_key2: X } },
      INVALID_ARGUMENT,
      'input size does not match signature: 2!=1 len({unknown_key1,unknown_key2}) != len({x}). ' +
        'Sent extra: {unknown_key1,unknown_key2}. Missing but required: {x}.',
    ),
  },
  {
    title: 'InputTensorsDontMatchModelSpecInputs: one unknown',
    grpc: refused('Predict', { model_spec: SPEC, inputs: { unknown: X } }, INVALID_ARGUMENT, {
      contains: 'Inputs expected to be in the request {unknown}, or default input alias set: ',
    }),
    rest: postRefused(
      PATH,
      '{"inputs": {"unknown": [2.0]}}',
      400,
      "Missing named input: x in 'inputs' object.",
    ),
  },
  {
    title: 'PredictionInvalidTensor: bool for float',
    grpc: refused('Predict', { model_spec: SPEC, inputs: { x: bools([true]) } }, INVALID_ARGUMENT, {
      contains: 'to be float but bool is provided',
    }),
    rest: postRefused(PATH, '{"inputs": [true]}', 400, {
      contains: 'JSON Value: true Type: True is not of expected type: float',
    }),
  },
  {
    title: 'OutputFiltersDontMatchModelSpecOutputs: unknown filter',
    grpc: refused(
      'Predict',
      { model_spec: SPEC, inputs: { x: X }, output_filter: ['output_filter'] },
      INVALID_ARGUMENT,
      'output tensor alias not found in signature: output_filter ' +
        'Outputs expected to be in the set {y}.',
    ),
  },
  {
    title: 'OutputFiltersDontMatchModelSpecOutputs: known filter',
    grpc: answered(
      'Predict',
      { model_spec: SPEC, inputs: { x: X }, output_filter: ['y'] },
      { outputs: { y: floats([3]) }, model_spec: served('serving_default') },
    ),
  },
  {
    title: 'OutputFiltersDontMatchModelSpecOutputs: repeated filter',
    grpc: refused(
      'Predict',
      { model_spec: SPEC, inputs: { x: X }, output_filter: ['y', 'y'] },
      INVALID_ARGUMENT,
      'duplicate output tensor alias: y',
    ),
  },
  {
    title: 'InputTensorsHaveWrongType: string for float',
    grpc: refused(
      'Predict',
      { model_spec: SPEC, inputs: { x: strings(['a']) } },
      INVALID_ARGUMENT,
      { contains: 'to be float but string is provided' },
    ),
  },
  {
    title: 'ModelMissingSignatures: a model without any',
    model: 'no_signature',
    grpc: refused(
      'Predict',
      { model_spec: { name: 'no_signature' }, inputs: { x: X } },
      FAILED_PRECONDITION,
      'Serving signature key "serving_default" not found.',
    ),
    rest: postRefused(
      '/v1/models/no_signature:predict',
      '{"instances": [2.0]}',
      400,
      'Serving signature name: "serving_default" not found in signature def',
    ),
  },
  {
    title: 'ModelMissingSignatures: a signature of another name',
    grpc: refused(
      'Predict',
      { model_spec: { ...SPEC, signature_name: 'nope' }, inputs: { x: X } },
      FAILED_PRECONDITION,
      'Serving signature key "nope" not found.',
    ),
    rest: postRefused(
      PATH,
      '{"signature_name": "nope", "instances": [2.0]}',
      400,
      'Serving signature name: "nope" not found in signature def',
    ),
  },
  {
    title: 'PredictionSuccess: the latest version',
    grpc: answered(
      'Predict',
      { model_spec: SPEC, inputs: { x: X } },
      { outputs: { y: floats([3]) }, model_spec: served('serving_default') },
    ),
    rest: posted(PATH, '{"inputs": [2.0]}', outputs('3.0')),
  },
  {
    title: 'PredictionSuccess: a version and a signature by name',
    grpc: answered(
      'Predict',
      {
        model_spec: { ...SPEC, version: { value: 123 }, signature_name: 'serving_default' },
        inputs: { x: floats([1, 2, 5], [3, 1]) },
      },
      { outputs: { y: floats([2.5, 3, 4.5], [3, 1]) }, model_spec: served('serving_default') },
    ),
  },
  {
    title: 'PredictionWithNamedRegressionSignature: with its input',
    grpc: answered(
      'Predict',
      {
        model_spec: { ...SPEC, signature_name: 'regress_x2_to_y3' },
        inputs: { inputs: floats([2], [1, 1]) },
      },
      { outputs: { outputs: floats([4], [1, 1]) }, model_spec: served('regress_x2_to_y3') },
    ),
    rest: posted(
      PATH,
      '{"signature_name": "regress_x2_to_y3", "instances": [[2.0]]}',
      predictions('[4.0]'),
    ),
  },
  {
    title: 'PredictionWithNamedRegressionSignature: without',
    grpc: refused(
      'Predict',
      { model_spec: { ...SPEC, signature_name: 'regress_x2_to_y3' }, inputs: { x: X } },
      INVALID_ARGUMENT,
      { contains: 'Inputs expected to be in the request {x}' },
    ),
  },
  {
    title: 'PredictionWithNamedClassificationSignature: with its input',
    grpc: answered(
      'Predict',
      {
        model_spec: { ...SPEC, signature_name: 'classify_x_to_y' },
        inputs: { inputs: strings([serialized(example({ x: 2 }))]) },
      },
      { outputs: { scores: floats([3], [1, 1]) }, model_spec: served('classify_x_to_y') },
    ),
  },
  ...(
    [
      ['get_counter', 0],
      ['incr_counter', 1],
      ['reset_counter', 0],
      ['incr_counter', 1],
    ] as const
  ).map(([signature, value], i) => ({
    title: `${CUSTOMIZED}: ${i + 1}. ${signature}`,
    model: 'counter',
    grpc: count(signature, value),
  })),
  {
    title: `${CUSTOMIZED}: 5. incr_counter_by`,
    model: 'counter',
    grpc: count('incr_counter_by', 4, { delta: floats([3], []) }),
    rest: posted(
      '/v1/models/counter:predict',
      '{"signature_name": "incr_counter_by", "inputs": 3.0}',
      '{\n    "outputs": 7.0\n}',
    ),
  },
  {
    title: `${CUSTOMIZED}: 6. get_counter`,
    model: 'counter',
    grpc: count('get_counter', 7),
    rest: postRefused(
      '/v1/models/counter:predict',
      '{"signature_name": "get_counter", "inputs": {}}',
      400,
      'Failed to get input map for signature: get_counter',
    ),
  },
  {
    title: 'MethodNameCheck: off, any method',
    model: 'examples',
    grpc: answered(
      'Predict',
      {
        model_spec: { name: 'examples', signature_name: 'other_method' },
        inputs: { inputs: strings([serialized(example({ x: 2 }))]) },
      },
      {
        outputs: { outputs: floats([2]) },
        model_spec: {
          name: 'examples',
          version: { value: '1' },
          signature_name: 'other_method',
        },
      },
    ),
  },
  {
    title: 'MethodNameCheck: on, an unknown method',
    model: 'examples',
    flags: ['--enable_signature_method_name_check'],
    grpc: refused(
      'Predict',
      {
        model_spec: { name: 'examples', signature_name: 'other_method' },
        inputs: { inputs: strings([serialized(example({ x: 2 }))]) },
      },
      INTERNAL,
      'Expected prediction signature method_name to be one of {tensorflow/serving/predict, ' +
        'tensorflow/serving/classify, tensorflow/serving/regress}. Was: tensorflow/serving/other',
    ),
  },
  {
    title: 'MethodNameCheck: on, regress',
    model: 'examples',
    flags: ['--enable_signature_method_name_check'],
    grpc: answered(
      'Predict',
      {
        model_spec: { name: 'examples', signature_name: 'regress' },
        inputs: { inputs: strings([serialized(example({ x: 2 }))]) },
      },
      {
        outputs: { outputs: floats([2]) },
        model_spec: { name: 'examples', version: { value: '1' }, signature_name: 'regress' },
      },
    ),
  },
]);
