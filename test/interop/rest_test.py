"""REST predict and status over plain HTTP: rows and columns, exact bytes where upstream's bytes are known."""
import base64
import json

import numpy as np
import tensors
from harness import ModelTest, cases, expand_cases, model_path
from tensorflow_serving.apis import predict_pb2

STATUS_OF_VERSION_1 = '''{
 "model_version_status": [
  {
   "version": "1",
   "state": "AVAILABLE",
   "status": {
    "error_code": "OK",
    "error_message": ""
   }
  }
 ]
}
'''


def error_body(message):
    """The error object as the server prints it; JSON's own escapes are enough for the texts used here."""
    return '{\n    "error": ' + json.dumps(message) + '\n}'


class RestTest(ModelTest):
    def predict(self, body, path=None):
        body = body if isinstance(body, str) else json.dumps(body)
        return self.server.rest('POST', path or f'/v1/models/{self.model}:predict', body)

    def assert_reply(self, reply, status, text):
        self.assertEqual(reply[2].decode(), text)
        self.assertEqual(reply[0], status)
        self.assertEqual(reply[1].get('content-type'), 'application/json')
        self.assertEqual(reply[1].get('content-length'), str(len(reply[2])))

    def answer(self, body):
        status, _, text = self.predict(body)
        self.assertEqual(status, 200, text)
        return json.loads(text)


