"""What the zoo says of a model: where it comes from, how it becomes a SavedModel, and what it is asked."""
import dataclasses
from collections.abc import Callable

import numpy as np

Inputs = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Entry:
    name: str
    source: str
    """Where the model comes from, for the table."""
    make: Callable
    """(folder, archives) -> None: writes the SavedModel; archives(name) is the folder of an unpacked wheel."""
    inputs: Callable[[np.random.Generator, int], Inputs]
    """(rng, rows) -> what `signature` is asked."""
    signature: str = 'serving_default'
    sizes: tuple[int, ...] = (0, 1, 2, 7, 32)
    """Rows of the requests that are sent one after the other."""
    crowd_sizes: tuple[int, ...] = (1, 1, 2, 3)
    """Rows of the requests that the concurrent clients send."""
    crowd_rounds: int = 4
    """Requests of each concurrent client."""
    rest_rows: int = 32
    """The most rows that are sent as JSON: of large tensors the text is what takes the time."""
    examples: Callable | None = None
    """(rng, rows) -> list of tf.train.Example for `classify_signature`."""
    classify_signature: str = ''
    modules: tuple[str, ...] = ()
    """Python packages that it is made with, beyond test/interop/requirements.txt."""
    op_module: str = ''
    """A Python package that brings ops of the graph; imported before the SavedModel is loaded."""
    flags: tuple[str, ...] = ()
    """Flags of the server beyond those that every server of the zoo gets."""
    quick: bool = False
    """Is part of npm test."""


def normal(*shape, scale=1.0):
    return lambda rng, rows: (rng.standard_normal((rows, *shape)) * scale).astype(np.float32)


def uniform(*shape, low=0.0, high=1.0):
    return lambda rng, rows: rng.uniform(low, high, (rows, *shape)).astype(np.float32)


def integers(low, high, *shape, dtype=np.int32):
    return lambda rng, rows: rng.integers(low, high, (rows, *shape)).astype(dtype)


def strings(make_one):
    """make_one(rng) -> str or bytes"""

    def made(rng, rows):
        values = [make_one(rng) for _ in range(rows)]
        return np.array([v.encode() if isinstance(v, str) else v for v in values] or np.zeros(0), object)

    return made


def named(**makers):
    """An `inputs` of one maker for each input."""
    return lambda rng, rows: {name: make(rng, rows) for name, make in makers.items()}
