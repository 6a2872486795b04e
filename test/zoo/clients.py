"""One request over gRPC or REST, and its answer as arrays by name, or the Failure that came back."""
import base64
import http.client
import json

import grpc
import numpy as np
import tensorflow as tf
from reference import Failure
from tensorflow_serving.apis import classification_pb2, predict_pb2, prediction_service_pb2_grpc

MODEL = 'm'
TIMEOUT = 600  # seconds: of 64 clients the last waits for the others, and machines may be busy
CODES = {400: 3, 404: 5, 429: 8, 499: 1, 500: 13, 501: 12, 503: 14, 504: 4}
OPTIONS = [('grpc.max_receive_message_length', -1), ('grpc.max_send_message_length', -1), ('grpc.enable_http_proxy', 0),
           ('grpc.use_local_subchannel_pool', 1)]  # a connection for each channel


class GrpcClient:
    """One connection."""

    def __init__(self, target, definitions):
        self.channel = grpc.insecure_channel(target.grpc_address, options=OPTIONS)
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    def predict(self, signature, inputs):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = MODEL
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value, shape=value.shape))
        try:
            answer = self.stub.Predict(request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            return Failure(error.code().value[0], error.details())
        return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}

    def classify(self, signature, examples):
        """Lists of (label, score), one for each example."""
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name = MODEL
        request.model_spec.signature_name = signature
        request.input.example_list.examples.extend(examples)
        result = self.stub.Classify(request, timeout=TIMEOUT).result
        return [[(c.label, c.score) for c in one.classes] for one in result.classifications]

    def close(self):
        self.channel.close()


class RestClient:
    """One connection, kept alive."""

    def __init__(self, target, definitions):
        self.connection = http.client.HTTPConnection(target.rest_address, timeout=TIMEOUT)
        self.definitions = definitions

    def predict(self, signature, inputs, form='inputs'):
        """form: `inputs` (columns) or `instances` (rows)."""
        definition = self.definitions[signature]
        columns = {name: jsonable(value) for name, value in inputs.items()}
        if form == 'inputs':
            body = columns if len(columns) > 1 else next(iter(columns.values()))
        elif len(columns) > 1:
            body = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        else:
            body = next(iter(columns.values()))
        text = json.dumps({'signature_name': signature, form: body})
        self.connection.request('POST', f'/v1/models/{MODEL}:predict', text)
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            return Failure(CODES.get(reply.status, 2), f'{reply.status} {text.decode(errors="replace")}')
        answer = json.loads(text)
        dtypes = {name: tf.as_dtype(info.dtype) for name, info in definition.outputs.items()}
        if form == 'inputs':
            outputs = answer['outputs'] if len(dtypes) > 1 else {next(iter(dtypes)): answer['outputs']}
        elif len(dtypes) > 1:
            outputs = {name: [row[name] for row in answer['predictions']] for name in dtypes}
        else:
            outputs = {next(iter(dtypes)): answer['predictions']}
        return {name: array(value, dtypes[name]) for name, value in outputs.items()}

    def close(self):
        self.connection.close()


def jsonable(value):
    """Strings go as base64: they may be any bytes."""
    if value.dtype != object:
        return value.tolist()
    return [jsonable(v) if isinstance(v, np.ndarray) else {'b64': base64.b64encode(v).decode()} for v in value]


def array(value, dtype):
    def plain(v):
        if isinstance(v, list):
            return [plain(item) for item in v]
        return base64.b64decode(v['b64']) if isinstance(v, dict) else v.encode()

    return np.array(plain(value), object) if dtype == tf.string else np.array(value, dtype.as_numpy_dtype)