@expand_cases
class HalfPlusTwo(RestTest):
    model = 'half_plus_two'

    @cases({
        'rows': ('{"instances": [1.0, 2.0, 5.0]}', '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'),
        'rows of integers': ('{"instances": [1, 2, 5]}', '{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'),
        'rows of rows': ('{"instances": [[1.0, 2.0], [5.0, 6.0]]}',
                         '{\n    "predictions": [[2.5, 3.0], [4.5, 5.0]\n    ]\n}'),
        'row objects': ('{"instances": [{"x": 1.0}, {"x": 5.0}]}', '{\n    "predictions": [2.5, 4.5\n    ]\n}'),
        'columns': ('{"inputs": [1.0, 2.0]}', '{\n    "outputs": [\n        2.5,\n        3.0\n    ]\n}'),
        'named column': ('{"inputs": {"x": [1.0, 2.0]}}', '{\n    "outputs": [\n        2.5,\n        3.0\n    ]\n}'),
        'nested columns': ('{"inputs": [[1.0], [5.0]]}', '{\n    "outputs": [\n        [\n            2.5\n        ],'
                                                         '\n        [\n            4.5\n        ]\n    ]\n}'),
        'scalar': ('{"inputs": 1.0}', '{\n    "outputs": 2.5\n}'),
        'no columns': ('{"inputs": []}', '{\n    "outputs": []\n}'),
        'rows of nothing': ('{"instances": [[], []]}', '{\n    "predictions": [[], []\n    ]\n}'),
        'signature by name': ('{"signature_name": "serving_default", "instances": [2.0]}',
                              '{\n    "predictions": [3.0\n    ]\n}'),
        'trailing bytes': ('{"instances": [2.0]}X', '{\n    "predictions": [3.0\n    ]\n}'),
        'byte order mark': ('\ufeff{"instances": [2.0]}', '{\n    "predictions": [3.0\n    ]\n}'),
        'not finite': ('{"instances": [NaN, Infinity, -Infinity]}',
                       '{\n    "predictions": [NaN, Infinity, -Infinity\n    ]\n}'),
        'short and long floats': ('{"instances": [-3.6, 199996, 1999996, -3.99994, 2469130, 16777216]}',
                                  '{\n    "predictions": [0.200000048, 100000.0, 1e+06, 3.0040741e-05, '
                                  '1234567.0, 8.38861e+06\n    ]\n}'),
        'unknown keys': ('{"other": [[[]]], "instances": [2.0]}', '{\n    "predictions": [3.0\n    ]\n}'),
    })
    def exact(self, body, reply):
        self.assert_reply(self.predict(body), 200, reply)

    def test_version_in_the_path(self):
        self.assert_reply(self.predict('{"instances": [2.0]}', '/v1/models/half_plus_two/versions/1:predict'),
                          200, '{\n    "predictions": [3.0\n    ]\n}')

    @cases({
        'unknown model': ('/v1/models/nope:predict', 404, 'Servable not found for request: Latest(nope)'),
        'unknown version': ('/v1/models/half_plus_two/versions/99:predict', 404,
                            'Servable not found for request: Specific(half_plus_two, 99)'),
        'unknown label': ('/v1/models/half_plus_two/labels/canary:predict', 400,
                          'Unrecognized servable version label: canary'),
        'unknown method': ('/v1/models/half_plus_two:other', 400,
                           'Malformed request: POST /v1/models/half_plus_two:other'),
        'upper-case method': ('/v1/models/half_plus_two:PREDICT', 400,
                              'Malformed request: POST /v1/models/half_plus_two:PREDICT'),
    })
    def path_error(self, path, status, message):
        self.assert_reply(self.predict('{"instances": [2.0]}', path), status, error_body(message))

    @cases({
        'empty': ('', 'JSON Parse error: The document is empty'),
        'blank': ('   ', 'JSON Parse error: The document is empty. at offset: 3'),
        'not JSON': ('instances = [1, 2]', 'JSON Parse error: Invalid value. at offset: 0'),
        'cut off': ('{"instances": [1.0', "JSON Parse error: Missing a comma or ']' after an array element. "
                                          'at offset: 18'),
        'neither key': ('{}', "Missing 'inputs' or 'instances' key"),
        'root is an array': ('[1]', 'JSON Value: [1] Is not object'),
        'unknown signature': ('{"signature_name": "nope", "instances": [2.0]}',
                              'Serving signature name: "nope" not found in signature def'),
        'other input name': ('{"inputs": {"q": [1.0]}}', "Missing named input: x in 'inputs' object."),
    })
    def body_error(self, body, message):
        self.assert_reply(self.predict(body), 400, error_body(message))

    @cases({
        'string for float': ('{"instances": ["a"]}', 'JSON Value: "a" Type: String is not of expected type: float'),
        'ragged': ('{"instances": [[1.0, 2.0], [1.0]]}', 'Expecting tensor size: 2 but got: 1'),
        'both keys': ('{"instances": [1], "inputs": [1]}',
                      "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "),
        'not a list': ('{"instances": 1}', "Expecting 'instances' to be an list/array"),
        'empty list': ('{"instances": []}', "No values in 'instances' array"),
        'signature is a number': ('{"signature_name": 1, "instances": [1]}', "'signature_name' key must be a string"),
    })
    def body_error_says(self, body, part):
        status, _, text = self.predict(body)
        self.assertEqual(status, 400)
        self.assertIn(part, json.loads(text)['error'])

    def test_nesting_of_500000_is_survived(self):
        deep = '[' * 500_000 + ']' * 500_000
        self.assert_reply(self.predict('{"other": ' + deep + ', "instances": [2.0]}'), 200,
                          '{\n    "predictions": [3.0\n    ]\n}')
        for body in ('{"instances": ' + deep + '}', '[' * 500_000, '{"inputs": {"x": ' + deep + '}}'):
            self.assertEqual(self.predict(body)[0], 400)

    @cases({
        'model': ('/v1/models/half_plus_two', 200, STATUS_OF_VERSION_1),
        'version': ('/v1/models/half_plus_two/versions/1', 200, STATUS_OF_VERSION_1),
        'unknown model': ('/v1/models/nope', 404, error_body('Could not find any versions of model nope')),
        'unknown version': ('/v1/models/half_plus_two/versions/99', 404,
                            error_body('Could not find version 99 of model half_plus_two')),
        'trailing slash': ('/v1/models/half_plus_two/', 400,
                           error_body('Malformed request: GET /v1/models/half_plus_two/')),
    })
    def status(self, path, status, text):
        self.assert_reply(self.server.rest('GET', path), status, text)

    def test_other_paths_are_not_found(self):
        self.assertEqual(self.server.rest('GET', '/')[0], 404)


