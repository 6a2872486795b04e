"""Predict and GetModelStatus gone wrong: status codes and exact messages, as upstream sends them."""
import re

import grpc
import tensors
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from harness import cases, expand_cases
from predict_test import PredictTest
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import get_model_status_pb2, predict_pb2

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
X = tensors.floats([1.0, 2.0, 5.0])


def broken_tensors():
    """{case: TensorProto} that no server may accept for a float input."""
    def shaped(*dims, content=b'', dtype=types_pb2.DT_FLOAT):
        proto = tensor_pb2.TensorProto(dtype=dtype, tensor_content=content)
        for size in dims:
            proto.tensor_shape.dim.add(size=size)
        return proto
    return {
        'content too short': shaped(3, content=bytes(11)),
        'content too long': shaped(3, content=bytes(13)),
        'negative dimension': shaped(-1, content=bytes(4)),
        'dimension of 2^62': shaped(1 << 62, 8, content=bytes(4)),
        'product past int64': shaped(1 << 32, 1 << 32, content=bytes(4)),
        'more than memory, one value': tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape=shaped(1 << 40).tensor_shape, float_val=[1.0]),
        'no dtype': shaped(1, content=bytes(4), dtype=types_pb2.DT_INVALID),
        'reference dtype': shaped(1, content=bytes(4), dtype=types_pb2.DT_FLOAT_REF),
        'resource without handle': shaped(dtype=types_pb2.DT_RESOURCE),
        'string lengths past the content': shaped(2, content=b'\x7f\x01ab', dtype=types_pb2.DT_STRING),
    }


