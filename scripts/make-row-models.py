#!/usr/bin/env python3
"""Makes test/models/rows_apart and rows_together, as make-test-models.py makes the others.

    /tmp/tf/bin/python scripts/make-row-models.py [output directory]

Their signatures tell what the proof of independent rows must know: in `rows_apart` each row of the
outputs comes of one row of the inputs alone; in `rows_together` rows see each other, their number or their
place, each signature in another way. As TensorFlow 2 saves them: in functions, with its loops and branches."""
import os
import shutil
import sys

import numpy as np
import tensorflow as tf

FLOAT = tf.float32
layers = tf.keras.layers


def weights(*shape):
    return tf.constant(np.random.default_rng(len(shape)).normal(0, 0.3, shape).astype('f'))


SQUARE = weights(4, 4)
DEEP = weights(8, 8)
KERNEL = weights(3, 3, 3, 4)
ROWS = ('x', [None, 4], FLOAT)
SEQUENCES = ('x', [None, 5, 8], FLOAT)
OPEN_SEQUENCES = ('x', [None, None, 8], FLOAT)
IMAGES = ('x', [None, 8, 8, 3], FLOAT)
TEXTS = ('x', [None], tf.string)
BAGS = ('x', [None, 3], tf.int32)
NUMBERS = ('x', [None], tf.int32)


def count(x):
    return tf.shape(x)[0]


def heads(x):
    return tf.transpose(tf.reshape(x, [count(x), tf.shape(x)[1], 2, 4]), [0, 2, 1, 3])


def attention(x):
    mixed = tf.nn.softmax(tf.matmul(heads(x), heads(x), transpose_b=True)) @ heads(x)
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [count(x), tf.shape(x)[1], 8])


def examples(x):
    features = tf.io.parse_example(x, {
        'a': tf.io.FixedLenFeature([4], FLOAT), 'b': tf.io.FixedLenFeature([], tf.int64, default_value=1)})
    return tf.matmul(features['a'], SQUARE) + tf.cast(features['b'], FLOAT)[:, None]


def jpegs(x):
    def pixels(text):
        return tf.image.resize(tf.cast(tf.io.decode_jpeg(text, channels=3), FLOAT), [4, 4])
    return tf.reduce_mean(tf.map_fn(pixels, x, fn_output_signature=tf.TensorSpec([4, 4, 3], FLOAT)), [1, 2])


def repeated(x):
    return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, SQUARE))), [0, x])[1]


def over_time(x):
    steps = tf.transpose(x, [1, 0, 2])
    return tf.transpose(tf.scan(lambda state, step: state * 0.5 + step, steps, tf.zeros_like(x[:, 0])), [1, 0, 2])


def apart(module):
    """Name: function, inputs, and further inputs."""
    module.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(['a', 'b'], [1.0, 2.0]), -1.0)
    module.layers = {
        'lstm': layers.LSTM(3), 'gru': layers.GRU(3), 'both_ways': layers.Bidirectional(layers.LSTM(3)),
        'embedding': layers.Embedding(10, 8, mask_zero=True), 'attention': layers.MultiHeadAttention(2, 4),
        'normalization': layers.LayerNormalization(), 'batch': layers.BatchNormalization(),
        'separable': layers.SeparableConv2D(4, 3), 'transposed': layers.Conv2DTranspose(2, 3, strides=2),
        'causal': layers.Conv1D(4, 3, dilation_rate=2, padding='causal')}
    of = module.layers
    return {
        'dense': (lambda x: tf.nn.softmax(tf.nn.relu(tf.matmul(x, SQUARE) + SQUARE[0])), ROWS),
        'image': (lambda x: tf.reduce_mean(of['batch'](of['separable'](tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]))), [1, 2]), IMAGES),
        'pooled': (lambda x: tf.reshape(tf.nn.max_pool2d(tf.nn.conv2d(x, KERNEL, 1, 'SAME'), 2, 2, 'SAME'), [-1, 64]), IMAGES),
        'upsampled': (lambda x: of['transposed'](x), IMAGES),
        'attention': (attention, OPEN_SEQUENCES),
        'transformer': (lambda x: of['normalization'](x + of['attention'](x, x)), OPEN_SEQUENCES),
        'lstm': (lambda x: of['lstm'](x), SEQUENCES),
        'lstm_of_any_length': (lambda x: of['lstm'](x), OPEN_SEQUENCES),
        'gru': (lambda x: of['gru'](x), SEQUENCES),
        'words': (lambda x: of['both_ways'](of['embedding'](x), mask=of['embedding'].compute_mask(x)), ('x', [None, 6], tf.int32)),
        'dilated': (lambda x: of['causal'](x), OPEN_SEQUENCES),
        'time_steps': (over_time, OPEN_SEQUENCES),
        'flattened': (lambda x: tf.reshape(tf.matmul(tf.reshape(x, [-1, 8]), DEEP), tf.shape(x)), OPEN_SEQUENCES),
        'contracted': (lambda x: tf.tensordot(x, DEEP, 1) + tf.einsum('btd,bsd,bse->bte', x, x, x), OPEN_SEQUENCES),
        'loop': (repeated, ROWS),
        'branch': (lambda x: tf.cond(tf.shape(x)[1] > 2, lambda: x * 2.0, lambda: x + 1.0), OPEN_SEQUENCES),
        'each': (lambda x: tf.map_fn(lambda row: row / tf.reduce_sum(tf.abs(row)), x), ROWS),
        'examples': (examples, TEXTS),
        'jpegs': (jpegs, TEXTS),
        'table': (lambda x: module.table.lookup(tf.strings.lower(x)), TEXTS),
        'hashed': (lambda x: tf.one_hot(tf.strings.to_hash_bucket_fast(x, 5), 5), TEXTS),
        'bins': (lambda x: tf.math.bincount(x, minlength=5, maxlength=5, axis=-1, binary_output=True), BAGS),
        'causal': (lambda x: tf.where(tf.linalg.band_part(tf.ones([4, 4]), -1, 0) > 0, x[:, :, None] * x[:, None], 0.0), ROWS),
        'best': (lambda x: tf.gather(tf.constant(['a', 'b', 'c', 'd']), tf.math.top_k(x, 2)[1]), ROWS),
        'picked': (lambda x, of: tf.gather(x, of, batch_dims=1), ROWS, ('of', [None, 2], tf.int32)),
        'filled': (lambda x: tf.concat([x + tf.tile(SQUARE[:1], [count(x), 1]), tf.zeros([count(x), 2])], 1), ROWS),
        'sliced': (lambda x: tf.stack(tf.unstack(x[:, ::-1, 1:-1], axis=2), axis=1)[..., -1], OPEN_SEQUENCES),
        'sorted': (lambda x: tf.where(x > 0, tf.sort(x, axis=1), 0.0), ROWS),
    }


