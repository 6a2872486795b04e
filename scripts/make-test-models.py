#!/usr/bin/env python3
"""Makes the models in test/models/ that only tests use (they are committed; run this only to change them).

    python3 -m venv /tmp/tf && /tmp/tf/bin/pip install tensorflow==2.21.0
    /tmp/tf/bin/python scripts/make-test-models.py [output directory]
"""
import os
import sys

from savedmodel_writer import Signature, tf, tf1, write_graph_model

from tensorflow.core.protobuf import saved_model_pb2  # after what savedmodel_writer sets for TensorFlow

IDENTITY_DTYPES = [
    tf.float32, tf.float64, tf.int32, tf.uint8, tf.int16, tf.int8, tf.string, tf.complex64, tf.int64, tf.bool,
    tf.qint8, tf.quint8, tf.qint32, tf.bfloat16, tf.qint16, tf.quint16, tf.uint16, tf.complex128, tf.float16,
    tf.uint32, tf.uint64,
    tf.dtypes.experimental.float8_e5m2, tf.dtypes.experimental.float8_e4m3fn,
    tf.dtypes.experimental.int4, tf.dtypes.experimental.uint4,
]


def identity():
    """One signature identity_<dtype> per dtype, x -> y unchanged, any shape; serving_default is the float32 one."""
    signatures = {}
    for dtype in IDENTITY_DTYPES:
        x = tf1.placeholder(dtype, name=f'x_{dtype.name}')
        signatures[f'identity_{dtype.name}'] = Signature({'x': x}, {'y': tf.identity(x, name=f'y_{dtype.name}')})
    signatures['serving_default'] = signatures['identity_float32']
    return signatures


def multi_io():
    """Two inputs of different dtype and rank, two outputs: sum = a + b per row, b_plus_one = b + 1."""
    a = tf1.placeholder(tf.float32, shape=[None, 2], name='a')
    b = tf1.placeholder(tf.int32, shape=[None], name='b')
    total = tf.add(a, tf.expand_dims(tf.cast(b, tf.float32), 1), name='sum')
    return {'serving_default': Signature({'a': a, 'b': b}, {'sum': total, 'b_plus_one': b + 1})}


def defaults():
    """y = x * scale + offset; scale (10) and offset (1) have signature defaults, x has none."""
    x = tf1.placeholder(tf.float32, shape=[None], name='x')
    scale = tf1.placeholder(tf.float32, shape=[], name='scale')
    offset = tf1.placeholder(tf.float32, shape=[], name='offset')
    y = tf.add(x * scale, offset, name='y')
    inputs = {'x': x, 'scale': scale, 'offset': offset}
    return {'serving_default': Signature(inputs, {'y': y}, defaults={'scale': 10.0, 'offset': 1.0})}


def slow():
    """y = x after max(iterations) multiplications of 128x128 permutation matrices: exact, and slow on purpose."""
    x = tf1.placeholder(tf.float32, shape=[None], name='x')
    iterations = tf1.placeholder(tf.int32, shape=[None], name='iterations')
    size = 128
    rotation = tf.roll(tf.eye(size), shift=1, axis=0)
    _, product = tf.while_loop(
        lambda i, _: i < tf.reduce_max(iterations),
        lambda i, m: (i + 1, tf.matmul(m, rotation)),
        [0, tf.eye(size)], parallel_iterations=1)
    y = tf.multiply(x, tf.reduce_max(product), name='y')  # the largest entry of a permutation matrix is 1
    return {'serving_default': Signature({'x': x, 'iterations': iterations}, {'y': y})}


def failing():
    """Fails at run time with INVALID_ARGUMENT for some values: x = 0, index outside 0..2, negative x."""
    x = tf1.placeholder(tf.int32, shape=[None], name='x')
    index = tf1.placeholder(tf.int32, shape=[None], name='index')
    signed = tf1.placeholder(tf.int32, shape=[None], name='signed')
    with tf.control_dependencies([tf1.debugging.assert_non_negative(signed, message='x must not be negative')]):
        checked = tf.identity(signed)
    return {
        'serving_default': Signature({'x': x}, {'y': tf.math.floordiv(100, x)}),
        'gather': Signature({'index': index}, {'y': tf.gather(tf.constant([10, 20, 30]), index)}),
        'assert': Signature({'x': signed}, {'y': checked}),
    }


def version_teller(version):
    """y = the version number for every row of x."""
    def versions():
        x = tf1.placeholder(tf.float32, shape=[None], name='x')
        y = tf.fill(tf.shape(x), tf.constant(version, tf.int64), name='y')
        return {'serving_default': Signature({'x': x}, {'y': y})}
    return versions


def no_signature():
    """A graph that loads and has nothing to call."""
    tf.identity(tf1.placeholder(tf.float32, name='x'), name='y')
    return {}


def custom_op():
    """y = TensorgateTestScale(x), the op of test/native/ops. Needs no library to write: an Identity is renamed."""
    x = tf1.placeholder(tf.float32, shape=[None], name='x')
    y = tf.identity(x, name='y')
    return {'serving_default': Signature({'x': x}, {'y': y})}


def rename_op(path, node_name, op):
    """Makes the node one of an op without attributes."""
    saved_model = saved_model_pb2.SavedModel()
    with open(path, 'rb') as file:
        saved_model.ParseFromString(file.read())
    meta_graph = saved_model.meta_graphs[0]
    meta_graph.meta_info_def.ClearField('stripped_op_list')
    for node in meta_graph.graph_def.node:
        if node.name == node_name:
            node.op = op
            node.attr.clear()
    with open(path, 'wb') as file:
        file.write(saved_model.SerializeToString(deterministic=True))


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'test', 'models')
    base = sys.argv[1] if len(sys.argv) > 1 else default
    for build in (identity, multi_io, defaults, slow, failing, no_signature):
        write_graph_model(base, build.__name__, 1, build)
    write_graph_model(base, 'custom_op', 1, custom_op)
    rename_op(os.path.join(base, 'custom_op', '1', 'saved_model.pb'), 'y', 'TensorgateTestScale')
    for version in (1, 2):
        write_graph_model(base, 'versions', version, version_teller(version))


if __name__ == '__main__':
    main()
