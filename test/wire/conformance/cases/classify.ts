/** Section 6 of the checklist: Classify. */
import { section, type Case, type PartialCase, type Text } from '../case.js';
import {
  answered,
  classified,
  example,
  examplesOfX,
  INVALID_ARGUMENT,
  NOT_FOUND,
  posted,
  postRefused,
  refused,
} from '../messages.js';

const PATH = '/v1/models/examples:classify';

const spec = (signature: string): object => ({ name: 'examples', signature_name: signature });

type Class = { label?: string; score?: number };

function reply(signature: string, ...examples: Class[][]): object {
  return {
    result: { classifications: examples.map((classes) => ({ classes })) },
    model_spec: { ...spec(signature), version: { value: '1' } },
  };
}

/** Three classes of one example, as the model has them. */
const classesOf = (x: number): Class[] => [
  { label: 'plus', score: x },
  { label: 'minus', score: -x },
  { label: 'zero' },
];

/** A signature whose outputs are malformed, asked on both transports with two examples. */
function malformed(title: string, signature: string, message: Text): PartialCase {
  return {
    title,
    grpc: refused(
      'Classify',
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

export const classify: readonly Case[] = section('6 Classify', 'examples', [
  {
    title: 'ExampleList: two examples',
    grpc: answered(
      'Classify',
      { model_spec: spec('classify'), input: examplesOfX(2, 3.5) },
      reply('classify', classesOf(2), classesOf(3.5)),
    ),
    rest: posted(
      PATH,
      '{"signature_name": "classify", "examples": [{"x": 2.0}, {"x": 3.5}]}',
      classified(
        '[["plus", 2.0], ["minus", -2.0], ["zero", 0.0]]',
        '[["plus", 3.5], ["minus", -3.5], ["zero", 0.0]]',
      ),
    ),
  },
  {
    title: 'ExampleListWithContext: the feature is in the context',
    grpc: answered(
      'Classify',
      {
        model_spec: spec('scores_only'),
        input: {
          example_list_with_context: {
            context: example({ x: 2 }),
            examples: [example({ other: 1 }), example({ other: 2 })],
          },
        },
      },
      reply('scores_only', [{ score: 2 }, { score: -2 }, {}], [{ score: 2 }, { score: -2 }, {}]),
    ),
    rest: posted(
      PATH,
      '{"signature_name": "scores_only", "context": {"x": 2.0}, "examples": [{"other": 1}, {}]}',
      classified('[["", 2.0], ["", -2.0], ["", 0.0]]', '[["", 2.0], ["", -2.0], ["", 0.0]]'),
    ),
  },
  {
    title: "ExampleListWithContext_DuplicateFeatures: the example's feature beats the context's",
    grpc: answered(
      'Classify',
      {
        model_spec: spec('scores_only'),
        input: {
          example_list_with_context: {
            context: example({ x: 2 }),
            examples: [example({ x: 5 })],
          },
        },
      },
      reply('scores_only', [{ score: 5 }, { score: -5 }, {}]),
    ),
    rest: posted(
      PATH,
      '{"signature_name": "scores_only", "context": {"x": 2.0}, "examples": [{"x": 5.0}]}',
      classified('[["", 5.0], ["", -5.0], ["", 0.0]]'),
    ),
  },
  {
    title: 'ClassesOnly: no scores',
    grpc: answered(
      'Classify',
      { model_spec: spec('classes_only'), input: examplesOfX(1) },
      reply('classes_only', [{ label: 'plus' }, { label: 'minus' }, { label: 'zero' }]),
    ),
    rest: posted(
      PATH,
      '{"signature_name": "classes_only", "examples": [{"x": 1.0}]}',
      classified('[["plus", 0.0], ["minus", 0.0], ["zero", 0.0]]'),
    ),
  },
  {
    title: 'ScoresOnly: no labels',
    grpc: answered(
      'Classify',
      { model_spec: spec('scores_only'), input: examplesOfX(1) },
      reply('scores_only', [{ score: 1 }, { score: -1 }, {}]),
    ),
    rest: posted(
      PATH,
      '{"signature_name": "scores_only", "examples": [{"x": 1.0}]}',
      classified('[["", 1.0], ["", -1.0], ["", 0.0]]'),
    ),
  },
  {
    title: 'ZeroScoresArePresent: all scores 0',
    grpc: answered(
      'Classify',
      { model_spec: spec('classify'), input: examplesOfX(0) },
      // -0 is not the default of a float: it is on the wire.
      reply('classify', [{ label: 'plus' }, { label: 'minus', score: -0 }, { label: 'zero' }]),
    ),
    rest: posted(
      PATH,
      '{"signature_name": "classify", "examples": [{"x": 0.0}]}',
      classified('[["plus", 0.0], ["minus", -0.0], ["zero", 0.0]]'),
    ),
  },
  {
    title: 'ValidNamedSignature: classify_x_to_y',
    model: 'half_plus_two',
    grpc: answered(
      'Classify',
      {
        model_spec: { name: 'half_plus_two', signature_name: 'classify_x_to_y' },
        input: examplesOfX(20),
      },
      {
        result: { classifications: [{ classes: [{ score: 12 }] }] },
        model_spec: {
          name: 'half_plus_two',
          version: { value: '123' },
          signature_name: 'classify_x_to_y',
        },
      },
    ),
  },
  {
    title: 'InvalidNamedSignature: a regress signature',
    model: 'half_plus_two',
    grpc: refused(
      'Classify',
      {
        model_spec: { name: 'half_plus_two', signature_name: 'regress_x_to_y' },
        input: examplesOfX(1),
      },
      INVALID_ARGUMENT,
      {
        contains:
          'Expected classification signature outputs to contain at least one of "classes" or ' +
          '"scores". Signature was: inputs {',
      },
    ),
    rest: postRefused(
      '/v1/models/half_plus_two:classify',
      '{"signature_name": "regress_x_to_y", "examples": [{"x": 1.0}]}',
      400,
      { contains: 'Expected classification signature outputs to contain at least one of ' },
    ),
  },
  {
    title: 'InvalidNamedSignature: a predict signature',
    model: 'half_plus_two',
    grpc: refused(
      'Classify',
      { model_spec: { name: 'half_plus_two' }, input: examplesOfX(1) },
      INVALID_ARGUMENT,
      { contains: 'No classification inputs found in SignatureDef: inputs {\n' },
    ),
  },
  malformed(
    'MalformedScores: no batch dimension',
    'scores_without_batch',
    'Expected Tensor shape: [batch_size num_classes] but got [2]',
  ),
  malformed(
    'MalformedScores: classes without',
    'classes_without_batch',
    'Expected Tensor shape: [batch_size num_classes] but got [1]',
  ),
  {
    title: 'MissingClassificationSignature: no default one',
    grpc: refused(
      'Classify',
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
  ...EMPTY.map(([title, input]) => ({
    title,
    grpc: refused(
      'Classify',
      { model_spec: spec('classify'), ...(input && { input }) },
      INVALID_ARGUMENT,
      'Input is empty.',
    ),
  })),
  {
    title: 'RunsFails: an assertion of the graph',
    grpc: refused(
      'Classify',
      { model_spec: spec('failing_classify'), input: examplesOfX(-1) },
      INVALID_ARGUMENT,
      { contains: 'x must not be negative' },
    ),
    rest: postRefused(
      PATH,
      '{"signature_name": "failing_classify", "examples": [{"x": -1.0}]}',
      400,
      { contains: 'x must not be negative' },
    ),
  },
  {
    title: 'RunsFails: a feature is missing',
    grpc: refused(
      'Classify',
      {
        model_spec: spec('classify'),
        input: { example_list: { examples: [example({ other: 1 })] } },
      },
      INVALID_ARGUMENT,
      { contains: 'Feature: x (data type: float) is required but could not be found.' },
    ),
    rest: postRefused(PATH, '{"signature_name": "classify", "examples": [{"x": 1}]}', 400, {
      contains: "Data types don't match. Data type: int64 but expected type: float",
    }),
  },
  malformed(
    'ClassesIncorrectTensorBatchSize: one more',
    'classes_of_one_more',
    'Expected classes output batch size of 2. Got: 3',
  ),
  malformed(
    'ScoresIncorrectTensorBatchSize: one more',
    'scores_of_one_more',
    'Expected scores output batch size of 2. Got: 3',
  ),
  malformed(
    'ClassesIncorrectTensorType: integers',
    'integer_classes',
    'Expected classes Tensor of DT_STRING. Got: DT_INT64',
  ),
  malformed(
    'ScoresIncorrectTensorType: doubles',
    'double_scores',
    'Expected scores Tensor of DT_FLOAT. Got: DT_DOUBLE',
  ),
  malformed(
    'MismatchedNumberOfTensorClasses: 2 and 3',
    'two_classes_three_scores',
    'Tensors class and score should match in dim_size(1). Got 2 vs. 3',
  ),
  {
    title: 'MethodNameCheck: on, a method of classify',
    flags: ['--enable_signature_method_name_check'],
    grpc: answered(
      'Classify',
      { model_spec: spec('scores_only'), input: examplesOfX(1) },
      reply('scores_only', [{ score: 1 }, { score: -1 }, {}]),
    ),
  },
  {
    title: 'MethodNameCheck: on, a method of regress',
    flags: ['--enable_signature_method_name_check'],
    grpc: refused(
      'Classify',
      { model_spec: spec('regress'), input: examplesOfX(1) },
      INVALID_ARGUMENT,
      'Expected classification signature method_name to be tensorflow/serving/classify. ' +
        'Was: tensorflow/serving/regress',
    ),
  },
  {
    title: 'InvalidModelSpec: none',
    grpc: refused('Classify', { input: examplesOfX(1) }, INVALID_ARGUMENT, 'Missing ModelSpec'),
  },
  {
    title: 'InvalidModelSpec: no name',
    grpc: refused(
      'Classify',
      { model_spec: { signature_name: 'classify' }, input: examplesOfX(1) },
      INVALID_ARGUMENT,
      'ModelSpec has no name specified.',
    ),
  },
  {
    title: 'InvalidModelSpec: unknown model',
    grpc: refused(
      'Classify',
      { model_spec: { name: 'nope' }, input: examplesOfX(1) },
      NOT_FOUND,
      'Servable not found for request: Latest(nope)',
    ),
    rest: postRefused(
      '/v1/models/nope:classify',
      '{"examples": [{"x": 1.0}]}',
      404,
      'Servable not found for request: Latest(nope)',
    ),
  },
  {
    title: 'InvalidSignature: unknown',
    grpc: refused(
      'Classify',
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
    title: 'ClassificationSuccess: a version by number',
    grpc: answered(
      'Classify',
      { model_spec: { ...spec('scores_only'), version: { value: 1 } }, input: examplesOfX(1) },
      reply('scores_only', [{ score: 1 }, { score: -1 }, {}]),
    ),
  },
]);
