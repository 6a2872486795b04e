"""ProfilerService as TensorFlow's own profiler client asks for it, and as upstream's black-box test does."""
import glob
import json
import os
import shutil
import tempfile
import threading

import tensorflow as tf
from harness import ModelTest
from tensorflow.tsl.profiler.protobuf import xplane_pb2


class Profiler(ModelTest):
    model = 'half_plus_two'

    def setUp(self):
        self.logdir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.logdir)

    def ask_on(self, over):
        answers = set()
        while not over.is_set():
            _, _, reply = self.server.rest('POST', f'/v1/models/{self.model}:predict', '{"instances": [2.0, 3.0, 4.0]}')
            answers.add(tuple(json.loads(reply)['predictions']))
        self.assertEqual(answers, {(3.0, 3.5, 4.0)})

    def trace(self, **options):
        tf.profiler.experimental.client.trace(f'grpc://{self.server.grpc_address}', self.logdir, **options)

    def test_trace(self):
        if self.server.rest_address is None:
            self.skipTest('no --rest address given')
        over = threading.Event()
        asking = threading.Thread(target=self.ask_on, args=[over])
        asking.start()
        try:
            self.trace(duration_ms=1000, num_tracing_attempts=10)
        finally:
            over.set()
            asking.join()
        file, = glob.glob(os.path.join(self.logdir, 'plugins', 'profile', '*', '*.xplane.pb'))
        self.assertEqual(os.path.basename(file), self.server.grpc_address.replace(':', '_') + '.xplane.pb')
        with open(file, 'rb') as data:
            space = xplane_pb2.XSpace.FromString(data.read())
        plane, = (plane for plane in space.planes if plane.name == '/host:CPU')
        names = [plane.event_metadata[event.metadata_id].name for line in plane.lines for event in line.events]
        self.assertGreater(names.count('y:AddV2'), 0)
        self.assertEqual(names.count('y:AddV2'), names.count(f'SessionRun {self.model}/1'))

    def test_trace_without_requests(self):
        with self.assertRaisesRegex(Exception, 'No trace event was collected'):
            self.trace(duration_ms=10, num_tracing_attempts=1)

    def test_monitor(self):
        with self.assertRaisesRegex(Exception, '^UNIMPLEMENTED: '):
            tf.profiler.experimental.client.monitor(f'grpc://{self.server.grpc_address}', duration_ms=10)
