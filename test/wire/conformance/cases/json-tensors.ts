/** Section 3 of the checklist, the part of Predict: JSON to tensors and back. */
import { section, type Case, type PartialCase, type RestCase, type Text } from '../case.js';
import { outputs, posted, postRefused, predictions } from '../messages.js';

const IDENTITY = '/v1/models/identity:predict';

/** `instances` through the identity of a dtype: rows as printed. */
function rows(title: string, dtype: string, instances: string, ...printed: string[]): PartialCase {
  const body = `{"signature_name": "identity_${dtype}", "instances": ${instances}}`;
  return { title, rest: posted(IDENTITY, body, predictions(...printed)) };
}

function refusedRows(title: string, dtype: string, instances: string, error: Text): PartialCase {
  const body = `{"signature_name": "identity_${dtype}", "instances": ${instances}}`;
  return { title, rest: postRefused(IDENTITY, body, 400, error) };
}

function asJson(model: string, body: string, json: unknown): RestCase {
  return {
    method: 'POST',
    path: `/v1/models/${model}:predict`,
    body,
    expect: { status: 200, json },
  };
}

/** A signature of the model odd_outputs, fed with [1.0, 2.0]. */
function odd(title: string, signature: string, rest: Text | { readonly is: string }): PartialCase {
  const path = '/v1/models/odd_outputs:predict';
  const body = `{"signature_name": "${signature}", "instances": [1.0, 2.0]}`;
  const isReply = typeof rest === 'object' && 'is' in rest;
  return {
    title,
    model: 'odd_outputs',
    rest: isReply ? posted(path, body, rest.is) : postRefused(path, body, 400, rest),
  };
}

const DEEP = '['.repeat(500_000) + ']'.repeat(500_000);
const DBL_MAX = '1.7976931348623157e308';
const DBL_MIN = '2.2250738585072014e-308';

const FOUR_ROWS = [
  '{"an_int": 1, "a_string": "s", "a_float": [1.5, 2], "a_double": [[0.5], [7]]}',
  '{"an_int": -2, "a_string": {"b64": "aGk="}, "a_float": [3, 4], "a_double": [[1], [1.25]]}',
];

