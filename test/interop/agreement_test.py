"""The server's numbers beside those of TensorFlow in this process (tf.saved_model.load), on random inputs.

Integers and strings must be equal, floats within 1e-5; over gRPC, and over REST in rows and columns.
"""
import base64
import json

import numpy as np
import tensorflow as tf
from harness import ModelTest, cases, expand_cases, model_path
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import classification_pb2, predict_pb2, regression_pb2

RTOL = 1e-5
ROWS = 5
IRIS_FEATURES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']


def words(rng, count):
    letters = 'aZ Ü"\\\n0é'
    return np.array([''.join(rng.choice(list(letters), rng.integers(0, 12))).encode() for _ in range(count)], object)


def normal(*shape):
    return lambda rng: rng.standard_normal((ROWS, *shape)).astype(np.float32)


# What is asked of each model: its signature, and a maker of random values for each input.
PREDICT = {
    'half_plus_two': ('serving_default', {'x': normal()}),
    'keras_mlp': ('serving_default', {'features': normal(16)}),
    'conv': ('serving_default', {'images': normal(8, 8, 3)}),
    'iris_classifier': ('serving_default', {'features': normal(4)}),
    'text_echo': ('serving_default', {'text': lambda rng: words(rng, ROWS)}),
    'multi_io': ('serving_default', {
        'a': normal(2), 'b': lambda rng: rng.integers(-2**20, 2**20, ROWS).astype(np.int32)}),
    'four_kinds': ('serving_default', {
        'an_int': lambda rng: rng.integers(-2**31, 2**31, (ROWS, 2)).astype(np.int32),
        'a_string': lambda rng: words(rng, ROWS),
        'a_float': normal(3),
        'a_double': lambda rng: rng.standard_normal((ROWS, 2, 2))}),
}


def plain(value):
    """A value of a REST answer with strings as bytes: they come as JSON strings or as {"b64": ...}."""
    if isinstance(value, dict):
        return base64.b64decode(value['b64'], validate=True)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.encode() if isinstance(value, str) else value


def jsonable(array):
    return [v.decode() for v in array] if array.dtype == object else array.tolist()


class AgreementTest(ModelTest):
    def rng(self):
        return np.random.default_rng(sum(self.id().encode()))

    def tensorflow(self, signature, inputs):
        loaded = tf.saved_model.load(f'{model_path(self.model)}/1')
        outputs = loaded.signatures[signature](**{name: tf.constant(value) for name, value in inputs.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    def assert_agree(self, got, expected):
        self.assertEqual(sorted(got), sorted(expected))
        for name, value in expected.items():
            self.assertEqual(np.shape(got[name]), value.shape, name)
            if value.dtype.kind == 'f':
                np.testing.assert_allclose(np.asarray(got[name], value.dtype), value, rtol=RTOL, err_msg=name)
            else:
                np.testing.assert_array_equal(np.asarray(got[name], value.dtype), value, err_msg=name)

    def rest(self, action, body):
        status, _, text = self.server.rest('POST', f'/v1/models/{self.model}:{action}', json.dumps(body))
        self.assertEqual(status, 200, text)
        return json.loads(text)


def predict_test(name, signature, makers):
    @expand_cases
    class Predict(AgreementTest):
        model = name

        def check(self, ask):
            rng = self.rng()
            inputs = {alias: make(rng) for alias, make in makers.items()}
            expected = self.tensorflow(signature, inputs)
            self.assert_agree(ask(self, inputs, expected), expected)

        def grpc(self, inputs, expected):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = name
            request.model_spec.signature_name = signature
            for alias, value in inputs.items():
                request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
            outputs = self.server.prediction.Predict(request, timeout=60).outputs
            for alias, value in outputs.items():
                self.assertEqual(tf.dtypes.as_dtype(value.dtype), tf.dtypes.as_dtype(expected[alias].dtype))
            return {alias: tf.make_ndarray(value) for alias, value in outputs.items()}

        def columns(self, inputs, expected):
            body = {'signature_name': signature, 'inputs': {a: jsonable(v) for a, v in inputs.items()}}
            answer = self.rest('predict', body)['outputs']
            # A single output comes without its name.
            answer = answer if len(expected) > 1 else {next(iter(expected)): answer}
            return {alias: plain(value) for alias, value in answer.items()}

        def rows(self, inputs, expected):
            lists = {a: jsonable(v) for a, v in inputs.items()}
            instances = [{a: values[i] for a, values in lists.items()} for i in range(ROWS)]
            answer = self.rest('predict', {'signature_name': signature, 'instances': instances})['predictions']
            if len(expected) == 1:
                return {next(iter(expected)): plain(answer)}
            return {alias: [plain(row[alias]) for row in answer] for alias in expected}

        @cases({'gRPC': (grpc,), 'REST columns': (columns,), 'REST rows': (rows,)})
        def agrees(self, ask):
            self.check(ask)
    return Predict


for _name, (_signature, _makers) in PREDICT.items():
    _class = predict_test(_name, _signature, _makers)
    _class.__name__ = _class.__qualname__ = ''.join(part.title() for part in _name.split('_'))
    globals()[_class.__name__] = _class
del _class


class IrisExamples(AgreementTest):
    """Classify and Regress: the model itself parses the Examples."""

    model = 'iris_classifier'

    def setUp(self):
        rows = self.rng().uniform(0.1, 8, (ROWS, 4)).astype(np.float32)
        self.examples, self.json = [], []
        for row in rows.tolist():
            example = example_pb2.Example()
            for name, value in zip(IRIS_FEATURES, row):
                example.features.feature[name].float_list.value.append(value)
            self.examples.append(example)
            self.json.append(dict(zip(IRIS_FEATURES, row)))
        self.serialized = np.array([e.SerializeToString() for e in self.examples], object)

    def ask(self, request, call):
        request.model_spec.name = self.model
        request.model_spec.signature_name = 'classify' if call == 'Classify' else 'regress'
        request.input.example_list.examples.extend(self.examples)
        return getattr(self.server.prediction, call)(request, timeout=60).result

    def test_classify(self):
        expected = self.tensorflow('classify', {'inputs': self.serialized})
        over_grpc = [[(c.label.encode(), c.score) for c in each.classes]
                     for each in self.ask(classification_pb2.ClassificationRequest(), 'Classify').classifications]
        over_rest = [[(label.encode(), score) for label, score in each] for each in self.rest(
            'classify', {'signature_name': 'classify', 'examples': self.json})['results']]
        for got in (over_grpc, over_rest):
            self.assert_agree({'classes': [[label for label, _ in row] for row in got],
                               'scores': [[score for _, score in row] for row in got]}, expected)

    def test_regress(self):
        expected = self.tensorflow('regress', {'inputs': self.serialized})
        over_grpc = [r.value for r in self.ask(regression_pb2.RegressionRequest(), 'Regress').regressions]
        over_rest = self.rest('regress', {'signature_name': 'regress', 'examples': self.json})['results']
        for got in (over_grpc, over_rest):
            self.assert_agree({'outputs': got}, expected)