class KerasMlp(RestTest):
    model = 'keras_mlp'

    def test_same_numbers_as_tensorflow_in_this_process(self):
        import tensorflow as tf
        features = np.random.default_rng(5).standard_normal((3, 16)).astype('<f4')
        model = tf.saved_model.load(model_path('keras_mlp') + '/1')
        expected = model.signatures['serving_default'](features=tf.constant(features))['output_0'].numpy()
        rows = features.astype(float).tolist()
        for body, key in (({'instances': rows}, 'predictions'), ({'inputs': rows}, 'outputs')):
            np.testing.assert_allclose(self.answer(body)[key], expected, rtol=1e-6, atol=0)

    def test_printed_floats_read_back_as_the_floats_grpc_sends(self):
        features = np.random.default_rng(6).standard_normal((4, 16)).astype('<f4')
        request = predict_pb2.PredictRequest()
        request.model_spec.name = 'keras_mlp'
        request.inputs['features'].CopyFrom(tensors.floats(features, shape=[4, 16]))
        sent = self.server.prediction.Predict(request, timeout=60).outputs['output_0']
        printed = self.answer({'instances': features.astype(float).tolist()})['predictions']
        self.assertEqual(np.array(printed, '<f4').tobytes(), tensors.bytes_of(sent))


class TextEcho(RestTest):
    model = 'text_echo'

    def test_strings_and_base64(self):
        answer = self.answer({'instances': ['Aé"\\\n', {'b64': base64.b64encode(b'Yo').decode()}]})
        self.assertEqual(answer['predictions'], [
            {'lower': 'aé"\\\n', 'twice_bytes': {'b64': base64.b64encode('Aé"\\\n Aé"\\\n'.encode()).decode()}},
            {'lower': 'yo', 'twice_bytes': {'b64': base64.b64encode(b'Yo Yo').decode()}}])

    def test_columns(self):
        answer = self.answer({'inputs': {'text': ['A', 'B']}})
        self.assertEqual(answer['outputs'], {'lower': ['a', 'b'], 'twice_bytes': [{'b64': 'QSBB'}, {'b64': 'QiBC'}]})

    def test_bytes_that_are_no_utf8_pass_unchanged(self):
        status, _, text = self.predict({'instances': [{'b64': base64.b64encode(b'B\xff').decode()}]})
        self.assertEqual(status, 200)
        self.assertIn(b'"lower": "b\xff"', text)
        self.assertIn(b'"b64": "' + base64.b64encode(b'B\xff B\xff') + b'"', text)

    def test_broken_base64(self):
        status, _, text = self.predict({'inputs': {'text': [{'b64': 'a b'}]}})
        self.assertEqual((status, json.loads(text)['error']), (400, 'Unable to base64 decode'))


class IrisClassifier(RestTest):
    model = 'iris_classifier'

    def test_predict(self):
        answer = self.answer({'instances': [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]})['predictions']
        self.assertEqual([row['species'] for row in answer], ['setosa', 'virginica'])
        np.testing.assert_allclose([sum(row['scores']) for row in answer], 1, rtol=1e-5)