export const jsonTensors: readonly Case[] = section('3 JSON tensors', 'identity', [
  rows('SingleUnnamedTensor: [3, 2]', 'int32', '[[1,2],[3,4],[5,6]]', '[1, 2]', '[3, 4]', '[5, 6]'),
  {
    title: 'DeeplyNestedWellFormed: under an unknown key',
    rest: posted(IDENTITY, `{"other": ${DEEP}, "instances": [2.0]}`, predictions('2.0')),
  },
  {
    title: 'DeeplyNestedMalformed: under signature_name',
    rest: postRefused(IDENTITY, `{"signature_name": ${DEEP}, "instances": [2.0]}`, 400, {
      contains: 'key must be a string value',
    }),
  },
  rows('MixedInputForFloatTensor: both', 'float32', '[1, 2.5, -3]', '1.0', '2.5', '-3.0'),
  rows('MixedInputForDoubleTensor: both', 'float64', '[1, 2.5, -3]', '1.0', '2.5', '-3.0'),
  rows(
    'FloatTensorWithPrecisionLoss: 1435774380',
    'float32',
    '[1435774380, 1435774380.0]',
    '1.43577434e+09',
    '1.43577434e+09',
  ),
  rows(
    'FloatTensorThatExceedsMaxReturnsInf: DBL_MAX',
    'float32',
    `[${DBL_MAX}, -${DBL_MAX}]`,
    'Infinity',
    '-Infinity',
  ),
  rows(
    'FloatTensorThatExceedsMinReturnsZero: DBL_MIN',
    'float32',
    `[${DBL_MIN}, -${DBL_MIN}]`,
    '0.0',
    '-0.0',
  ),
  rows(
    'SingleUnnamedTensorWithSignature: identity_int64',
    'int64',
    '[9007199254740993]',
    '9007199254740993',
  ),
  {
    title: 'TensorFromNonNullTerminatedBuffer: X after the root',
    rest: posted(IDENTITY, '{"instances": [2.0]}X', predictions('2.0')),
  },
  rows(
    'SingleUnnamedTensorBase64Scalars: three forms',
    'string',
    '[{"b64": "aGk="}, {"b64": "aGk"}, {"b64": ""}, "hi"]',
    '"hi"',
    '"hi"',
    '""',
    '"hi"',
  ),
  rows(
    'SingleUnnamedTensorBase64Lists: nested',
    'string',
    '[[{"b64": "aGk="}, "a"], [{"b64": "eW8="}, {"b64": "Yg=="}]]',
    '["hi", "a"]',
    '["yo", "b"]',
  ),
  rows(
    'SingleNamedTensorBase64: an object around it',
    'string',
    '[{"x": {"b64": "aGk="}}]',
    '"hi"',
  ),
  {
    title: 'MultipleNamedTensor: rows of four dtypes',
    model: 'four_kinds',
    rest: asJson('four_kinds', `{"instances": [${FOUR_ROWS.join(', ')}]}`, {
      predictions: [
        { an_int_out: 1, a_string_out: 's', a_float_out: [1.5, 2], a_double_out: [[0.5], [7]] },
        { an_int_out: -2, a_string_out: 'hi', a_float_out: [3, 4], a_double_out: [[1], [1.25]] },
      ],
    }),
  },
  {
    title: 'SingleUnnamedTensorColumnarFormat: a bare list',
    rest: posted(IDENTITY, '{"inputs": [1.0, 2.0]}', outputs('1.0', '2.0')),
  },
  {
    title: 'SingleUnnamedTensorColumnarFormat: by name',
    rest: posted(IDENTITY, '{"inputs": {"x": [1.0, 2.0]}}', outputs('1.0', '2.0')),
  },
  {
    title: 'MultipleNamedTensorColumnarFormat: different first dimensions, strings and base64',
    model: 'four_kinds',
    rest: asJson(
      'four_kinds',
      '{"inputs": {"an_int": [1, 2, 3], "a_string": ["s", {"b64": "aGk="}], ' +
        '"a_float": 0.5, "a_double": [[1, 2]], "extra": null}}',
      {
        outputs: {
          an_int_out: [1, 2, 3],
          a_string_out: ['s', 'hi'],
          a_float_out: 0.5,
          a_double_out: [[1, 2]],
        },
      },
    ),
  },
  {
    title: 'SingleUnnamedTensorErrors: nothing',
    rest: postRefused(IDENTITY, '', 400, 'JSON Parse error: The document is empty'),
  },
  {
    title: 'SingleUnnamedTensorErrors: signature_name is a number',
    rest: postRefused(
      IDENTITY,
      '{"signature_name": 5, "instances": [1]}',
      400,
      'JSON Value: {\n    "signature_name": 5,\n    "instances": [1]\n} not formatted correctly. ' +
        "'signature_name' key must be a string value.",
    ),
  },
  {
    title: 'SingleUnnamedTensorErrors: rows and columns',
    rest: postRefused(
      IDENTITY,
      '{"instances": [1], "inputs": [1]}',
      400,
      'JSON Value: {\n    "instances": [1],\n    "inputs": [1]\n} Not formatted correctly ' +
        "expecting only one of 'inputs' or 'instances' keys to exist ",
    ),
  },
  {
    title: 'SingleUnnamedTensorErrors: neither',
    rest: postRefused(IDENTITY, '{}', 400, "Missing 'inputs' or 'instances' key"),
  },
  refusedRows('SingleUnnamedTensorErrors: instances is no list', 'float32', '1', {
    contains: " Expecting 'instances' to be an list/array",
  }),
  refusedRows('SingleUnnamedTensorErrors: an empty list', 'float32', '[]', {
    contains: " No values in 'instances' array",
  }),
  refusedRows('SingleUnnamedTensorErrors: other sizes', 'float32', '[[1, 2], [3, 4, 5]]', {
    contains: 'Expecting tensor size: 2 but got: 3',
  }),
  refusedRows(
    'SingleUnnamedTensorErrors: same size, flatter',
    'float32',
    '[[[1, 2], [3, 4]], [1, 2, 3, 4]]',
    { contains: 'Expecting shape [2,2] but got: [4]' },
  ),
  refusedRows(
    'SingleUnnamedTensorErrors: same size, deeper',
    'float32',
    '[[1, 2, 3, 4], [[1, 2], [3, 4]]]',
    { contains: 'Expecting shape [4] but got: [2,2]' },
  ),
  refusedRows(
    'SingleUnnamedTensorErrors: another type',
    'int32',
    '[1, "a"]',
    "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: " +
      'JSON Value: "a" Type: String is not of expected type: int32',
  ),
  ...(
    [
      [
        'other sizes',
        '[{"a": [1, 2], "b": 1}, {"a": [1], "b": 1}]',
        'Expecting tensor size: 2 but got: 1',
      ],
      [
        'other shapes',
        '[{"a": [[1], [2]], "b": 1}, {"a": [1, 2], "b": 1}]',
        'Expecting shape [2,1] but got: [2]',
      ],
      [
        'a list among objects',
        '[{"a": [1, 2], "b": 1}, [1]]',
        'Expecting object but got list at item 1 of input list',
      ],
      ['a key missing', '[{"a": [1, 2]}]', 'keys must be equal to: a,b'],
      ['an unknown key', '[{"a": [1, 2], "c": 1}]', 'does not have named input: c'],
      [
        'a plain list',
        '[1, 2]',
        'instances is a plain list, but expecting list of objects as multiple input tensors ' +
          'required as per tensorinfo_map',
      ],
    ] as const
  ).map(([what, instances, contains]) => ({
    title: `MultipleNamedTensorErrors: ${what}`,
    model: 'multi_io',
    rest: postRefused('/v1/models/multi_io:predict', `{"instances": ${instances}}`, 400, {
      contains,
    }),
  })),
  refusedRows(
    'MultipleNamedTensorErrors: an object in a plain list',
    'float32',
    '[1.0, {"x": 1.0}]',
    'Expecting value/list but got object at item 1 of input list',
  ),
  rows('FromJsonSingleTensor: rows', 'int32', '[[1, 2], [3, 4]]', '[1, 2]', '[3, 4]'),
  {
    title: 'FromJsonSingleTensor: columns',
    rest: posted(
      IDENTITY,
      '{"signature_name": "identity_int32", "inputs": [[1, 2], [3, 4]]}',
      outputs(
        '[\n            1,\n            2\n        ]',
        '[\n            3,\n            4\n        ]',
      ),
    ),
  },
  rows('FromJsonSingleScalarTensor: rows', 'int32', '[1, 2]', '1', '2'),
  {
    title: 'FromJsonSingleScalarTensor: columns',
    rest: posted(
      IDENTITY,
      '{"signature_name": "identity_int32", "inputs": [1, 2]}',
      outputs('1', '2'),
    ),
  },
  {
    title: 'FromJsonSingleBytesTensor: an alias that ends in _bytes',
    model: 'text_echo',
    rest: asJson('text_echo', '{"instances": ["Hi"]}', {
      predictions: [{ lower: 'hi', twice_bytes: { b64: 'SGkgSGk=' } }],
    }),
  },
  rows(
    'FromJsonSingleFloatTensorSixDigitPrecision: float',
    'float32',
    '[9000000, 999999, 0.5, 0.0003, 0.00003, 555557.5]',
    '9e+06',
    '999999.0',
    '0.5',
    '0.0003',
    '3e-05',
    '555557.5',
  ),
  rows(
    'FromJsonSingleFloatTensorNonFinite: three of them',
    'float32',
    '[NaN, Infinity, 3.0, -Infinity]',
    'NaN',
    'Infinity',
    '3.0',
    '-Infinity',
  ),
  odd(
    'FromJsonSingleTensorErrors: no outputs',
    'none',
    'Must specify at least one target to fetch or execute.',
  ),
  odd(
    'FromJsonSingleTensorErrors: complex64',
    'complex',
    'Failed to write JSON value for tensor type: complex64',
  ),
  odd(
    'FromJsonSingleTensorErrors: a scalar in row format',
    'scalar',
    'Tensor name: y has no shape information ',
  ),
  {
    title: 'FromJsonMultipleNamedTensors: rows',
    model: 'multi_io',
    rest: asJson('multi_io', '{"instances": [{"a": [1, 2], "b": 10}, {"b": 20, "a": [3, 4.5]}]}', {
      predictions: [
        { sum: [11, 12], b_plus_one: 11 },
        { sum: [23, 24.5], b_plus_one: 21 },
      ],
    }),
  },
  {
    title: 'FromJsonMultipleNamedTensors: columns',
    model: 'multi_io',
    rest: asJson('multi_io', '{"inputs": {"a": [[1, 2], [3, 4]], "b": [10, 20]}}', {
      outputs: {
        sum: [
          [11, 12],
          [23, 24],
        ],
        b_plus_one: [11, 21],
      },
    }),
  },
  odd('FromJsonMultipleNamedTensorsErrors: 2 and 3 rows', 'one_row_more', {
    contains: ' has inconsistent batch size: ',
  }),
  odd('FromJsonMultipleZeroBatchTensorsErrors: none and 2 rows', 'no_rows_and_some', {
    contains: ' has inconsistent batch size: ',
  }),
  odd('FromJsonSingleZeroBatchTensor: no rows', 'no_rows', { is: predictions() }),
  odd('FromJsonMultipleZeroBatchTensors: no rows', 'no_rows_twice', { is: predictions() }),
  rows('StatusOK: adds nothing', 'float32', '[1]', '1.0'),
  {
    title: 'StatusError: quotes and backslashes',
    rest: postRefused(
      IDENTITY,
      '{"signature_name": "a\\"b\\\\\\n", "instances": [1]}',
      400,
      'Serving signature name: "a"b\\\n" not found in signature def',
    ),
  },
]);