def together(module):
    module.count = tf.Variable(0.0)

    def bool_of(x):
        return tf.cast(x[:, 0] > 0, tf.int32)

    return {
        # They see each other.
        'mean': (lambda x: x - tf.reduce_mean(x, 0), ROWS),
        'faintly': (lambda x: x + 1e-9 * tf.reduce_sum(x, 0), ROWS),
        'no_elements_in_short_rows': (lambda x: (x - tf.reduce_mean(x, 0, keepdims=True))[:, 2:-2, :1], OPEN_SEQUENCES),
        'softmax': (lambda x: tf.transpose(tf.nn.softmax(tf.transpose(x))), ROWS),
        'products': (lambda x: tf.matmul(tf.matmul(x, x, transpose_b=True), x), ROWS),
        'summed_product': (lambda x: x + tf.einsum('ij->j', x), ROWS),
        'norm': (lambda x: tf.nn.l2_normalize(x, axis=None), ROWS),
        'moments': (lambda x: tf.nn.batch_normalization(x, *tf.nn.moments(x, [0, 1]), None, None, 1e-3), SEQUENCES),
        'training': (lambda x: tf.compat.v1.nn.fused_batch_norm(x, tf.ones(3), tf.zeros(3), is_training=True)[0], IMAGES),
        'quantized': (lambda x: tf.quantization.quantize_and_dequantize_v2(x, 0.0, 0.0, range_given=False), ROWS),
        'convolved': (lambda x: tf.nn.conv1d(x[None], tf.ones([3, 4, 4]), 1, 'SAME')[0], ROWS),
        'running_sum': (lambda x: tf.cumsum(x, 0), ROWS),
        'scanned': (lambda x: tf.scan(lambda state, row: state * 0.5 + row, x), ROWS),
        'each_beside_all': (lambda x: tf.map_fn(lambda row: row - tf.reduce_mean(x, 0), x), ROWS),
        'segments': (lambda x: tf.gather(tf.math.unsorted_segment_sum(x, bool_of(x), 2), bool_of(x)), ROWS),
        'histogram': (lambda x: tf.gather(tf.math.bincount(x, minlength=5), x), NUMBERS),
        'bins_up_to_largest': (lambda x: tf.math.bincount(x, minlength=5, axis=-1), BAGS),
        'bins_up_to_some': (lambda x: tf.math.bincount(x, minlength=2, maxlength=3, axis=-1), BAGS),
        'first_found': (lambda x: tf.unique(x)[1], NUMBERS),
        'branch': (lambda x: tf.cond(tf.reduce_max(x) > 5.0, lambda: x * 2.0, lambda: x + 0.0), ROWS),
        'loop': (lambda x: tf.while_loop(lambda y: tf.reduce_max(y) < 9.0, lambda y: y * 1.5 + 1.0, [x])[0], ROWS),
        'joined': (lambda x: tf.strings.join([x, tf.strings.reduce_join(x)]), TEXTS),
        'longest_words': (lambda x: tf.strings.split(x).to_tensor(''), TEXTS),
        'longest_feature': (lambda x: tf.io.parse_example(x, {
            'a': tf.io.FixedLenSequenceFeature([], FLOAT, allow_missing=True)})['a'], TEXTS),
        'cut_to_longest': (lambda x, n: x[:, :tf.reduce_max(n)], SEQUENCES, ('n', [None], tf.int32)),
        # They see how many there are.
        'divided_by_number': (lambda x: x / tf.cast(count(x), FLOAT), ROWS),
        'times_elements': (lambda x: x * tf.cast(tf.size(x), FLOAT), ROWS),
        'branch_by_number': (lambda x: tf.cond(count(x) > 3, lambda: x * 2.0, lambda: x + 0.0), ROWS),
        'loop_by_number': (lambda x: tf.while_loop(
            lambda i, y: i < count(x), lambda i, y: (i + 1, y * 0.9), [0, x])[1], ROWS),
        'squeezed': (lambda x: tf.squeeze(x), ROWS),
        # They see their place.
        'numbered': (lambda x: x + tf.cast(tf.range(count(x)), FLOAT)[:, None], ROWS),
        'drawn': (lambda x: x + tf.random.stateless_normal([count(x), 4], [1, 2]), ROWS),
        'placed': (lambda x: x + tf.tile(SQUARE, [64, 1])[:count(x)], ROWS),
        'turned': (lambda x: x[::-1], ROWS),
        'moved': (lambda x: tf.roll(x, 1, 0), ROWS),
        'after_first': (lambda x: x - x[:1], ROWS),
        'in_order': (lambda x: tf.sort(x, axis=0), ROWS),
        'in_pairs': (lambda x: tf.reshape(tf.reverse(tf.reshape(x, [-1, 2, 4]), [1]), [-1, 4]), ROWS),
        'interleaved': (lambda x: tf.reshape(tf.transpose(x), [-1, 4]), ROWS),
        'each_by_number': (lambda x: tf.map_fn(
            lambda pair: pair[0] * tf.cast(pair[1], FLOAT), (x, tf.range(count(x))), fn_output_signature=FLOAT), ROWS),
        'taking_turns': (taking_turns, ROWS),
        'parted': (lambda x: tf.concat(tf.dynamic_partition(x, bool_of(x), 2), 0), ROWS),
        'chosen': (lambda x: tf.boolean_mask(x, x[:, 0] > -2.0), ROWS),
        'diagonal': (lambda x: x + x[:, 0], ROWS),
        # Neither rows nor repeatable.
        'counted': (lambda x: x + module.count.assign_add(1.0), ROWS),
        'random': (lambda x: x + tf.random.uniform([4]), ROWS),
        'constant': (lambda x: tf.constant([1.0, 2.0]), ROWS),
        'total': (lambda x: tf.reduce_sum(x), ROWS),
        'doubled': (lambda x: tf.repeat(x, 2, axis=0), ROWS),
    }


