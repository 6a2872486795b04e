"""Predict and GetModelStatus through the PyPI stubs on the demo and test models: right answers."""
import time

import grpc
import numpy as np
import tensors
from harness import ModelTest, model_path
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import get_model_status_pb2, predict_pb2

AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE
IRIS_FEATURES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
IRIS_FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]
IRIS_SCORES = [[9.9516785e-01, 4.8223645e-03, 9.8606970e-06], [1.3842422e-06, 1.0886975e-01, 8.9112890e-01]]


class PredictTest(ModelTest):
    def request(self, inputs, signature='', version=None, output_filter=()):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.model
        request.model_spec.signature_name = signature
        if version is not None:
            request.model_spec.version.value = version
        for alias, tensor in inputs.items():
            request.inputs[alias].CopyFrom(tensor)
        request.output_filter.extend(output_filter)
        return request

    def predict(self, *arguments, **options):
        return self.server.prediction.Predict(self.request(*arguments, **options), timeout=60)

    def numbers(self, tensor, element='<f4'):
        return np.frombuffer(tensors.bytes_of(tensor), element).tolist()


class HalfPlusTwo(PredictTest):
    model = 'half_plus_two'

    def test_one_two_five(self):
        reply = self.predict({'x': tensors.floats([1.0, 2.0, 5.0])})
        self.assertEqual(list(reply.outputs['y'].float_val), [2.5, 3.0, 4.5])
        self.assertEqual(tensors.shape_of(reply.outputs['y']), [3])

    def test_effective_model_spec_in_the_reply(self):
        spec = self.predict({'x': tensors.floats([1.0])}).model_spec
        self.assertEqual((spec.name, spec.version.value, spec.signature_name), ('half_plus_two', 1, 'serving_default'))
        self.assertEqual(spec.version_label, '')

    def test_version_by_number(self):
        reply = self.predict({'x': tensors.floats([2.0])}, version=1)
        self.assertEqual(list(reply.outputs['y'].float_val), [3.0])

    def test_signature_by_name(self):
        reply = self.predict({'x': tensors.floats([2.0])}, signature='serving_default')
        self.assertEqual(list(reply.outputs['y'].float_val), [3.0])

    def test_shape_is_left_to_tensorflow(self):
        reply = self.predict({'x': tensors.floats([1.0, 2.0, 5.0, 6.0], shape=[2, 2])})
        self.assertEqual(tensors.shape_of(reply.outputs['y']), [2, 2])
        self.assertEqual(list(reply.outputs['y'].float_val), [2.5, 3.0, 4.5, 5.0])

    def test_output_filter(self):
        reply = self.predict({'x': tensors.floats([2.0])}, output_filter=['y'])
        self.assertEqual(list(reply.outputs), ['y'])

    def test_many_calls_at_once(self):
        futures = [self.server.prediction.Predict.future(self.request({'x': tensors.floats([float(i)])}), timeout=60)
                   for i in range(200)]
        self.assertEqual([f.result().outputs['y'].float_val[0] for f in futures], [i / 2 + 2 for i in range(200)])

    def test_status(self):
        for version in (None, 1):
            request = get_model_status_pb2.GetModelStatusRequest()
            request.model_spec.name = 'half_plus_two'
            if version is not None:
                request.model_spec.version.value = version
            statuses = self.server.model.GetModelStatus(request, timeout=60).model_version_status
            self.assertEqual([(s.version, s.state) for s in statuses], [(1, AVAILABLE)])
            self.assertEqual((statuses[0].status.error_code, statuses[0].status.error_message), (0, ''))


class KerasMlp(PredictTest):
    model = 'keras_mlp'

    def test_same_numbers_as_tensorflow_in_this_process(self):
        import tensorflow as tf
        features = np.random.default_rng(3).standard_normal((17, 16)).astype('<f4')
        model = tf.saved_model.load(model_path('keras_mlp') + '/1')
        expected = model.signatures['serving_default'](features=tf.constant(features))['output_0'].numpy()
        for signature in ('serving_default', 'serve'):
            reply = self.predict({'features': tensors.floats(features, shape=[17, 16])}, signature=signature)
            self.assertEqual(tensors.shape_of(reply.outputs['output_0']), [17, 10])
            got = np.array(self.numbers(reply.outputs['output_0'])).reshape(17, 10)
            np.testing.assert_allclose(got, expected, rtol=1e-6, atol=0)
            np.testing.assert_allclose(got.sum(axis=1), 1, rtol=1e-5)


