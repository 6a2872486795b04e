"""examples/clients/predict.py as the README runs it; the other clients are tested by test/wire."""
import os
import subprocess
import sys

import harness


class ExampleClient(harness.ModelTest):
    model = 'half_plus_two'

    def run_client(self, address):
        # The server is on this machine, whatever proxy the environment names.
        env = {**os.environ, 'no_proxy': '*', 'NO_PROXY': '*'}
        client = os.path.join(harness.ROOT, 'examples', 'clients', 'predict.py')
        return subprocess.run([sys.executable, client, address], env=env, capture_output=True, text=True, timeout=300)

    def test_predict_py(self):
        done = self.run_client(self.server.grpc_address)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, '[2.5 3.  4.5]\n')
