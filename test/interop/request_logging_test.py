"""Logged requests as TensorFlow reads them: every kind of request, over both protocols, and as a warm-up file."""
import glob
import json
import os
import shutil
import tempfile
import unittest

import harness
import tensorflow as tf
from tensorflow_serving.apis import (classification_pb2, inference_pb2, model_management_pb2, predict_pb2,
                                     prediction_log_pb2, regression_pb2, session_service_pb2)
from warmup_test import fill_iris_example

SESSION_RUN = '/tensorflow.serving.SessionService/SessionRun'
IRIS = 'iris_classifier'
FEATURES = ('sepal_length', 'sepal_width', 'petal_length', 'petal_width')


def read(folder):
    files = sorted(glob.glob(os.path.join(folder, '*.tfrecord')))
    return [prediction_log_pb2.PredictionLog.FromString(record.numpy()) for record in tf.data.TFRecordDataset(files)]


class RequestLogging(unittest.TestCase):
    def setUp(self):
        if not harness.options.server:
            self.skipTest('needs --server: it is started with a folder for logs')
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = harness.start_server('m', harness.model_path(IRIS), [f'--request_log_dir={self.folder}'])

    def log_all(self):
        """By upstream's own messages."""
        reload = model_management_pb2.ReloadConfigRequest()
        model = reload.config.model_config_list.config.add()
        model.name = 'm'
        model.base_path = harness.model_path(IRIS)
        model.model_platform = 'tensorflow'
        model.logging_config.sampling_config.sampling_rate = 1
        self.server.model.HandleReloadConfigRequest(reload, timeout=60)

    def requests(self):
        """Of each kind one, with its stub."""
        predict = predict_pb2.PredictRequest()
        predict.model_spec.name = 'm'
        predict.inputs['features'].CopyFrom(tf.make_tensor_proto([[1.5, 1.5, 1.5, 1.5]]))
        classify, regress = classification_pb2.ClassificationRequest(), regression_pb2.RegressionRequest()
        multi = inference_pb2.MultiInferenceRequest()
        for name, request in (('classify', classify), ('regress', regress)):
            request.model_spec.name = 'm'
            request.model_spec.signature_name = name
            fill_iris_example(request.input)
            task = multi.tasks.add()
            task.model_spec.CopyFrom(request.model_spec)
            task.method_name = f'tensorflow/serving/{name}'
        fill_iris_example(multi.input)
        run = session_service_pb2.SessionRunRequest()
        run.model_spec.name = 'm'
        run.fetch.append('Softmax:0')
        feed = run.feed.add()
        feed.name = 'features:0'
        feed.tensor.CopyFrom(predict.inputs['features'])
        session_run = self.server.channel.unary_unary(
            SESSION_RUN, request_serializer=session_service_pb2.SessionRunRequest.SerializeToString,
            response_deserializer=session_service_pb2.SessionRunResponse.FromString)
        stub = self.server.prediction
        return {
            'predict_log': (stub.Predict, predict),
            'classify_log': (stub.Classify, classify),
            'regress_log': (stub.Regress, regress),
            'multi_inference_log': (stub.MultiInference, multi),
            'session_run_log': (session_run, run),
        }

    def test_has_every_kind_of_request_with_its_answer(self):
        self.log_all()
        answers = {kind: call(request, timeout=60) for kind, (call, request) in self.requests().items()}
        requests = {kind: request for kind, (_, request) in self.requests().items()}
        self.assertEqual(self.server.close(), 0)
        logs = read(self.folder)
        self.assertEqual([log.WhichOneof('log_type') for log in logs], list(answers))
        for log in logs:
            kind = log.WhichOneof('log_type')
            self.assertEqual(getattr(log, kind).request, requests[kind])
            self.assertEqual(getattr(log, kind).response, answers[kind])
            self.assertEqual(log.log_metadata.model_spec.name, 'm')
            self.assertEqual(log.log_metadata.model_spec.version.value, 1)
            self.assertEqual(log.log_metadata.sampling_config.sampling_rate, 1)
            self.assertEqual(log.log_metadata.saved_model_tags, ['serve'])

    def test_has_requests_over_rest_as_those_over_grpc(self):
        self.log_all()
        row = dict.fromkeys(FEATURES, 1.5)
        for action, body in (('predict', {'instances': [[1.5, 1.5, 1.5, 1.5]]}),
                             ('classify', {'signature_name': 'classify', 'examples': [row]}),
                             ('regress', {'signature_name': 'regress', 'examples': [row]})):
            status, _, reply = self.server.rest('POST', f'/v1/models/m:{action}', json.dumps(body))
            self.assertEqual(status, 200, reply)
        requests = self.requests()
        answers = {kind: requests[kind][0](requests[kind][1], timeout=60) for kind in ('classify_log', 'regress_log')}
        predicted = requests['predict_log'][0](requests['predict_log'][1], timeout=60)
        self.assertEqual(self.server.close(), 0)
        predict, *others = read(self.folder)[:3]
        given = predict.predict_log.request.inputs['features']
        self.assertEqual(tf.make_ndarray(given).tolist(), [[1.5, 1.5, 1.5, 1.5]])
        self.assertEqual(predict.predict_log.response, predicted)
        for log in others:
            kind = log.WhichOneof('log_type')
            self.assertEqual(getattr(log, kind).request, requests[kind][1])
            self.assertEqual(getattr(log, kind).response, answers[kind])

    def test_is_a_warm_up_file(self):
        self.log_all()
        for kind, (call, request) in self.requests().items():
            if kind != 'session_run_log':  # which upstream knows, too, but whose names are of one graph
                call(request, timeout=60)
        self.server.rest('POST', '/v1/models/m:predict', '{"instances": [[1, 2, 3, 4], [5, 6, 7, 8]]}')
        self.assertEqual(self.server.close(), 0)
        [file] = os.listdir(self.folder)
        base = os.path.join(self.folder, 'model')
        version = os.path.join(base, '1')
        shutil.copytree(os.path.join(harness.model_path(IRIS), '1'), version)
        extra = os.path.join(version, 'assets.extra')
        os.makedirs(extra)
        shutil.copy(os.path.join(self.folder, file), os.path.join(extra, 'tf_serving_warmup_requests'))
        with open(os.path.join(self.folder, 'log'), 'w+', encoding='utf-8') as log:
            warm = harness.start_server('m', base, ['--log_level=info'], log)
            self.addCleanup(warm.close)
            while 30 not in [status.state for status in warm.status('m')]:
                pass
            log.seek(0)
            lines = [line for line in log if '"msg":"warm-up file"' in line]
        self.assertEqual([json.loads(line)['records'] for line in lines], [5])
