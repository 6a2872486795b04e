"""A warm-up file that TensorFlow wrote: its requests have run when the version answers, every kind of them."""
import os
import shutil
import tempfile
import unittest

import harness
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2


def write_warmup_file(version_folder, logs):
    folder = os.path.join(version_folder, 'assets.extra')
    os.makedirs(folder)
    with tf.io.TFRecordWriter(os.path.join(folder, 'tf_serving_warmup_requests')) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def predict_log(signature, **inputs):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.name = 'm'
    log.predict_log.request.model_spec.signature_name = signature
    for alias, value in inputs.items():
        log.predict_log.request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return log


def fill_iris_example(input_proto):
    example = input_proto.example_list.examples.add()
    for feature in ('sepal_length', 'sepal_width', 'petal_length', 'petal_width'):
        example.features.feature[feature].float_list.value.append(1.5)


class WarmupFile(unittest.TestCase):
    def serve(self, model, logs):
        """A server on a copy of the model with this warm-up file."""
        if not harness.options.server:
            self.skipTest('needs --server: the model is served with a file of the test')
        base = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, base)
        version = os.path.join(base, '1')
        shutil.copytree(os.path.join(harness.model_path(model), '1'), version)
        write_warmup_file(version, logs)
        target = harness.start_server('m', base)
        self.addCleanup(target.close)
        return target

    def test_runs_before_the_version_answers(self):
        target = self.serve('tally', [predict_log('incr_tally'), predict_log('incr_tally')])
        request = predict_pb2.PredictRequest()
        request.model_spec.name = 'm'
        request.model_spec.signature_name = 'get_tally'
        self.assertEqual(target.prediction.Predict(request, timeout=60).outputs['tally'].float_val, [2.0])

    def test_takes_every_kind_of_request(self):
        classify, regress, multi = (prediction_log_pb2.PredictionLog() for _ in range(3))
        for name, request in (('classify', classify.classify_log.request), ('regress', regress.regress_log.request)):
            request.model_spec.signature_name = name
            fill_iris_example(request.input)
            task = multi.multi_inference_log.request.tasks.add()
            task.model_spec.name = 'm'
            task.model_spec.signature_name = name
            task.method_name = f'tensorflow/serving/{name}'
        fill_iris_example(multi.multi_inference_log.request.input)
        logs = [predict_log('', features=[[1.0, 2.0, 3.0, 4.0]]), classify, regress, multi]
        states = [status.state for status in self.serve('iris_classifier', logs).status('m')]
        self.assertEqual(states, [30])  # AVAILABLE: each of them ran
