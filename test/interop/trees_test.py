"""The tree models of examples/plugins/trees: a model for each case of make-models.py, answered as XGBoost and LightGBM do."""
import glob
import json
import os
import shlex
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import harness

EXAMPLE = os.path.join(harness.ROOT, 'examples', 'plugins', 'trees')
ANSWERS = os.path.join(harness.ROOT, 'test', 'interop', 'tree_answers.mjs')
TOLERANCE = 1e-6
LEAST_CASES = 30  # of each package: a few for every objective and kind of tree


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=300).stdout


class Trees(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        node = shlex.split(harness.options.server or 'node')[0]  # the one that serves
        with tempfile.TemporaryDirectory() as folder:
            run(sys.executable, os.path.join(EXAMPLE, 'make-models.py'), folder)
            cls.answers = json.loads(run(node, ANSWERS, folder))
            cls.expected = {}
            for path in glob.glob(os.path.join(folder, '*.expected.json')):
                with open(path, encoding='utf-8') as file:
                    cls.expected[os.path.basename(path).removesuffix('.expected.json')] = json.load(file)

    def compare(self, package):
        names = sorted(name for name in self.expected if name.startswith(package))
        self.assertGreaterEqual(len(names), LEAST_CASES)
        differences = []
        for name in names:
            for output in ('predictions', 'margins', 'leaves'):
                want = np.array(self.expected[name][output], dtype=np.float64)
                got = np.array(self.answers[name][output], dtype=np.float64).reshape(want.shape)
                error = np.abs(got - want) / np.maximum(1, np.abs(want))
                wrong = ~(error <= (0 if output == 'leaves' else TOLERANCE))
                if wrong.any():
                    row = int(np.argwhere(wrong)[0][0])
                    features = self.expected[name]['features'][row]
                    differences.append(f'{name} {output} of {features}: {got[row]}, not {want[row]}')
        self.assertEqual(differences, [])

    def test_xgboost(self):
        self.compare('xgboost')

    def test_lightgbm(self):
        self.compare('lightgbm')