def taking_turns(x):
    """A loop over the rows that writes to one list and the other in turn."""
    def element_list():
        return tf.raw_ops.TensorListReserve(element_shape=[4], num_elements=count(x), element_dtype=FLOAT)

    rows = tf.raw_ops.TensorListFromTensor(tensor=x, element_shape=[4])

    def body(i, one, other):
        row = tf.raw_ops.TensorListGetItem(input_handle=rows, index=i, element_shape=[4], element_dtype=FLOAT)
        one = tf.raw_ops.TensorListSetItem(input_handle=one, index=i, item=row)
        other = tf.raw_ops.TensorListSetItem(input_handle=other, index=i, item=-row)
        return i + 1, other, one

    turned = tf.while_loop(lambda i, *_: i < count(x), body, [0, element_list(), element_list()])[1]
    return tf.raw_ops.TensorListStack(input_handle=turned, element_shape=[4], element_dtype=FLOAT)


def write(base, name, of):
    module = tf.Module()
    signatures = {}
    for signature, (function, *specs) in of(module).items():
        signatures[signature] = tf.function(
            lambda *tensors, function=function: {'y': function(*tensors)},
            input_signature=[tf.TensorSpec(shape, dtype, name=alias) for alias, shape, dtype in specs])
    traced = {signature: function.get_concrete_function() for signature, function in signatures.items()}
    # Keras' own variables are none that TensorFlow finds by itself.
    module.kept = [variable.value for layer in getattr(module, 'layers', {}).values() for variable in layer.variables]
    folder = os.path.join(base, name, '1')
    shutil.rmtree(folder, ignore_errors=True)
    tf.saved_model.save(module, folder, signatures=traced,
        options=tf.saved_model.SaveOptions(save_debug_info=False, experimental_custom_gradients=False))
    os.remove(os.path.join(folder, 'fingerprint.pb'))


if __name__ == '__main__':
    models = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'test', 'models')
    for each in ((apart, 'rows_apart'), (together, 'rows_together')):
        write(sys.argv[1] if len(sys.argv) > 1 else models, each[1], each[0])
