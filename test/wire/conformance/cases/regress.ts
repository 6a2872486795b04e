/** Section 7 of the checklist: Regress. */
import { section, type Case, type PartialCase, type Text } from '../case.js';
import {
  answered,
  example,
  examplesOfX,
  INVALID_ARGUMENT,
  NOT_FOUND,
  posted,
  postRefused,
  refused,
  regressed,
} from '../messages.js';

const PATH = '/v1/models/examples:regress';

const spec = (signature: string): object => ({ name: 'examples', signature_name: signature });

const reply = (signature: string, ...values: number[]): object => ({
  result: { regressions: values.map((value) => ({ value })) },
  model_spec: { ...spec(signature), version: { value: '1' } },
});

/** A signature whose output is malformed, asked on both transports with two examples. */
function malformed(title: string, signature: string, message: Text): PartialCase {
  return {
    title,
    grpc: refused(
      'Regress',
      { model_spec: spec(signature), input: examplesOfX(1, 2) },
      INVALID_ARGUMENT,
      message,
    ),
    rest: postRefused(
      PATH,
      `{"signature_name": "${signature}", "examples": [{"x": 1.0}, {"x": 2.0}]}`,
      400,
      message,
    ),
  };
}

const EMPTY = [
  ['EmptyInput: no kind', undefined],
  ['EmptyExampleList: no examples', { example_list: {} }],
  [
    'EmptyExampleListWithContext: a context alone',
    { example_list_with_context: { context: example({ x: 1 }) } },
  ],
] as const;