class MultiIo(RestTest):
    model = 'multi_io'

    def test_rows(self):
        answer = self.answer({'instances': [{'a': [1, 2], 'b': 10}, {'b': 20, 'a': [3, 4.5]}]})
        self.assertEqual(answer['predictions'], [
            {'sum': [11.0, 12.0], 'b_plus_one': 11}, {'sum': [23.0, 24.5], 'b_plus_one': 21}])

    def test_columns(self):
        answer = self.answer({'inputs': {'a': [[1, 2], [3, 4]], 'b': [10, 20]}})
        self.assertEqual(answer['outputs'], {'sum': [[11.0, 12.0], [23.0, 24.0]], 'b_plus_one': [11, 21]})

    def test_errors(self):
        for body, part in (
                ('{"instances": [1, 2]}', 'instances is a plain list, but expecting list of objects as multiple input '
                                          'tensors required as per tensorinfo_map'),
                ('{"inputs": [1, 2]}', 'inputs is a plain value/list, but expecting an object as multiple input '
                                       'tensors required as per tensorinfo_map'),
                ('{"inputs": {"a": [[1, 2]]}}', "Missing named input: b in 'inputs' object."),
                ('{"instances": [{"a": [1, 2]}]}', 'keys must be equal to: a,b'),
                ('{"instances": [{"a": [1, 2], "b": 1}, {"a": [1], "b": 1}]}', 'Expecting tensor size: 2 but got: 1'),
                ('{"instances": [{"a": [1, 2], "b": 1.5}]}', 'is not of expected type: int32')):
            status, _, text = self.predict(body)
            self.assertEqual(status, 400, body)
            self.assertIn(part, json.loads(text)['error'])


@expand_cases
class Identity(RestTest):
    model = 'identity'

    @cases({dtype: (dtype, *row) for dtype, row in {
        'float32': ('[1.5, -0.0, 3.40282347e+38]', '1.5, -0.0, 3.40282347e+38'),
        'float64': ('[0.30000000000000004, 1e22, 2]', '0.30000000000000004, 1e+22, 2.0'),
        'int32': ('[-2147483648, 2147483647]', '-2147483648, 2147483647'),
        'int16': ('[-32768, 32767]', '-32768, 32767'),
        'int8': ('[-128, 127, 128]', '-128, 127, -128'),
        'uint8': ('[0, 255, 256]', '0, 255, 0'),
        'uint32': ('[0, 4294967295]', '0, 4294967295'),
        'uint64': ('[0, 18446744073709551615]', '0, 18446744073709551615'),
        'int64': ('[-9223372036854775808, 9223372036854775807]', '-9223372036854775808, 9223372036854775807'),
        'bool': ('[true, false]', 'true, false'),
        'string': (r'["a\u00e9\u001f\/\n", ""]', '"aé\\u001F/\\n", ""'),
    }.items()})
    def row_of(self, dtype, row, printed):
        reply = self.predict(f'{{"signature_name": "identity_{dtype}", "instances": {row}}}')
        self.assert_reply(reply, 200, '{\n    "predictions": [' + printed + '\n    ]\n}')

    @cases({dtype: (dtype, *row) for dtype, row in {
        'float32': ('1e400', 'Number too big to be stored in double.'), 'int32': ('1.0', 'is not of expected type: int32'),
        'int64': ('9223372036854775808', 'is not of expected type: int64'),
        'uint32': ('-1', 'is not of expected type: uint32'), 'bool': ('1', 'is not of expected type: bool'),
        'string': ('1', 'is not of expected type: string'), 'complex64': ('1', 'Conversion of JSON Value: 1 to type: '),
        'float16': ('1.0', 'Conversion of JSON Value: 1.0 to type: '),
        'bfloat16': ('1.0', 'Conversion of JSON Value: 1.0 to type: '),
    }.items()})
    def refused(self, dtype, value, part):
        status, _, text = self.predict(f'{{"signature_name": "identity_{dtype}", "instances": [{value}]}}')
        self.assertEqual(status, 400)
        self.assertIn(part, json.loads(text)['error'])


@expand_cases
class Failing(RestTest):
    model = 'failing'

    @cases({'division by zero': ('', [0], 'Integer division by zero'),
            'out of range': ('gather', [7], 'indices[0] = 7 is not in [0, 3)')})
    def run_time_error_is_passed_on(self, signature, values, part):
        status, _, text = self.predict({'signature_name': signature, 'instances': values})
        self.assertEqual(status, 400)
        self.assertIn(part, json.loads(text)['error'])
