"""Spans of requests over both transports, batched ones too, as a collector gets them by OTLP over HTTP and gRPC."""
import concurrent.futures
import http.client
import json
import os
import shutil
import tempfile
import unittest

import grpc
import harness
import tensorflow as tf
from opentelemetry.proto.trace.v1 import trace_pb2
from otlp_collector import Collector, attributes_of
from tensorflow_serving.apis import predict_pb2

MODEL = 'half_plus_two'
SLOW = 'slow'
SLOW_ITERATIONS = [20_000]  # takes a second or some
STAGES = ['decode', 'encode', 'queue', 'run']
PARENT = '00f067aa0ba902b7'
BATCH = 4
REST_SPAN = 'POST /v1/models/{model}:predict'
GRPC_SPAN = 'tensorflow.serving.PredictionService/Predict'


def traceparent(trace_id, flags='01'):
    return f'00-{trace_id:032x}-{PARENT}-{flags}'


class Tracing(unittest.TestCase):
    def setUp(self):
        if not harness.options.server:
            self.skipTest('needs --server: it is started with a collector')
        self.collector = Collector()
        self.addCleanup(self.collector.close)

    def start(self, endpoint, *flags, model=MODEL, path=None):
        os.environ['OTEL_BSP_SCHEDULE_DELAY'] = '200'
        os.environ['OTEL_RESOURCE_ATTRIBUTES'] = 'deployment.environment.name=interop'
        os.environ['OTEL_EXPORTER_OTLP_HEADERS'] = 'x-collector=ours'
        path = path or harness.model_path(model)
        server = harness.start_server(model, path, [f'--otlp_endpoint={endpoint}', *flags])
        self.addCleanup(server.close)
        return server

    def rest(self, server, header=None, body='{"instances": [1.0]}', path=f'/v1/models/{MODEL}:predict'):
        connection = http.client.HTTPConnection(server.rest_address, timeout=60)
        try:
            connection.request('POST', path, body, {} if header is None else {'traceparent': header})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())
        finally:
            connection.close()

    def predict(self, server, header=None, name=MODEL):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.inputs['x'].CopyFrom(tf.make_tensor_proto([1.0], dtype=tf.float32))
        metadata = () if header is None else (('traceparent', header),)
        return tf.make_ndarray(server.prediction.Predict(request, timeout=60, metadata=metadata).outputs['y']).tolist()

    def of_trace(self, spans, trace_id):
        return [span for span in spans if int.from_bytes(span.trace_id, 'big') == trace_id]

    def check_request(self, spans, name, expected):
        """One span of a request below the client's, with its stages in order of time within it."""
        request = next(span for span in spans if span.name == name)
        self.assertEqual(request.parent_span_id.hex(), PARENT)
        self.assertEqual(request.kind, trace_pb2.Span.SPAN_KIND_SERVER)
        attributes = attributes_of(request)
        self.assertEqual({**attributes, **expected}, attributes)
        stages = [span for span in spans if span.name in STAGES]
        self.assertEqual(sorted(span.name for span in stages), STAGES)
        for stage in stages:
            self.assertEqual(stage.parent_span_id, request.span_id)
            slack = 5_000_000  # the request's own times are told by another clock's reading
            self.assertGreaterEqual(stage.start_time_unix_nano, request.start_time_unix_nano - slack)
            self.assertLessEqual(stage.end_time_unix_nano, request.end_time_unix_nano + slack)
            self.assertLessEqual(stage.start_time_unix_nano, stage.end_time_unix_nano)
        return request

    def check_traces(self, server):
        self.assertEqual(self.rest(server, traceparent(1)), (200, {'predictions': [2.5]}))
        self.assertEqual(self.predict(server, traceparent(2)), [2.5])
        with self.assertRaises(grpc.RpcError):
            self.predict(server, traceparent(3), 'nobody')
        self.assertEqual(self.rest(server, traceparent(4), '{"instances": "')[0], 400)
        for flags in ('00', None):  # not sampled, and not decided by the client where the share is 0
            header = None if flags is None else traceparent(5, flags)
            self.assertEqual(self.rest(server, header), (200, {'predictions': [2.5]}))
            self.assertEqual(self.predict(server, header), [2.5])
        self.assertEqual(self.rest(server, traceparent(6)), (200, {'predictions': [2.5]}))
        expected = {1: 5, 2: 5, 3: 1, 6: 5}
        spans = self.collector.wait_for(
            lambda spans: self.of_trace(spans, 4)
            and all(len(self.of_trace(spans, trace)) == count for trace, count in expected.items()))
        model = {'tensorgate.model': MODEL, 'tensorgate.version': '1'}
        self.check_request(self.of_trace(spans, 1), REST_SPAN, {
            **model, 'http.request.method': 'POST', 'http.response.status_code': 200,
            'url.path': f'/v1/models/{MODEL}:predict'})
        self.check_request(self.of_trace(spans, 2), GRPC_SPAN, {
            **model, 'rpc.system': 'grpc', 'rpc.method': 'Predict', 'rpc.grpc.status_code': 0})
        [missing] = self.of_trace(spans, 3)
        self.assertEqual(attributes_of(missing)['rpc.grpc.status_code'], grpc.StatusCode.NOT_FOUND.value[0])
        self.assertEqual(missing.status.code, trace_pb2.Status.STATUS_CODE_UNSET)  # it is the client's failure
        failed = self.of_trace(spans, 4)  # with no stage that it did not come to
        self.assertLessEqual({span.name for span in failed}, {REST_SPAN, 'queue', 'decode'})
        self.assertEqual(attributes_of(next(s for s in failed if s.name == REST_SPAN))['http.response.status_code'], 400)
        self.assertEqual(self.of_trace(spans, 5), [])
        self.assertEqual({int.from_bytes(span.trace_id, 'big') for span in spans}, {*expected, 4})
        for resource in self.collector.resources:
            self.assertEqual(resource['service.name'], 'tensorgate')
            self.assertEqual(resource['deployment.environment.name'], 'interop')

    def test_by_http(self):
        self.check_traces(self.start(f'http://127.0.0.1:{self.collector.http_port}', '--trace_sampling_ratio=0'))
        self.assertEqual({headers['x-collector'] for headers in self.collector.headers}, {'ours'})

    def test_by_grpc_and_io_threads(self):
        self.check_traces(self.start(f'http://127.0.0.1:{self.collector.grpc_port}', '--otlp_protocol=grpc',
                                     '--trace_sampling_ratio=0', '--io_threads=2'))

    def test_batches(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        parameters = os.path.join(folder, 'batching.config')
        with open(parameters, 'w', encoding='utf-8') as out:
            out.write(f'max_batch_size {{ value: {BATCH} }} batch_timeout_micros {{ value: 5000000 }}\n'
                      'num_batch_threads { value: 1 } max_enqueued_batches { value: 8 }\n')
        server = self.start(f'http://127.0.0.1:{self.collector.http_port}', '--trace_sampling_ratio=1',
                            '--enable_batching', f'--batching_parameters_file={parameters}')
        with concurrent.futures.ThreadPoolExecutor(BATCH) as pool:
            for call, answer in ((self.rest, (200, {'predictions': [2.5]})), (self.predict, [2.5])):
                self.assertEqual([done.result() for done in [pool.submit(call, server) for _ in range(BATCH)]],
                                 [answer] * BATCH)
        spans = self.collector.wait_for(
            lambda spans: sum(s.name in (REST_SPAN, GRPC_SPAN) for s in spans) == 2 * BATCH)
        batches = [span for span in spans if span.name == 'batch']
        self.assertEqual(len(batches), 2)
        for batch, name in zip(batches, (REST_SPAN, GRPC_SPAN)):
            requests = {span.span_id: span for span in spans if span.name == name}
            self.assertEqual({link.span_id for link in batch.links}, set(requests))
            self.assertEqual(attributes_of(batch)['tensorgate.batch.rows'], BATCH)
            runs = [span for span in spans if span.name == 'run' and span.parent_span_id in requests]
            self.assertEqual(len(runs), BATCH)
            for run in runs:
                self.assertEqual([link.span_id for link in run.links], [batch.span_id])
            # Their own traces: nobody sent one.
            self.assertEqual(len({span.trace_id for span in requests.values()}), BATCH)

    def test_pipelines(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        base = os.path.join(folder, 'chain')
        os.makedirs(os.path.join(base, '1'))
        with open(os.path.join(base, '1', 'pipeline.pbtxt'), 'w', encoding='utf-8') as out:
            out.write('input { name: "x" } output { name: "y" from: "second.y" }\n'
                      f'step {{ name: "first" model: "{MODEL}" input {{ to: "x" from: "x" }} }}\n'
                      f'step {{ name: "second" model: "{MODEL}" input {{ to: "x" from: "first.y" }} }}\n')
        config = os.path.join(folder, 'models.config')
        models = (('chain', base, 'pipeline'), (MODEL, harness.model_path(MODEL), 'tensorflow'))
        with open(config, 'w', encoding='utf-8') as out:
            out.write('model_config_list {\n' + ''.join(
                f'config {{ name: "{name}" base_path: "{path}" model_platform: "{platform}" }}\n'
                for name, path, platform in models) + '}\n')
        server = self.start(f'http://127.0.0.1:{self.collector.http_port}', '--trace_sampling_ratio=0',
                            f'--model_config_file={config}', model='chain', path=base)
        self.assertEqual(self.rest(server, traceparent(1), path='/v1/models/chain:predict'),
                         (200, {'predictions': [3.25]}))
        self.assertEqual(self.predict(server, traceparent(2), 'chain'), [3.25])
        for trace, name in ((1, REST_SPAN), (2, GRPC_SPAN)):
            spans = self.collector.wait_for(
                lambda spans: any(span.name == name for span in self.of_trace(spans, trace)))
            spans = self.of_trace(spans, trace)
            [request] = [span for span in spans if span.name == name]
            self.assertEqual(attributes_of(request)['tensorgate.model'], 'chain')
            for step in ('step first', 'step second'):
                [span] = [span for span in spans if span.name == step]
                self.assertEqual(span.parent_span_id, request.span_id)
                self.assertEqual(span.kind, trace_pb2.Span.SPAN_KIND_INTERNAL)
                self.assertEqual(span.status.code, trace_pb2.Status.STATUS_CODE_UNSET)
                self.assertIn('run', [each.name for each in spans if each.parent_span_id == span.span_id])

    def test_requests_that_nobody_waits_for(self):
        """A deadline ends the request, not its run."""
        server = self.start(f'http://127.0.0.1:{self.collector.http_port}', '--trace_sampling_ratio=0',
                            '--rest_api_timeout_in_ms=300', model=SLOW)
        request = predict_pb2.PredictRequest()
        request.model_spec.name = SLOW
        for name, value in (('x', [1.0]), ('iterations', SLOW_ITERATIONS)):
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value, dtype=tf.float32 if name == 'x' else tf.int32))
        body = json.dumps({'inputs': {'x': [1.0], 'iterations': SLOW_ITERATIONS}})
        with self.assertRaises(grpc.RpcError) as raised:
            server.prediction.Predict(request, timeout=0.3, metadata=(('traceparent', traceparent(1)),))
        self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertEqual(self.rest(server, traceparent(2), body, f'/v1/models/{SLOW}:predict')[0], 504)
        spans = self.collector.wait_for(lambda spans: all(
            {name, 'run'} <= {span.name for span in self.of_trace(spans, trace)}
            for trace, name in ((1, GRPC_SPAN), (2, REST_SPAN))))
        [call] = [span for span in self.of_trace(spans, 1) if span.name == GRPC_SPAN]
        # A client that has lost its patience may reset the stream before the server's own deadline ends it.
        self.assertIn(attributes_of(call)['rpc.grpc.status_code'],
                      (grpc.StatusCode.DEADLINE_EXCEEDED.value[0], grpc.StatusCode.CANCELLED.value[0]))
        [late] = [span for span in self.of_trace(spans, 2) if span.name == REST_SPAN]
        self.assertEqual(attributes_of(late)['http.response.status_code'], 504)
        self.assertEqual(late.status.message, '504 Gateway Timeout')

    def test_a_collector_that_is_not_there(self):
        self.collector.close()
        server = self.start(f'http://127.0.0.1:{self.collector.http_port}', '--trace_sampling_ratio=1')
        for _ in range(20):
            self.assertEqual(self.rest(server), (200, {'predictions': [2.5]}))
            self.assertEqual(self.predict(server), [2.5])
        self.assertEqual(server.close(), 0)
        server.process = None
