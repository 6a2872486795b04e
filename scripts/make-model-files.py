#!/usr/bin/env python3
"""Makes the TFLite and ONNX files in test/models/ (they are committed; run this only to change them), and prints what
TensorFlow's interpreter of TFLite answers, and OpenVINO where it is installed.

    python3 -m venv /tmp/tf && /tmp/tf/bin/pip install tensorflow==2.21.0 openvino==2026.4.1
    /tmp/tf/bin/python scripts/make-model-files.py [output directory]
"""
import os
import sys
import tempfile

import numpy as np
import tensorflow as tf

import onnx_writer as onnx


class Scores(tf.Module):
    """Scores of three classes of rows of four numbers, and the best of them."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name='pixels')])
    def serve(self, pixels):
        weights = tf.constant(np.arange(12).reshape(4, 3) % 5 - 2, tf.float32)
        scores = tf.nn.relu(tf.matmul(pixels, weights) + tf.constant([0.5, 0.0, -0.5]))
        return {'scores': scores, 'best': tf.argmax(scores, axis=1)}


def lite_scores():
    """With a signature, and any number of rows."""
    module = Scores()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={'serving_default': module.serve})
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def lite_fixed():
    """y = x * x + 2 of two numbers, of one row as it says, and without a signature."""
    @tf.function(input_signature=[tf.TensorSpec([1, 2], tf.float32, name='x')])
    def square(x):
        return tf.add(x * x, 2.0, name='y')
    return tf.lite.TFLiteConverter.from_concrete_functions([square.get_concrete_function()]).convert()


def lite_pair():
    """Two signatures, which are graphs of their own: encode x to a code of three numbers, decode it."""
    class Pair(tf.Module):
        def __init__(self):
            self.weights = tf.Variable(np.arange(12).reshape(4, 3), dtype=tf.float32)

        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name='x')])
        def encode(self, x):
            return {'code': tf.matmul(x, self.weights) + 1.0}

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name='code')])
        def decode(self, code):
            return {'x': tf.nn.relu(tf.matmul(code, self.weights, transpose_b=True))}
    module = Pair()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={'encode': module.encode, 'decode': module.decode})
        return tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=['encode', 'decode']).convert()


def lite_half():
    """y = 0.5 x + 2, of any number of rows."""
    class Half(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name='x')])
        def serve(self, x):
            return {'y': 0.5 * x + 2.0}
    module = Half()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={'serving_default': module.serve})
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


def onnx_half():
    """The same."""
    return onnx.model(
        [onnx.node('Mul', ['x', 'half'], ['scaled']), onnx.node('Add', ['scaled', 'two'], ['y'])],
        [onnx.value_info('x', onnx.FLOAT, ['rows'])], [onnx.value_info('y', onnx.FLOAT, ['rows'])],
        [onnx.tensor('half', onnx.FLOAT, [], [0.5]), onnx.tensor('two', onnx.FLOAT, [], [2])])


def onnx_scores():
    """Scores of two classes of rows of three numbers, the best of them, and ids + 1. As old files do, it names a
    weight among its inputs."""
    return onnx.model(
        [onnx.node('Gemm', ['x', 'weights', 'bias'], ['scores']),
         onnx.node('ArgMax', ['scores'], ['best'], axis=1, keepdims=0),
         onnx.node('Add', ['ids', 'one'], ['next'])],
        [onnx.value_info('x', onnx.FLOAT, ['rows', 3]), onnx.value_info('ids', onnx.INT64, ['rows']),
         onnx.value_info('weights', onnx.FLOAT, [3, 2])],
        [onnx.value_info('scores', onnx.FLOAT, ['rows', 2]), onnx.value_info('best', onnx.INT64, ['rows']),
         onnx.value_info('next', onnx.INT64, ['rows'])],
        [onnx.tensor('weights', onnx.FLOAT, [3, 2], [1, -1, 2, 0.5, 0, 3]),
         onnx.tensor('bias', onnx.FLOAT, [2], [0.25, -0.25]),
         onnx.tensor('one', onnx.INT64, [], [1])])


def onnx_fixed():
    """y = x + x, of one row as it says."""
    return onnx.model([onnx.node('Add', ['x', 'x'], ['y'])], [onnx.value_info('x', onnx.FLOAT, [1, 2])],
                      [onnx.value_info('y', onnx.FLOAT, [1, 2])])


def onnx_unknown():
    """Of an op that nobody has."""
    return onnx.model([onnx.node('NoSuchOp', ['x'], ['y'])], [onnx.value_info('x', onnx.FLOAT, [2])],
                      [onnx.value_info('y', onnx.FLOAT, [2])])


# By the rows of x [rows, 4]: those whose rows are apart, and those where each answer depends on others.
APART = {
    'broadcast': lambda x: x + tf.reduce_max(x, 1, keepdims=True),
    'concat': lambda x: tf.concat([x, x], 1),
    'cumsum': lambda x: tf.cumsum(x, 1),
    'gather': lambda x: tf.gather(x, [1, 0], axis=1),
    'matmul': lambda x: tf.matmul(x, tf.constant(np.arange(32).reshape(4, 8) % 5 - 2, tf.float32)),
    'mean': lambda x: tf.reduce_mean(x, 1),
    'norm': lambda x: tf.nn.l2_normalize(x, 1),
    'pad': lambda x: tf.pad(x, [[0, 0], [1, 1]]),
    'reshape': lambda x: tf.reshape(tf.reshape(x, [tf.shape(x)[0], 2, 2]), [-1, 4]),
    'slice': lambda x: x[:, 1:3],
    'softmax': tf.nn.softmax,
    'split': lambda x: tf.split(x, 2, 1)[0],
    'tile': lambda x: tf.tile(x, [1, 2]),
    'transpose': lambda x: tf.transpose(tf.transpose(x) * 2.0),
}
TOGETHER = {
    'all': lambda x: x / tf.reduce_max(x),
    'cumsum': lambda x: tf.cumsum(x, 0),
    'gather': lambda x: tf.gather(x, tf.zeros([tf.shape(x)[0]], tf.int32)),
    'matmul': lambda x: tf.matmul(tf.matmul(x, x, transpose_b=True), x),
    'mean': lambda x: x - tf.reduce_mean(x, 0, keepdims=True),
    'range': lambda x: x + tf.cast(tf.range(tf.shape(x)[0]), tf.float32)[:, None],
    'reshape': lambda x: tf.reshape(x, [-1, 8]),
    'reverse': lambda x: tf.reverse(x, [0]),
    'shape': lambda x: x * tf.cast(tf.shape(x)[0], tf.float32),
    'slice': lambda x: x[1:],
    'softmax': lambda x: tf.transpose(tf.nn.softmax(tf.transpose(x))),
    'sort': lambda x: tf.transpose(tf.math.top_k(tf.transpose(x), k=1)[0]),
}


def lite_rows(compute):
    class Rows(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name='x')])
        def serve(self, x):
            return {'y': compute(x)}
    module = Rows()
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={'serving_default': module.serve})
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()


INPUTS = {
    'lite_scores': {'pixels': np.array([[1, 2, 3, 4], [-1, 0, 2, 0.5]], np.float32)},
    'lite_fixed': {'x': np.array([[3, -1.5]], np.float32)},
    'onnx_scores': {'x': np.array([[1, 2, 3], [0.5, 0, -1]], np.float32), 'ids': np.array([7, 2**31 - 2])},
    'onnx_fixed': {'x': np.array([[1, 2.5]], np.float32)},
}


def interpreted(path, inputs):
    interpreter = tf.lite.Interpreter(model_path=path)
    details = interpreter.get_input_details()
    given = list(inputs.values())
    for detail, value in zip(details, given):
        interpreter.resize_tensor_input(detail['index'], value.shape)
    interpreter.allocate_tensors()
    for detail, value in zip(details, given):
        interpreter.set_tensor(detail['index'], value)
    interpreter.invoke()
    return [interpreter.get_tensor(detail['index']).tolist() for detail in interpreter.get_output_details()]


def computed(path, inputs):
    import openvino
    model = openvino.Core().compile_model(path, 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
    return [value.tolist() for value in model(list(inputs.values())).values()]


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'test', 'models')
    base = sys.argv[1] if len(sys.argv) > 1 else default
    for build in (lite_scores, lite_fixed, lite_half, lite_pair, onnx_half, onnx_scores, onnx_fixed, onnx_unknown):
        name = build.__name__
        folder = os.path.join(base, name, '1')
        os.makedirs(folder, exist_ok=True)
        is_lite = name.startswith('lite')
        path = os.path.join(folder, 'model.tflite' if is_lite else 'model.onnx')
        with open(path, 'wb') as file:
            file.write(build())
        if name not in INPUTS:
            continue
        if is_lite:
            print(name, 'TFLite', interpreted(path, INPUTS[name]))
        try:
            print(name, 'OpenVINO', computed(path, INPUTS[name]))
        except ImportError:
            print(name, 'OpenVINO is not installed')
    os.makedirs(os.path.join(base, 'lite_rows'), exist_ok=True)
    for kind, computations in (('apart', APART), ('together', TOGETHER)):
        for name, compute in computations.items():
            with open(os.path.join(base, 'lite_rows', f'{kind}_{name}.tflite'), 'wb') as file:
                file.write(lite_rows(compute))


if __name__ == '__main__':
    main()
