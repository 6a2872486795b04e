"""HandleReloadConfigRequest through the PyPI client: models and labels come, change and go while it serves."""
import time
import unittest

import grpc
import harness
import tensors
from tensorflow_serving.apis import model_management_pb2, predict_pb2
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus
from tensorflow_serving.config import model_server_config_pb2

AVAILABLE = ModelVersionStatus.AVAILABLE
LOADS = '/tensorflow/cc/saved_model/load_attempt_count'


class Reload(unittest.TestCase):
    """On a server of its own, since it is another one afterwards."""

    model = 'half_plus_two'

    def setUp(self):
        if not harness.options.server:
            self.skipTest('it would change the models of the server that was given')
        self.server = harness.start_server(self.model, harness.model_path(self.model))
        self.addCleanup(self.server.close)

    def reload(self, *configs, metrics=()):
        request = model_management_pb2.ReloadConfigRequest(metric_names=metrics)
        request.config.model_config_list.config.extend(configs)
        return self.server.model.HandleReloadConfigRequest(request, timeout=60)

    def config(self, name, **more):
        return model_server_config_pb2.ModelConfig(
            name=name, base_path=harness.model_path(name), model_platform='tensorflow', **more)

    def predict(self, name, **spec):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        for field, value in spec.items():
            setattr(request.model_spec, field, value)
        request.inputs['x'].CopyFrom(tensors.floats([1.0]))
        return self.server.prediction.Predict(request, timeout=60)

    def until_available(self, name, versions):
        while [s.version for s in self.server.status(name) if s.state == AVAILABLE] != versions:
            time.sleep(0.01)  # a reload waits for the first version only

    def test_models_and_labels(self):
        first = self.config(self.model)
        both = self.config('versions')
        both.model_version_policy.all.SetInParent()
        reply = self.reload(first, both, metrics=[LOADS, 'none', LOADS])
        self.assertEqual((reply.status.error_code, reply.status.error_message), (0, ''))
        self.assertEqual([(m.name, m.int64_value_increase) for m in reply.metric], [(LOADS, 0), ('none', 0)])
        self.assertEqual(self.predict('versions').model_spec.version.value, 2)  # it serves when the call returns
        self.until_available('versions', [2, 1])

        both.version_labels.update({'stable': 1, 'canary': 2})
        self.reload(first, both)
        self.assertEqual(list(self.predict('versions', version_label='stable').outputs['y'].int64_val), [1])
        self.assertEqual(list(self.predict('versions', version_label='canary').outputs['y'].int64_val), [2])
        self.assertEqual(list(self.predict(self.model).outputs['y'].float_val), [2.5])

        both.version_labels['stable'] = 9
        with self.assertRaises(grpc.RpcError) as caught:
            self.reload(first, both)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(caught.exception.details(), 'Request to assign label to version 9 of model versions, '
                                                     'which is not currently available for inference')
        self.assertEqual(list(self.predict('versions', version_label='stable').outputs['y'].int64_val), [1])

        self.reload(self.config('versions'))
        with self.assertRaises(grpc.RpcError) as caught:
            self.predict('versions', version_label='stable')
        self.assertEqual(caught.exception.details(), 'Unrecognized servable version label: stable')
        self.until_available(self.model, [])
        with self.assertRaises(grpc.RpcError) as caught:
            self.predict(self.model)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
        self.until_available('versions', [2])
