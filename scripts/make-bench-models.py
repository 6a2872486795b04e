#!/usr/bin/env python3
"""Makes the models of the bench (not committed: `npm run bench -- batching` and `-- models` run this).

    python3 scripts/make-bench-models.py OUTPUT_DIRECTORY batching|models
    python3 scripts/make-bench-models.py OUTPUT_DIRECTORY tables [ROWS]

`models` are those of bench_keras_models.py, `tables` of bench_tables.py with 1,000,000 rows; `batching` are the small ones below. Random weights from fixed seeds, all
of them variables; dimension 0 is the batch. Logits of the small ones are rounded to 1/64: a row gives the same bytes
in a batch of any size, so that the load generator can compare replies.
"""
import math
import os
import sys

from bench_keras_models import KERAS_MODELS, write_keras_model
from bench_tables import write_table_models
from savedmodel_writer import Signature, tf, tf1, write_graph_model


def weights(name, *shape):
    """Normal-distributed, scaled so that activations keep their size through the layers."""
    fan_in = math.prod(shape[:-1])
    seed = sum(name.encode())
    value = tf.random.stateless_normal(shape, [seed, 11], stddev=math.sqrt(2 / fan_in))
    return tf1.get_variable(name, initializer=value, use_resource=True)


def constant_variable(name, size, value):
    return tf1.get_variable(name, initializer=tf.fill([size], value), use_resource=True)


def dense(x, name, units):
    inner = x.shape[-1]
    return tf.matmul(x, weights(f'{name}_kernel', inner, units)) + constant_variable(f'{name}_bias', units, 0.01)


def predict(x, logits):
    return {'serving_default': Signature({'x': x}, {'y': tf.divide(tf.round(logits * 64.0), 64.0, name='y')})}


def mlp():
    """64-256-256-10 with ReLU."""
    x = tf1.placeholder(tf.float32, shape=[None, 64], name='x')
    hidden = tf.nn.relu(dense(x, 'hidden1', 256))
    hidden = tf.nn.relu(dense(hidden, 'hidden2', 256))
    return predict(x, dense(hidden, 'logits', 10))


def batch_norm(x, name):
    size = x.shape[-1]
    scale, offset = constant_variable(f'{name}_gamma', size, 1.0), constant_variable(f'{name}_beta', size, 0.1)
    mean, variance = constant_variable(f'{name}_mean', size, 0.05), constant_variable(f'{name}_variance', size, 0.9)
    return tf1.nn.fused_batch_norm(x, scale, offset, mean, variance, is_training=False)[0]


def inverted_residual(x, name, expansion, channels, stride):
    """MobileNetV2's block: widen, filter each channel by itself, narrow."""
    inner = x.shape[-1] * expansion
    wide = tf.nn.relu6(batch_norm(tf.nn.conv2d(x, weights(f'{name}_expand', 1, 1, x.shape[-1], inner), 1, 'SAME'),
                                  f'{name}_expand'))
    # One filter per channel: 9 inputs each, which weights() cannot know.
    kernel = weights(f'{name}_depthwise', 3, 3, inner, 1) * math.sqrt(inner)
    deep = tf.nn.depthwise_conv2d(wide, kernel, [1, stride, stride, 1], 'SAME')
    deep = tf.nn.relu6(batch_norm(deep, f'{name}_depthwise'))
    narrow = tf.nn.conv2d(deep, weights(f'{name}_project', 1, 1, inner, channels), 1, 'SAME')
    narrow = batch_norm(narrow, f'{name}_project')
    return x + narrow if stride == 1 and x.shape[-1] == channels else narrow


def cnn():
    """MobileNetV2 at half width for images of 96 x 96."""
    x = tf1.placeholder(tf.float32, shape=[None, 96, 96, 3], name='x')
    features = tf.nn.relu6(batch_norm(tf.nn.conv2d(x, weights('stem', 3, 3, 3, 16), 2, 'SAME'), 'stem'))
    blocks = [(1, 8, 1, 1), (6, 16, 2, 2), (6, 16, 3, 2), (6, 32, 4, 2), (6, 48, 3, 1), (6, 80, 3, 2), (6, 160, 1, 1)]
    for row, (expansion, channels, repeats, first_stride) in enumerate(blocks):
        for i in range(repeats):
            stride = first_stride if i == 0 else 1
            features = inverted_residual(features, f'block{row}_{i}', expansion, channels, stride)
    features = tf.nn.conv2d(features, weights('head', 1, 1, features.shape[-1], 640), 1, 'SAME')
    features = tf.nn.relu6(batch_norm(features, 'head'))
    return predict(x, dense(tf.reduce_mean(features, [1, 2]), 'logits', 10))


def layer_norm(x, name):
    size = x.shape[-1]
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    scale, offset = constant_variable(f'{name}_gamma', size, 1.0), constant_variable(f'{name}_beta', size, 0.0)
    return (x - mean) * tf.math.rsqrt(variance + 1e-6) * scale + offset


def attention(x, name, heads):
    length, size = x.shape[1], x.shape[2]

    def split(part):
        return tf.transpose(tf.reshape(part, [-1, length, heads, size // heads]), [0, 2, 1, 3])

    queries, keys, values = (split(dense(x, f'{name}_{part}', size)) for part in ('query', 'key', 'value'))
    scores = tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True) / math.sqrt(size / heads))
    mixed = tf.reshape(tf.transpose(tf.matmul(scores, values), [0, 2, 1, 3]), [-1, length, size])
    return dense(mixed, f'{name}_output', size)


def transformer():
    """An encoder of 4 layers, 128 wide, 4 heads, over 64 positions of 32 features; the mean position is classified."""
    x = tf1.placeholder(tf.float32, shape=[None, 64, 32], name='x')
    hidden = dense(x, 'embedding', 128) + weights('positions', 64, 128)
    for layer in range(4):
        hidden += attention(layer_norm(hidden, f'norm{layer}a'), f'attention{layer}', 4)
        wide = tf.nn.gelu(dense(layer_norm(hidden, f'norm{layer}b'), f'wide{layer}', 512))
        hidden += dense(wide, f'narrow{layer}', 128)
    return predict(x, dense(tf.reduce_mean(layer_norm(hidden, 'norm'), 1), 'logits', 10))


def main():
    base, part, *rows = sys.argv[1:]
    if part == 'batching':
        for build in (mlp, cnn, transformer):
            write_graph_model(base, build.__name__, 1, build)
    elif part == 'tables':
        write_table_models(os.path.join(base, part), int(rows[0]) if rows else 1_000_000)
    else:
        for build in KERAS_MODELS:
            write_keras_model(base, build)


if __name__ == '__main__':
    main()
