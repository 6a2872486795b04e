"""Whether two answers agree: integers and strings exactly, floats up to TOLERANCE of the largest in their row."""
import numpy as np
from reference import Failure

TOLERANCE = 1e-4


def difference(got, expected):
    """(text, share): text says what is wrong, or is empty; share is the largest difference of floats."""
    if isinstance(got, Failure) or isinstance(expected, Failure):
        return ('' if got == expected else f'answered {short(got)}, TensorFlow {short(expected)}'), 0.0
    if sorted(got) != sorted(expected):
        return f'outputs {sorted(got)}, TensorFlow {sorted(expected)}', 0.0
    largest = 0.0
    for name, want in expected.items():
        value = got[name]
        if value.shape != want.shape:
            return f'{name}: shape {value.shape}, TensorFlow {want.shape}', largest
        if want.dtype.kind == 'f':
            share = float_difference(value.astype(np.float64), want.astype(np.float64))
            largest = max(largest, share)
            if not share <= TOLERANCE:
                return f'{name}: off by {share:.1e} of the largest in the row; {first_unequal(value, want)}', largest
        elif not np.array_equal(value, want):
            return f'{name}: {first_unequal(value, want)}', largest
    return '', largest


def float_difference(value, want):
    """The largest |value - want| over the largest |want| of its row (dimension 0); what is not finite must be equal."""
    if want.size == 0:
        return 0.0
    finite = np.isfinite(want)
    if not np.array_equal(value[~finite], want[~finite], equal_nan=True) or not np.isfinite(value[finite]).all():
        return np.inf
    rows = len(want) if want.ndim > 0 else 1
    off = np.where(finite, np.abs(value - np.where(finite, want, 0)), 0).reshape(rows, -1).max(axis=1)
    scale = np.where(finite, np.abs(want), 0).reshape(rows, -1).max(axis=1)
    return float(np.max(off / np.maximum(scale, 1e-6)))


def first_unequal(value, want):
    if want.dtype.kind == 'f':
        index = np.unravel_index(np.argmax(np.abs(value - want)), want.shape)
    else:
        index = tuple(np.argwhere(value != want)[0])
    return f'element {[int(i) for i in index]} is {value[index]!r}, TensorFlow {want[index]!r}'


def short(answer):
    return f'error {answer.code} ({answer.message[:200]})' if isinstance(answer, Failure) else 'an answer'
