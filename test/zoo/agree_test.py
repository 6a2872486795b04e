"""That the comparison sees what differs: a zoo whose keeper is blind would always pass."""
import unittest

import numpy as np
from agree import difference
from reference import Failure


def floats(*values):
    return {'y': np.array(values, np.float32)}


class AgreeTest(unittest.TestCase):
    def assert_differs(self, got, expected, text):
        self.assertIn(text, difference(got, expected)[0])

    def assert_agrees(self, got, expected):
        self.assertEqual(difference(got, expected)[0], '')

    def test_floats_by_the_largest_in_their_row(self):
        self.assert_agrees(floats([1e-3, 100.005]), floats([0, 100]))
        self.assert_differs(floats([0, 100], [0, 1.005]), floats([0, 100], [0, 1]), 'element [1, 1] is')
        self.assertAlmostEqual(difference(floats([1.00005]), floats([1]))[1], 5e-5, delta=1e-6)

    def test_not_finite(self):
        self.assert_agrees(floats([np.nan, np.inf]), floats([np.nan, np.inf]))
        self.assert_differs(floats([0, 1]), floats([np.nan, 1]), 'off by inf')
        self.assert_differs(floats([-np.inf]), floats([np.inf]), 'off by inf')
        self.assert_differs(floats([np.nan]), floats([1]), 'off by inf')

    def test_integers_and_strings_exactly(self):
        self.assert_differs({'i': np.array([1, 2])}, {'i': np.array([1, 3])}, 'element [1] is')
        letter, other = np.array([b'a'], object), np.array([b'b'], object)
        self.assert_differs({'s': letter}, {'s': other}, "is b'a', TensorFlow b'b'")

    def test_shapes_names_and_failures(self):
        self.assert_differs(floats([1, 2]), floats([1], [2]), 'shape (1, 2), TensorFlow (2, 1)')
        self.assert_differs(floats(), {'z': np.zeros(0)}, "outputs ['y'], TensorFlow ['z']")
        self.assert_differs(Failure(3, 'no'), floats(1), 'answered error 3 (no), TensorFlow an answer')
        self.assert_differs(Failure(3), Failure(9), 'error 3')
        self.assert_agrees(Failure(3, 'one text'), Failure(3, 'another'))
