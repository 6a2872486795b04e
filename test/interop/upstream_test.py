"""Every plain SavedModel of upstream's test data, each in a server of its own: it loads, and it answers.

The models compute y = x/2 + 2 (half_plus_three: + 3) from a float x, or from a tf.Example with the feature x.
"""
import os
import unittest

import harness
import tensors
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import inference_pb2, predict_pb2

SERVABLES = 'tensorflow_serving/servables/tensorflow/testdata'
# name: (latest version, shape for x, y for x = 2); every `regress_x_to_y` reads tf.Examples.
HALF_PLUS = {
    'saved_model_half_plus_two_cpu': (123, [1, 1], 3.0),
    'saved_model_half_plus_two_2_versions': (124, [1, 1], 3.0),
    'saved_model_half_plus_two_tf2_cpu': (123, [1], 3.0),
    'saved_model_half_plus_three': (123, [1, 1], 4.0),
    'saved_model_half_plus_two_gpu': (123, [1, 1], 3.0),
    'saved_model_half_plus_two_gpu_trt': (123, [1, 1], 3.0),
    'saved_model_half_plus_two_mkl': (123, [1, 1], 3.0),
    'saved_model_half_plus_two_mlmd': (123, [], 3.0),
    'saved_model_half_plus_two_cpu_with_saved_model_config': (123, [1, 1], 3.0),
    'saved_model_half_plus_two_cpu_with_empty_saved_model_config': (123, [1, 1], 3.0),
}


@harness.expand_cases
class Upstream(unittest.TestCase):
    model = '~upstream'  # sorted last

    def serve(self, path):
        """Starts a server on the model, and checks at the end of the test that SIGTERM ends it with status 0."""
        harness.close_targets()  # one server at a time
        base = os.path.join(os.path.abspath(harness.options.testdata), path)
        self.assertTrue(os.path.isdir(base), f'no such folder: {base}')
        target = harness.start_server('m', base)
        self.addCleanup(lambda: self.assertEqual(target.close(), 0, 'exit status after SIGTERM'))
        return target

    def predict(self, target, inputs, signature=''):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = 'm'
        request.model_spec.signature_name = signature
        for alias, tensor in inputs.items():
            request.inputs[alias].CopyFrom(tensor)
        return target.prediction.Predict(request, timeout=60)

    @harness.cases({name: (name, *row) for name, row in HALF_PLUS.items()})
    def loads_and_answers(self, name, version, shape, expected):
        target = self.serve(f'{SERVABLES}/{name}')
        reply = self.predict(target, {'x': tensors.floats([2.0], shape=shape)})
        self.assertEqual(reply.model_spec.version.value, version)
        self.assertEqual(list(reply.outputs['y'].float_val), [expected])

        example = example_pb2.Example()
        example.features.feature['x'].float_list.value.append(2.0)
        signature = 'tensorflow/serving/regress' if name.endswith('three') else 'regress_x_to_y'
        reply = self.predict(target, {'inputs': tensors.strings([1], [example.SerializeToString()])}, signature)
        self.assertEqual(list(reply.outputs['outputs'].float_val), [expected])

        row, printed = ('[2.0]', f'[{expected}]') if len(shape) == 2 else ('2.0', f'{expected}')
        status, _, text = target.rest('POST', '/v1/models/m:predict', '{"instances": [%s]}' % row)
        self.assertEqual((status, text.decode()), (200, '{\n    "predictions": [%s\n    ]\n}' % printed))

    @harness.cases({name: (name,) for name in ('saved_model_half_plus_two_cpu', 'saved_model_half_plus_two_tf2_cpu')})
    def answers_several_tasks(self, name):
        target = self.serve(f'{SERVABLES}/{name}')
        request = inference_pb2.MultiInferenceRequest()
        for method in ('regress', 'classify'):
            task = request.tasks.add(method_name=f'tensorflow/serving/{method}')
            task.model_spec.name = 'm'
            task.model_spec.signature_name = f'{method}_x_to_y'
        request.input.example_list.examples.add().features.feature['x'].float_list.value.append(2.0)
        regressed, classified = target.prediction.MultiInference(request, timeout=60).results
        self.assertEqual([each.value for each in regressed.regression_result.regressions], [3.0])
        self.assertEqual([each.classes[0].score for each in classified.classification_result.classifications], [3.0])

    def test_tf2_default_value_of_x(self):
        target = self.serve(f'{SERVABLES}/saved_model_half_plus_two_tf2_cpu')
        self.assertEqual(len(self.predict(target, {}).outputs['y'].float_val), 1)

    def test_counter_keeps_its_state(self):
        target = self.serve(f'{SERVABLES}/saved_model_counter')

        def call(name, **inputs):
            return list(self.predict(target, inputs, name).outputs['output'].float_val)
        self.assertEqual(call('get_counter'), [0.0])
        self.assertEqual(call('incr_counter'), [1.0])
        self.assertEqual(call('incr_counter_by', delta=tensors.floats([2.5], shape=[])), [3.5])
        self.assertEqual(call('get_counter'), [3.5])
        self.assertEqual(call('reset_counter'), [0.0])

    def test_matrix_half_plus_two(self):
        target = self.serve('tensorflow_serving/batching/testdata/matrix_half_plus_two')
        reply = self.predict(target, {'x': tensors.floats(range(9), shape=[1, 3, 3])})
        self.assertEqual(list(reply.outputs['y'].float_val), [x / 2 + 2 for x in range(9)])