export const regress: readonly Case[] = section('7 Regress', 'examples', [
  ...['regress', 'regress_column'].map((signature) => ({
    title: `BasicExampleList: one value per example, ${signature}`,
    grpc: answered(
      'Regress',
      { model_spec: spec(signature), input: examplesOfX(2, 3.5) },
      reply(signature, 2, 3.5),
    ),
    rest: posted(
      PATH,
      `{"signature_name": "${signature}", "examples": [{"x": 2.0}, {"x": 3.5}]}`,
      regressed('2.0', '3.5'),
    ),
  })),
  {
    title: "BasicExampleListWithContext: the example's feature beats the context's",
    grpc: answered(
      'Regress',
      {
        model_spec: spec('regress'),
        input: {
          example_list_with_context: {
            context: example({ x: 2 }),
            examples: [example({ other: 1 }), example({ x: 5 })],
          },
        },
      },
      reply('regress', 2, 5),
    ),
    rest: posted(
      PATH,
      '{"signature_name": "regress", "context": {"x": 2.0}, "examples": [{}, {"x": 5.0}]}',
      regressed('2.0', '5.0'),
    ),
  },
  {
    title: 'ValidNamedSignature: regress_x_to_y2',
    model: 'half_plus_two',
    grpc: answered(
      'Regress',
      {
        model_spec: { name: 'half_plus_two', signature_name: 'regress_x_to_y2' },
        input: examplesOfX(2),
      },
      {
        result: { regressions: [{ value: 4 }] },
        model_spec: {
          name: 'half_plus_two',
          version: { value: '123' },
          signature_name: 'regress_x_to_y2',
        },
      },
    ),
    rest: posted(
      '/v1/models/half_plus_two:regress',
      '{"signature_name": "regress_x_to_y2", "examples": [{"x": 2.0}]}',
      regressed('4.0'),
    ),
  },
  {
    title: 'InvalidNamedSignature: a classify signature',
    model: 'half_plus_two',
    grpc: refused(
      'Regress',
      {
        model_spec: { name: 'half_plus_two', signature_name: 'classify_x_to_y' },
        input: examplesOfX(1),
      },
      INVALID_ARGUMENT,
      { contains: 'No regression outputs found in SignatureDef: inputs {\n' },
    ),
    rest: postRefused(
      '/v1/models/half_plus_two:regress',
      '{"signature_name": "classify_x_to_y", "examples": [{"x": 1.0}]}',
      400,
      { contains: 'No regression outputs found in SignatureDef: inputs {\n' },
    ),
  },
  {
    title: 'InvalidNamedSignature: an input that is no string',
    model: 'half_plus_two',
    grpc: refused(
      'Regress',
      {
        model_spec: { name: 'half_plus_two', signature_name: 'regress_x2_to_y3' },
        input: examplesOfX(1),
      },
      INVALID_ARGUMENT,
      { contains: 'to be float but string is provided' },
    ),
    rest: postRefused(
      '/v1/models/half_plus_two:regress',
      '{"signature_name": "regress_x2_to_y3", "examples": [{"x": 1.0}]}',
      400,
      { contains: 'to be float but string is provided' },
    ),
  },
  {
    title: 'MissingRegressionSignature: no default one',
    grpc: refused(
      'Regress',
      { model_spec: { name: 'examples' }, input: examplesOfX(1) },
      INVALID_ARGUMENT,
      'No signature was found with the name: serving_default',
    ),
    rest: postRefused(
      PATH,
      '{"examples": [{"x": 1.0}]}',
      400,
      'No signature was found with the name: serving_default',
    ),
  },
  malformed(
    'MalformedOutputs: two columns',
    'regress_two_columns',
    'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,2]',
  ),
  malformed(
    'MalformedOutputs: rank 3',
    'regress_rank_3',
    'Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got [2,1,1]',
  ),
  ...EMPTY.map(([title, input]) => ({
    title,
    grpc: refused(
      'Regress',
      { model_spec: spec('regress'), ...(input && { input }) },
      INVALID_ARGUMENT,
      'Input is empty.',
    ),
  })),
  {
    title: 'RunsFails: an assertion of the graph',
    grpc: refused(
      'Regress',
      { model_spec: spec('failing_regress'), input: examplesOfX(-1) },
      INVALID_ARGUMENT,
      { contains: 'x must not be negative' },
    ),
    rest: postRefused(
      PATH,
      '{"signature_name": "failing_regress", "examples": [{"x": -1.0}]}',
      400,
      { contains: 'x must not be negative' },
    ),
  },
  malformed(
    'UnexpectedOutputTensorSize: one more',
    'regress_one_more',
    'Input batch size did not match output batch size: 2 vs. 3',
  ),
  malformed(
    'UnexpectedOutputTensorType: integers',
    'regress_integers',
    'Expected output Tensor of DT_FLOAT.  Got: DT_INT32',
  ),
  {
    title: 'MethodNameCheck: off, any method',
    grpc: answered(
      'Regress',
      { model_spec: spec('other_method'), input: examplesOfX(2) },
      reply('other_method', 2),
    ),
  },
  {
    title: 'MethodNameCheck: on, another method',
    flags: ['--enable_signature_method_name_check'],
    grpc: refused(
      'Regress',
      { model_spec: spec('other_method'), input: examplesOfX(2) },
      INVALID_ARGUMENT,
      'Expected regression signature method_name to be tensorflow/serving/regress. ' +
        'Was: tensorflow/serving/other',
    ),
  },
  {
    title: 'InvalidModelSpec: none',
    grpc: refused('Regress', { input: examplesOfX(1) }, INVALID_ARGUMENT, 'Missing ModelSpec'),
  },
  {
    title: 'InvalidModelSpec: no name',
    grpc: refused(
      'Regress',
      { model_spec: { signature_name: 'regress' }, input: examplesOfX(1) },
      INVALID_ARGUMENT,
      'ModelSpec has no name specified.',
    ),
  },
  {
    title: 'InvalidModelSpec: unknown version',
    grpc: refused(
      'Regress',
      { model_spec: { ...spec('regress'), version: { value: 9 } }, input: examplesOfX(1) },
      NOT_FOUND,
      'Servable not found for request: Specific(examples, 9)',
    ),
    rest: postRefused(
      '/v1/models/examples/versions/9:regress',
      '{"examples": [{"x": 1.0}]}',
      404,
      'Servable not found for request: Specific(examples, 9)',
    ),
  },
  {
    title: 'InvalidSignature: unknown',
    grpc: refused(
      'Regress',
      { model_spec: spec('nope'), input: examplesOfX(1) },
      INVALID_ARGUMENT,
      'No signature was found with the name: nope',
    ),
    rest: postRefused(
      PATH,
      '{"signature_name": "nope", "examples": [{"x": 1.0}]}',
      400,
      'No signature was found with the name: nope',
    ),
  },
  {
    title: 'RegressionSuccess: a version by number',
    grpc: answered(
      'Regress',
      { model_spec: { ...spec('regress'), version: { value: 1 } }, input: examplesOfX(1) },
      reply('regress', 1),
    ),
  },
]);