class TextEcho(PredictTest):
    model = 'text_echo'

    def test_strings_in_and_out(self):
        words = [b'Hello', 'Grüße'.encode(), b'\xff\x00A', b'']
        outputs = self.predict({'text': tensors.strings([4], words)}).outputs
        self.assertEqual(sorted(outputs), ['lower', 'twice_bytes'])
        self.assertEqual(list(outputs['lower'].string_val), [w.lower() for w in words])
        self.assertEqual(list(outputs['twice_bytes'].string_val), [w + b' ' + w for w in words])

    def test_output_filter_chooses_one_of_two(self):
        for alias in ('lower', 'twice_bytes'):
            reply = self.predict({'text': tensors.strings([1], [b'A'])}, output_filter=[alias])
            self.assertEqual(list(reply.outputs), [alias])


class IrisClassifier(PredictTest):
    model = 'iris_classifier'

    def test_predict(self):
        flat = [value for flower in IRIS_FLOWERS for value in flower]
        outputs = self.predict({'features': tensors.floats(flat, shape=[2, 4])}).outputs
        self.assertEqual(list(outputs['species'].string_val), [b'setosa', b'virginica'])
        np.testing.assert_allclose(np.reshape(self.numbers(outputs['scores']), (2, 3)), IRIS_SCORES, rtol=1e-4)

    def test_predict_on_the_classify_signature(self):
        examples = []
        for flower in IRIS_FLOWERS:
            example = example_pb2.Example()
            for name, value in zip(IRIS_FEATURES, flower):
                example.features.feature[name].float_list.value.append(value)
            examples.append(example.SerializeToString())
        outputs = self.predict({'inputs': tensors.strings([2], examples)}, signature='classify').outputs
        self.assertEqual(list(outputs['classes'].string_val), [b'setosa', b'versicolor', b'virginica'] * 2)
        np.testing.assert_allclose(np.reshape(self.numbers(outputs['scores']), (2, 3)), IRIS_SCORES, rtol=1e-4)


class MultiIo(PredictTest):
    model = 'multi_io'

    def test_two_inputs_two_outputs(self):
        outputs = self.predict({'a': tensors.floats([1, 2, 3, 4], shape=[2, 2]), 'b': tensors.ints([10, 20])}).outputs
        self.assertEqual(self.numbers(outputs['sum']), [11.0, 12.0, 23.0, 24.0])
        self.assertEqual(self.numbers(outputs['b_plus_one'], '<i4'), [11, 21])


class Defaults(PredictTest):
    model = 'defaults'

    def test_inputs_with_defaults_may_be_left_out(self):
        x, number = tensors.floats([1.0, 2.0]), lambda value: tensors.floats([value], shape=[])
        for inputs, expected in (
                ({}, [11.0, 21.0]), ({'offset': number(5)}, [15.0, 25.0]),
                ({'scale': number(2)}, [3.0, 5.0]), ({'scale': number(2), 'offset': number(0)}, [2.0, 4.0])):
            outputs = self.predict({'x': x, **inputs}).outputs
            self.assertEqual(self.numbers(outputs['y']), expected)


class Versions(PredictTest):
    model = 'versions'

    def test_the_latest_version_answers(self):
        reply = self.predict({'x': tensors.floats([0.0, 0.0])})
        self.assertEqual((reply.model_spec.version.value, list(reply.outputs['y'].int64_val)), (2, [2, 2]))
        self.assertEqual(list(self.predict({'x': tensors.floats([0.0])}, version=2).outputs['y'].int64_val), [2])

    def test_status_lists_the_served_version(self):
        self.assertEqual([(s.version, s.state) for s in self.server.status('versions')], [(2, AVAILABLE)])


class Slow(PredictTest):
    model = 'slow'

    def slow(self, iterations):
        return self.request({'x': tensors.floats([1.5]), 'iterations': tensors.ints([iterations])})

    def test_a_slow_run_does_not_hold_up_status_calls(self):
        running = self.server.prediction.Predict.future(self.slow(8000), timeout=60)
        self.assertEqual([s.state for s in self.server.status('slow')], [AVAILABLE])
        self.assertEqual(list(running.result().outputs['y'].float_val), [1.5])

    def test_a_deadline_ends_the_run(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.server.prediction.Predict(self.slow(2_000_000), timeout=0.3)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        started = time.monotonic()  # 2,000,000 steps take minutes: an answer now means that nobody is in the way
        self.assertEqual(list(self.server.prediction.Predict(self.slow(1), timeout=30).outputs['y'].float_val), [1.5])
        self.assertLess(time.monotonic() - started, 30)
