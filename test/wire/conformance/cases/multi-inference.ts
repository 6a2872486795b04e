/** Section 8 of the checklist: MultiInference, which REST does not have. */
import { section, type Case, type PartialCase, type Text } from '../case.js';
import {
  answered,
  examplesOfX,
  INVALID_ARGUMENT,
  NOT_FOUND,
  refused,
  UNIMPLEMENTED,
} from '../messages.js';

const REGRESS = 'tensorflow/serving/regress';
const CLASSIFY = 'tensorflow/serving/classify';
const PREDICT = 'tensorflow/serving/predict';

const spec = (signature: string, name = 'half_plus_two'): object => ({
  name,
  signature_name: signature,
});
const task = (signature: string, method = REGRESS): object => ({
  model_spec: spec(signature),
  method_name: method,
});
const served = (signature: string): object => ({ ...spec(signature), version: { value: '123' } });
const regression = (signature: string, ...values: number[]): object => ({
  model_spec: served(signature),
  regression_result: { regressions: values.map((value) => ({ value })) },
});

/** Signatures with inputs of their own, as TensorFlow 2 saves them. */
const OWN_INPUTS = 'own_inputs';
const ownTask = (signature: string, method: string): object => ({
  model_spec: spec(signature, OWN_INPUTS),
  method_name: method,
});
const ownResult = (signature: string, result: object): object => ({
  model_spec: { ...spec(signature, OWN_INPUTS), version: { value: '1' } },
  ...result,
});
const regressions = (...values: number[]): object => ({
  regression_result: { regressions: values.map((value) => ({ value })) },
});
const classifications = (...scores: number[]): object => ({
  classification_result: { classifications: scores.map((score) => ({ classes: [{ score }] })) },
});

function fails(title: string, request: object, code: number, message: Text): PartialCase {
  return { title, grpc: refused('MultiInference', request, code, message) };
}

export const multiInference: readonly Case[] = section('8 MultiInference', 'half_plus_two', [
  fails(
    'MissingInputTest: no input',
    { tasks: [task('regress_x_to_y')] },
    INVALID_ARGUMENT,
    'Input is empty.',
  ),
  fails(
    'MissingInputTest: no tasks either',
    { input: examplesOfX(2) },
    INVALID_ARGUMENT,
    'ModelSpec has no name specified.',
  ),
  fails(
    'MissingInputTest: a second task without name',
    {
      tasks: [task('regress_x_to_y'), { model_spec: {}, method_name: REGRESS }],
      input: examplesOfX(2),
    },
    INVALID_ARGUMENT,
    'Found ModelSpec with an empty model name.',
  ),
  fails(
    'UndefinedSignatureTest: unknown',
    { tasks: [task('ThisSignatureDoesNotExist')], input: examplesOfX(2) },
    INVALID_ARGUMENT,
    'Requested signature not found in model graph: ThisSignatureDoesNotExist',
  ),
  fails(
    'InconsistentModelSpecsInRequestTest: two models',
    {
      tasks: [task('regress_x_to_y'), { model_spec: { name: 'other' }, method_name: REGRESS }],
      input: examplesOfX(2),
    },
    INVALID_ARGUMENT,
    'All ModelSpecs in a MultiInferenceRequest must access the same model name.',
  ),
  fails(
    'InconsistentModelSpecsInRequestTest: an unknown first one',
    { tasks: [{ model_spec: { name: 'nope' }, method_name: REGRESS }], input: examplesOfX(2) },
    NOT_FOUND,
    'Servable not found for request: Latest(nope)',
  ),
  fails(
    'EvaluateDuplicateSignaturesTest: regress_x_to_y twice',
    { tasks: [task('regress_x_to_y'), task('regress_x_to_y')], input: examplesOfX(2) },
    INVALID_ARGUMENT,
    'Duplicate evaluation of signature: regress_x_to_y',
  ),
  fails(
    'UsupportedSignatureTypeTest: predict',
    { tasks: [task('serving_default', PREDICT)], input: examplesOfX(2) },
    UNIMPLEMENTED,
    'Unsupported signature method_name: tensorflow/serving/predict',
  ),
  {
    title: 'ValidSingleSignatureTest: regress_x_to_y',
    grpc: answered(
      'MultiInference',
      { tasks: [task('regress_x_to_y')], input: examplesOfX(2) },
      { results: [regression('regress_x_to_y', 3)] },
    ),
  },
  {
    title: 'MultipleValidRegressSignaturesTest: order kept',
    grpc: answered(
      'MultiInference',
      { tasks: [task('regress_x_to_y2'), task('regress_x_to_y')], input: examplesOfX(2, 20) },
      { results: [regression('regress_x_to_y2', 4, 13), regression('regress_x_to_y', 3, 12)] },
    ),
  },
  {
    title: 'RegressAndClassifySignaturesTest: one of each',
    grpc: answered(
      'MultiInference',
      {
        tasks: [task('regress_x_to_y'), task('classify_x_to_y', CLASSIFY)],
        input: examplesOfX(2),
      },
      {
        results: [
          regression('regress_x_to_y', 3),
          {
            model_spec: served('classify_x_to_y'),
            classification_result: { classifications: [{ classes: [{ score: 3 }] }] },
          },
        ],
      },
    ),
  },
  {
    title: 'RegressAndClassifySignaturesTest: inputs of their own, which compute the same',
    model: OWN_INPUTS,
    grpc: answered(
      'MultiInference',
      {
        tasks: [ownTask('regress_x_to_y', REGRESS), ownTask('classify_x_to_y', CLASSIFY)],
        input: examplesOfX(2),
      },
      {
        results: [
          ownResult('regress_x_to_y', regressions(3)),
          ownResult('classify_x_to_y', classifications(3)),
        ],
      },
    ),
  },
  {
    title: 'MultipleValidRegressSignaturesTest: inputs of their own, three tasks, two examples',
    model: OWN_INPUTS,
    grpc: answered(
      'MultiInference',
      {
        tasks: [
          ownTask('regress_x_to_y2', REGRESS),
          ownTask('classify_x_to_y', CLASSIFY),
          ownTask('regress_x_to_y', REGRESS),
        ],
        input: examplesOfX(2, 20),
      },
      {
        results: [
          ownResult('regress_x_to_y2', regressions(4, 13)),
          ownResult('classify_x_to_y', classifications(3, 12)),
          ownResult('regress_x_to_y', regressions(3, 12)),
        ],
      },
    ),
  },
]);
