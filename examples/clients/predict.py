#!/usr/bin/env python3
"""Predict over gRPC with the PyPI client.  pip install tensorflow-serving-api
Usage: predict.py [host:port], by default the demo server of `npm start`."""
import sys

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

address = sys.argv[1] if len(sys.argv) > 1 else 'localhost:8500'
stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))

request = predict_pb2.PredictRequest()
request.model_spec.name = 'half_plus_two'
request.inputs['x'].CopyFrom(tf.make_tensor_proto([1.0, 2.0, 5.0]))

reply = stub.Predict(request, timeout=10)
print(tf.make_ndarray(reply.outputs['y']))  # [2.5 3.  4.5]