@expand_cases
class PredictErrors(PredictTest):
    model = 'half_plus_two'

    def refuse(self, request, code, message):
        self.assert_rpc_error(code, message, self.server.prediction.Predict, request)

    @cases({
        'unknown model': (dict(name='nope'), NOT_FOUND, 'Servable not found for request: Latest(nope)'),
        'unknown model and version':
            (dict(name='nope', version=7), NOT_FOUND, 'Servable not found for request: Specific(nope, 7)'),
        'unknown version': (dict(name='half_plus_two', version=99), NOT_FOUND,
                            'Servable not found for request: Specific(half_plus_two, 99)'),
        'version zero': (dict(name='half_plus_two', version=0), NOT_FOUND,
                         'Servable not found for request: Specific(half_plus_two, 0)'),
        'unknown label': (dict(name='half_plus_two', label='canary'), INVALID,
                          'Unrecognized servable version label: canary'),
        'no name': (dict(name=''), INVALID, 'ModelSpec has no name specified.'),
        'unknown signature': (dict(name='half_plus_two', signature='nope'), PRECONDITION,
                              'Serving signature key "nope" not found.'),
    })
    def model_spec(self, spec, code, message):
        request = self.request({'x': X}, signature=spec.get('signature', ''), version=spec.get('version'))
        request.model_spec.name = spec['name']
        if 'label' in spec:
            request.model_spec.version_label = spec['label']
        self.refuse(request, code, message)

    def test_no_model_spec(self):
        self.refuse(predict_pb2.PredictRequest(), INVALID, 'Missing ModelSpec')

    @cases({
        'none': ({}, 'input size does not match signature: 0!=1 len({}) != len({x}). '
                     'Sent extra: {}. Missing but required: {x}.'),
        'one too many': ({'x': X, 'z': X}, 'input size does not match signature: 2!=1 len({x,z}) != len({x}). '
                                           'Sent extra: {z}. Missing but required: {}.'),
        'wrong name': ({'q': X}, 'Signature input alias: x(feed name: x:0) not found in request and no default value '
                                 'provided. Inputs expected to be in the request {q}, or default input alias set: '),
    })
    def inputs(self, inputs, message):
        self.refuse(self.request(inputs), INVALID, message)

    @cases({case: (tensor,) for case, tensor in broken_tensors().items()})
    def tensor(self, tensor):
        self.refuse(self.request({'x': tensor}), INVALID, 'tensor parsing error: x')

    @cases({
        'unknown': (['z'], 'output tensor alias not found in signature: z '
                           'Outputs expected to be in the set {y}.'),
        'twice': (['y', 'y'], 'duplicate output tensor alias: y'),
        'unknown after twice': (['y', 'y', 'z'], 'output tensor alias not found in signature: z '
                                                 'Outputs expected to be in the set {y}.'),
    })
    def output_filter(self, names, message):
        self.refuse(self.request({'x': X}, output_filter=names), INVALID, message)

    def test_wrong_dtype(self):
        self.refuse(self.request({'x': tensors.strings([1], [b'a'])}), INVALID,
                    re.compile('Expects arg.0. to be float but string is provided'))

    def test_details(self):
        """Ours alone: which input, what was expected and given. from_call() checks code and message, too."""
        with self.assertRaises(grpc.RpcError) as caught:
            self.server.prediction.Predict(self.request({'x': tensors.strings([1], [b'a'])}), timeout=60)
        status = rpc_status.from_call(caught.exception)
        if status is None and self.server.process is None:
            self.skipTest('this server sends no details')
        bad_request = error_details_pb2.BadRequest()
        self.assertTrue(status.details[0].Unpack(bad_request))
        self.assertEqual([(v.field, v.description) for v in bad_request.field_violations],
                         [('inputs["x"]', 'expected DT_FLOAT [-1], got DT_STRING [1]')])

    @cases({
        'bytes that are no message': (b'\xff\xff\xff\xff',),
        'a length past the end': (b'\x0a\x7fabc',),
        'an unfinished varint': (b'\x0a\x80',),
    })
    def undecodable(self, body):
        """Upstream's gRPC library answers INTERNAL without a text; INVALID_ARGUMENT with one is as good."""
        with self.assertRaises(grpc.RpcError) as caught:
            self.server.call_raw('/tensorflow.serving.PredictionService/Predict', body)
        if caught.exception.code() != grpc.StatusCode.INTERNAL:
            self.assertEqual(caught.exception.code(), INVALID)
            self.assertNotEqual(caught.exception.details(), '')

    def test_unknown_method(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.server.call_raw('/tensorflow.serving.PredictionService/Nope', b'')
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_the_server_is_well_after_all_this(self):
        self.assertEqual(list(self.predict({'x': X}).outputs['y'].float_val), [2.5, 3.0, 4.5])

    @cases({
        'unknown model': (dict(name='nope'), NOT_FOUND, 'Could not find any versions of model nope'),
        'unknown version': (dict(name='half_plus_two', version=99), NOT_FOUND,
                            'Could not find version 99 of model half_plus_two'),
        'empty name': (dict(name=''), NOT_FOUND, 'Could not find any versions of model '),
        'no model spec': ({}, INVALID, 'Missing ModelSpec'),
    })
    def status(self, spec, code, message):
        request = get_model_status_pb2.GetModelStatusRequest()
        if spec:
            request.model_spec.SetInParent()
            request.model_spec.name = spec['name']
            if 'version' in spec:
                request.model_spec.version.value = spec['version']
        self.assert_rpc_error(code, message, self.server.model.GetModelStatus, request)


class MultiIoErrors(PredictTest):
    model = 'multi_io'

    def test_one_input_missing(self):
        self.assert_rpc_error(
            INVALID, 'input size does not match signature: 1!=2 len({a}) != len({a,b}). '
                     'Sent extra: {}. Missing but required: {b}.',
            self.server.prediction.Predict, self.request({'a': X}))


class DefaultsErrors(PredictTest):
    model = 'defaults'

    def test_missing_input_without_default(self):
        self.assert_rpc_error(
            INVALID, 'Signature input alias: x(feed name: x:0) not found in request and no default value provided. '
                     'Inputs expected to be in the request {scale}, or default input alias set: offset,scale',
            self.server.prediction.Predict, self.request({'scale': tensors.floats([1.0], shape=[])}))

    def test_unknown_input_beside_the_required_one(self):
        self.assert_rpc_error(
            INVALID, re.compile('^Inputs contains invalid name. Used request inputs: x, request input: '),
            self.server.prediction.Predict, self.request({'x': X, 'q': X}))


class NoSignature(PredictTest):
    model = 'no_signature'

    def test_nothing_to_call(self):
        self.assert_rpc_error(PRECONDITION, 'Serving signature key "serving_default" not found.',
                              self.server.prediction.Predict, self.request({'x': X}))


class VersionsErrors(PredictTest):
    model = 'versions'

    def test_an_older_version_is_not_served(self):
        self.assert_rpc_error(NOT_FOUND, 'Servable not found for request: Specific(versions, 1)',
                              self.server.prediction.Predict, self.request({'x': X}, version=1))


@expand_cases
class Failing(PredictTest):
    model = 'failing'

    @cases({
        'division by zero': ('', 'x', [5, 0], 'Integer division by zero'),
        'gather out of range': ('gather', 'index', [1, 7], r'indices\[1\] = 7 is not in \[0, 3\)'),
        'assertion': ('assert', 'x', [1, -1], 'assertion failed: .x must not be negative'),
    })
    def run_time_error_is_passed_on(self, signature, alias, values, message):
        self.assert_rpc_error(INVALID, re.compile(message), self.server.prediction.Predict,
                              self.request({alias: tensors.ints(values)}, signature=signature))

    def test_good_values_still_work(self):
        reply = self.predict({'x': tensors.ints([5, -3])})
        self.assertEqual(self.numbers(reply.outputs['y'], '<i4'), [20, -34])
