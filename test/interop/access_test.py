"""Credentials as grpcio and Python's HTTP client send them: keys, and keys that are replaced under load."""
import hashlib
import http.client
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import grpc
import harness
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

MODEL = 'identity'


def principal(name, key, scope):
    return f'principal {{ name: "{name}" api_key_sha256: "{hashlib.sha256(key.encode()).hexdigest()}" {scope} }}\n'


class Access(unittest.TestCase):
    def setUp(self):
        if not harness.options.server:
            self.skipTest('needs --server: it is started with a file of who may ask')
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = os.path.join(self.folder, 'auth.config')

    def write(self, text):
        with open(self.file + '.new', 'w', encoding='utf-8') as out:
            out.write(text)
        os.replace(self.file + '.new', self.file)

    def start(self):
        grpc_port, rest_port = harness.free_ports(2)
        process = subprocess.Popen(shlex.split(harness.options.server) + [
            f'--port={grpc_port}', f'--rest_api_port={rest_port}', f'--model_name={MODEL}',
            f'--model_base_path={harness.model_path(MODEL)}', f'--auth_config_file={self.file}'], cwd=harness.ROOT)
        server = harness.Target(f'127.0.0.1:{grpc_port}', f'127.0.0.1:{rest_port}', process)
        self.addCleanup(server.close)
        deadline = time.monotonic() + 60
        while True:
            try:
                if server.rest('GET', '/readyz')[0] == 200:
                    return server
            except OSError:
                self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def rpc(self, server, metadata, name=MODEL):
        """The code of a Predict, and its values."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.inputs['x'].CopyFrom(tf.make_tensor_proto([1.5, 2.5], dtype=tf.float32))
        try:
            reply = server.prediction.Predict(request, timeout=60, metadata=metadata)
        except grpc.RpcError as error:
            return error.code(), None
        return grpc.StatusCode.OK, tf.make_ndarray(next(iter(reply.outputs.values()))).tolist()

    def post(self, server, headers, name=MODEL):
        connection = http.client.HTTPConnection(server.rest_address, timeout=60)
        try:
            connection.request('POST', f'/v1/models/{name}:predict', '{"instances": [1.5, 2.5]}', headers)
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read()).get('predictions')
        finally:
            connection.close()

    def test_keys(self):
        self.write(principal('shop', 'shop-key', f'scope {{ model: "{MODEL}" }}'))
        server = self.start()
        values = [1.5, 2.5]
        for metadata in ([('x-api-key', 'shop-key')], [('authorization', 'Bearer shop-key')]):
            self.assertEqual(self.rpc(server, metadata), (grpc.StatusCode.OK, values))
            self.assertEqual(self.post(server, dict(metadata)), (200, values))
            self.assertEqual(self.rpc(server, metadata, 'other')[0], grpc.StatusCode.PERMISSION_DENIED)
            self.assertEqual(self.post(server, dict(metadata), 'other')[0], 403)
        for metadata in ([], [('x-api-key', 'no')], [('authorization', 'Bearer no')]):
            self.assertEqual(self.rpc(server, metadata)[0], grpc.StatusCode.UNAUTHENTICATED)
            self.assertEqual(self.post(server, dict(metadata))[0], 401)
        with self.assertRaises(grpc.RpcError) as caught:
            server.status(MODEL)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAUTHENTICATED)

    def test_a_key_is_replaced_under_load(self):
        scope = f'scope {{ model: "{MODEL}" }}'
        kept = principal('kept', 'kept-key', scope)
        self.write(kept + principal('shop', 'old-key', scope))
        server = self.start()
        failed, done = [], threading.Event()

        def load(ask, good):
            while not done.is_set():
                outcome = ask(server)[0]
                if outcome != good:
                    failed.append(outcome)

        kinds = [(lambda s: self.rpc(s, [('x-api-key', 'kept-key')]), grpc.StatusCode.OK),
                 (lambda s: self.post(s, {'X-API-Key': 'kept-key'}), 200)]
        threads = [threading.Thread(target=load, args=kind) for kind in kinds]
        for thread in threads:
            thread.start()
        try:
            self.write(kept + principal('shop', 'new-key', scope))
            deadline = time.monotonic() + 30
            while self.post(server, {'X-API-Key': 'new-key'})[0] != 200:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)
            self.assertEqual(self.rpc(server, [('x-api-key', 'new-key')])[0], grpc.StatusCode.OK)
            self.assertEqual(self.rpc(server, [('x-api-key', 'old-key')])[0], grpc.StatusCode.UNAUTHENTICATED)
            self.assertEqual(self.post(server, {'X-API-Key': 'old-key'})[0], 401)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failed, [])
