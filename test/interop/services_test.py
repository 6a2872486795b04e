"""Every other call of the PyPI client on upstream's half_plus_two signatures, and REST's GET through urllib."""
import json
import urllib.request

import grpc
import tensors
from harness import ModelTest, cases, expand_cases
from tensorflow.core.example import example_pb2
from tensorflow_serving.apis import (
    classification_pb2, get_model_metadata_pb2, get_model_status_pb2, inference_pb2, predict_pb2, regression_pb2)

REGRESS = 'tensorflow/serving/regress'
CLASSIFY = 'tensorflow/serving/classify'
SIGNATURES = {'serving_default', 'regress_x_to_y', 'regress_x_to_y2', 'regress_x2_to_y3', 'classify_x_to_y',
              'classify_x2_to_y3'}


def example(**features):
    result = example_pb2.Example()
    for name, value in features.items():
        result.features.feature[name].float_list.value.append(value)
    return result


@expand_cases
class HalfPlusFamily(ModelTest):
    model = 'half_plus_family'

    def spec(self, request, signature=''):
        request.model_spec.name = self.model
        request.model_spec.signature_name = signature
        return request

    def assert_spec(self, spec, signature):
        self.assertEqual((spec.name, spec.version.value, spec.signature_name), (self.model, 123, signature))

    @cases({'uncompressed': (None,), 'gzip': (grpc.Compression.Gzip,), 'deflate': (grpc.Compression.Deflate,)})
    def predict(self, compression):
        request = self.spec(predict_pb2.PredictRequest())
        values = [float(i % 100) for i in range(10_000)]
        request.inputs['x'].CopyFrom(tensors.floats(values))
        reply = self.server.prediction.Predict(request, timeout=60, compression=compression)
        self.assertEqual(list(reply.outputs['y'].float_val), [x / 2 + 2 for x in values])
        self.assert_spec(reply.model_spec, 'serving_default')

    def test_classify(self):
        request = self.spec(classification_pb2.ClassificationRequest(), 'classify_x_to_y')
        request.input.example_list.examples.extend([example(x=20.0), example(x=10.0)])
        reply = self.server.prediction.Classify(request, timeout=60)
        self.assertEqual([[(c.label, c.score) for c in each.classes] for each in reply.result.classifications],
                         [[('', 12.0)], [('', 7.0)]])
        self.assert_spec(reply.model_spec, 'classify_x_to_y')

    def test_regress_with_a_context(self):
        request = self.spec(regression_pb2.RegressionRequest(), 'regress_x_to_y2')
        examples = request.input.example_list_with_context
        examples.context.CopyFrom(example(x=2.0))
        examples.examples.extend([example(), example(x=80.0)])
        reply = self.server.prediction.Regress(request, timeout=60, compression=grpc.Compression.Gzip)
        self.assertEqual([r.value for r in reply.result.regressions], [4.0, 43.0])
        self.assert_spec(reply.model_spec, 'regress_x_to_y2')

    def test_multi_inference(self):
        request = inference_pb2.MultiInferenceRequest()
        for signature, method in (('classify_x_to_y', CLASSIFY), ('regress_x_to_y', REGRESS)):
            self.spec(request.tasks.add(method_name=method), signature)
        request.input.example_list.examples.extend([example(x=2.0)])
        first, second = self.server.prediction.MultiInference(request, timeout=60).results
        self.assertEqual([c.score for c in first.classification_result.classifications[0].classes], [3.0])
        self.assert_spec(first.model_spec, 'classify_x_to_y')
        self.assertEqual([r.value for r in second.regression_result.regressions], [3.0])
        self.assert_spec(second.model_spec, 'regress_x_to_y')

    def test_get_model_metadata(self):
        request = self.spec(get_model_metadata_pb2.GetModelMetadataRequest())
        request.metadata_field.append('signature_def')
        reply = self.server.prediction.GetModelMetadata(request, timeout=60)
        self.assert_spec(reply.model_spec, '')
        signatures = get_model_metadata_pb2.SignatureDefMap()
        self.assertTrue(reply.metadata['signature_def'].Unpack(signatures))
        self.assertEqual(set(signatures.signature_def), SIGNATURES)
        self.assertEqual(signatures.signature_def['regress_x_to_y'].method_name, REGRESS)
        self.assertEqual(signatures.signature_def['serving_default'].inputs['x'].name, 'x:0')

    def test_get_model_status(self):
        request = self.spec(get_model_status_pb2.GetModelStatusRequest())
        status, = self.server.model.GetModelStatus(request, timeout=60).model_version_status
        self.assertEqual((status.version, status.state, status.status.error_code),
                         (123, get_model_status_pb2.ModelVersionStatus.AVAILABLE, 0))

    def urlopen(self, path, body=None):
        if self.server.rest_address is None:
            self.skipTest('no --rest address given')
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f'http://{self.server.rest_address}/v1/models/{self.model}{path}', body, timeout=60) as reply:
            return json.load(reply)

    def test_urllib(self):
        self.assertEqual(self.urlopen(':predict', b'{"instances": [1.0, 2.0]}'), {'predictions': [2.5, 3.0]})
        self.assertEqual(self.urlopen(':classify', b'{"signature_name": "classify_x_to_y", "examples": [{"x": 20.0}]}'),
                         {'results': [[['', 12.0]]]})
        self.assertEqual(self.urlopen(':regress', b'{"signature_name": "regress_x_to_y", "examples": [{"x": 80.0}]}'),
                         {'results': [42.0]})
        self.assertEqual([s['version'] for s in self.urlopen('')['model_version_status']], ['123'])
        self.assertEqual(set(self.urlopen('/metadata')['metadata']['signature_def']['signature_def']), SIGNATURES)
