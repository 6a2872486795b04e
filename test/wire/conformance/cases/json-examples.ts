/** Section 3 of the checklist, the part of Classify and Regress: JSON to tf.Examples, results to JSON. */
import { section, type Case, type PartialCase, type Text } from '../case.js';
import { classified, posted, postRefused, regressed } from '../messages.js';

const CLASSIFY = '/v1/models/examples:classify';
const REGRESS = '/v1/models/examples:regress';

/** A list feature comes back as the labels (b) or scores (f, i) of one example. */
function list(title: string, signature: string, example: string, classes: string): PartialCase {
  const body = `{"signature_name": "${signature}", "examples": [${example}]}`;
  return { title, rest: posted(CLASSIFY, body, classified(classes)) };
}

function bad(what: string, members: string, error: Text): PartialCase {
  const body = `{"signature_name": "scores_of_i", ${members}}`;
  return { title: `JsonErrors: ${what}`, rest: postRefused(CLASSIFY, body, 400, error) };
}

const badFeature = (what: string, value: string, error: string): PartialCase =>
  bad(what, `"examples": [{"names": ${value}}]`, error);

export const jsonExamples: readonly Case[] = section('3 JSON tensors', 'examples', [
  list(
    'RequestNoContext: strings are bytes',
    'classes_of_b',
    '{"b": ["one", {"b64": "dHdv"}]}',
    '[["one", 0.0], ["two", 0.0]]',
  ),
  list('RequestNoContext: a scalar', 'classes_of_b', '{"b": "one"}', '[["one", 0.0]]'),
  list(
    'RequestNoContext: decimals are floats',
    'scores_of_f',
    '{"f": [1.5, 2e0]}',
    '[["", 1.5], ["", 2.0]]',
  ),
  list(
    'RequestNoContext: integers are int64',
    'scores_of_i',
    '{"i": [3, -4]}',
    '[["", 3.0], ["", -4.0]]',
  ),
  {
    title: 'RequestNoContext: a list of examples',
    rest: posted(
      CLASSIFY,
      '{"signature_name": "scores_of_i", "examples": [{"i": 1}, {"i": [2]}]}',
      classified('[["", 1.0]]', '[["", 2.0]]'),
    ),
  },
  {
    title: 'RequestWithContextAndSignature: integers and booleans',
    rest: posted(
      CLASSIFY,
      '{"signature_name": "scores_of_i", "context": {"i": [1, true, false]}, "examples": [{}]}',
      classified('[["", 1.0], ["", 1.0], ["", 0.0]]'),
    ),
  },
  {
    title: 'RequestWithContextAndSignature: floats that are not finite',
    rest: posted(
      CLASSIFY,
      '{"signature_name": "scores_of_f", "context": {"f": [NaN, Infinity, -Infinity]}, "examples": [{}]}',
      classified('[["", NaN], ["", Infinity], ["", -Infinity]]'),
    ),
  },
  {
    title: 'RequestWithContextAndSignature: base64',
    rest: posted(
      CLASSIFY,
      '{"signature_name": "classes_of_b", "context": {"b": {"b64": "dHdv"}}, "examples": [{}]}',
      classified('[["two", 0.0]]'),
    ),
  },
  {
    title: 'JsonErrors: no examples, before the model is looked for',
    rest: postRefused(
      '/v1/models/nope:classify',
      '{}',
      400,
      "JSON Value: {} When method is classify, key 'examples' is expected and was not found",
    ),
  },
  {
    title: 'JsonErrors: signature_name is a number',
    rest: postRefused(CLASSIFY, '{"signature_name": 1, "examples": [{}]}', 400, {
      contains: "'signature_name' key must be a string value.",
    }),
  },
  bad(
    'an example that is no object',
    '"examples": [["a"]]',
    'Example must be JSON object but got JSON Array',
  ),
  bad('examples are no array', '"examples": {}', {
    contains: " Expecting 'examples' value to be an list/array",
  }),
  bad('an empty array', '"examples": []', { contains: " 'examples' value is an empty array" }),
  bad(
    'a context that is no object',
    '"context": [1], "examples": [{}]',
    'Example must be JSON object but got JSON Array',
  ),
  badFeature('null', '[null]', 'Feature: names has element with unexpected JSON type: Null'),
  badFeature(
    'an array in a list',
    '[[1]]',
    'Feature: names has element with unexpected JSON type: Array',
  ),
  badFeature(
    'an object',
    '[{"a": 1}]',
    'Feature: names has element with unexpected JSON type: Object',
  ),
  badFeature(
    'mixed kinds',
    '[1, 2.0]',
    'Unexpected element type in feature: names expecting type: int64',
  ),
  badFeature(
    'an integer beyond int64',
    '[9223372036854775808]',
    'Feature: names has uint64_t element. Only int64_t is supported.',
  ),
  badFeature('bad base64', '{"b64": "a b"}', 'Unable to base64 decode'),
  {
    title: 'JsonFromClassificationResult: labels and scores',
    rest: posted(
      CLASSIFY,
      '{"signature_name": "classify", "examples": [{"x": 0.5}]}',
      classified('[["plus", 0.5], ["minus", -0.5], ["zero", 0.0]]'),
    ),
  },
  {
    title: 'JsonFromRegressionResult: three values',
    rest: posted(
      REGRESS,
      '{"signature_name": "regress", "examples": [{"x": 0.2}, {"x": 0.9}, {"x": 1.0}]}',
      regressed('0.2', '0.9', '1.0'),
    ),
  },
  {
    title: 'JsonFromRegressionResultWithNonFinite: infinities and NaN',
    rest: posted(
      REGRESS,
      '{"signature_name": "regress", "examples": [{"x": Infinity}, {"x": -Infinity}, {"x": NaN}]}',
      regressed('Infinity', '-Infinity', 'NaN'),
    ),
  },
]);
