#!/usr/bin/env python3
"""Makes the models in test/models/ that only tests use (they are committed; run this only to change them).

    python3 -m venv /tmp/tf && /tmp/tf/bin/pip install tensorflow==2.21.0 tensorflow-text==2.21.1
    /tmp/tf/bin/python scripts/make-test-models.py [output directory]
"""
import os
import sys

from file_models import file_table, reads_file
from picky_models import decoded_strings, known_values, parsed_examples, sized
from pipeline_models import best_scores, is_large, letters
from savedmodel_writer import CLASSIFY, REGRESS, Signature, rename_op, tf, tf1, write_graph_model, write_once

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


def deep():
    """y = x, 256 wide, after 64 permutations that undo each other: independent rows, and a run that is worth sharing."""
    x = tf1.placeholder(tf.float32, shape=[None, 256], name='x')
    forward = tf.roll(tf.eye(256), shift=1, axis=0)
    y = x
    for _ in range(32):
        y = tf.matmul(tf.matmul(y, forward), forward, transpose_b=True)
    return {'serving_default': Signature({'x': x}, {'y': y})}


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


def retrained(version):
    """As a training exports it again and again: other weights, in variables and nodes of other names."""
    def model():
        x = tf1.placeholder(tf.float32, shape=[None, 8], name=f'x_{version}')
        first = tf1.get_variable(f'w_{version}', initializer=tf.random.stateless_normal([8, 16], [version, 1]))
        second = tf1.get_variable(f'v_{version}', initializer=tf.random.stateless_normal([16, 3], [version, 2]))
        return {'serving_default': Signature({'x': x}, {'y': tf.nn.relu(x @ first) @ second})}
    return model


def tally():
    """Signatures that read state and signatures that change it, in the ways a graph can hide that; all start at 0."""
    count = tf1.get_variable('count', shape=[], initializer=tf1.zeros_initializer(), use_resource=False)
    total = tf1.get_variable('tally', shape=[], initializer=tf1.zeros_initializer(), use_resource=True)

    @tf.function
    def read_in_function():
        return total.read_value() * 2.0

    @tf.function
    def change_in_branch(x):
        return tf.cond(x < 1.0, lambda: total.assign_add(1.0), lambda: x)

    @tf.function
    def change_in_function(x):
        return change_in_branch(x) + 1.0

    x = tf1.placeholder(tf.float32, shape=[], name='x')
    with tf.control_dependencies([total.assign_add(1.0)]):
        constant = tf.constant(7.0) + x
    return {
        'serving_default': Signature({}, {'count': tf.identity(count, name='get_count')}),
        'get_tally': Signature({}, {'tally': total.read_value()}),
        'get_tally_in_function': Signature({}, {'twice': read_in_function()}),
        'incr_count': Signature({}, {'count': tf1.assign_add(count, 1.0)}),
        'incr_tally': Signature({}, {'tally': tf.identity(total.assign_add(1.0))}),
        'incr_tally_before': Signature({'x': x}, {'y': constant}),
        'incr_tally_in_function': Signature({'x': x}, {'y': change_in_function(x)}),
        'draw': Signature({}, {'y': tf.random.uniform([2], seed=1)}),
    }


def endless():
    """y = the first power-of-two multiple of x that is at least 1: never found for x = 0."""
    x = tf1.placeholder(tf.float32, shape=[], name='x')
    y = tf.while_loop(lambda v: v < 1.0, lambda v: v * 2.0, [x], parallel_iterations=1)
    return {'serving_default': Signature({'x': x}, {'y': tf.identity(y, name='y')})}


def no_signature():
    """A graph that loads and has nothing to call."""
    tf.identity(tf1.placeholder(tf.float32, name='x'), name='y')
    return {}


def half_plus_family():
    """y = x / 2 + 2, y2 = x / 2 + 3, y3 = x2 / 2 + 3, with the signatures of upstream's half_plus_two models."""
    serialized = tf1.placeholder(tf.string, name='tf_example')
    parsed = tf.io.parse_example(serialized, {
        'x': tf.io.FixedLenFeature([1], tf.float32),
        'x2': tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0]),
    })
    x, x2 = (tf.identity(parsed[name], name=name) for name in ('x', 'x2'))
    a, b, c = (tf1.get_variable(name, initializer=value, use_resource=True)
               for name, value in (('a', 0.5), ('b', 2.0), ('c', 3.0)))
    y, y2, y3 = (tf.add(tf.multiply(a, of), plus, name=name)
                 for name, of, plus in (('y', x, b), ('y2', x, c), ('y3', x2, c)))
    return {
        'serving_default': Signature({'x': x}, {'y': y}),
        'regress_x_to_y': Signature({'inputs': serialized}, {'outputs': y}, REGRESS),
        'regress_x_to_y2': Signature({'inputs': serialized}, {'outputs': y2}, REGRESS),
        'regress_x2_to_y3': Signature({'inputs': x2}, {'outputs': y3}, REGRESS),
        'classify_x_to_y': Signature({'inputs': serialized}, {'scores': y}, CLASSIFY),
        'classify_x2_to_y3': Signature({'inputs': x2}, {'scores': y3}, CLASSIFY),
    }


def counter():
    """State in the session: a reference variable that signatures without inputs read and change."""
    value = tf1.get_variable('counter', initializer=0.0, use_resource=False)
    delta = tf1.placeholder(tf.float32, shape=[], name='delta')
    return {
        'get_counter': Signature({}, {'output': value}),
        'incr_counter': Signature({}, {'output': tf1.assign_add(value, 1.0)}),
        'incr_counter_by': Signature({'delta': delta}, {'output': tf1.assign_add(value, delta)}),
        'reset_counter': Signature({}, {'output': tf1.assign(value, 0.0)}),
    }


def example_outputs():
    """Classifications and regressions of the Example feature x, right ones and malformed ones of every kind; and
    lists of bytes, floats and integers (features b, f and i) as they came."""
    examples = tf1.placeholder(tf.string, shape=[None], name='examples')
    x = tf.io.parse_example(examples, {'x': tf.io.FixedLenFeature([], tf.float32)})['x']
    rows = tf.size(examples)
    scores = tf.stack([x, -x, tf.zeros_like(x)], axis=1)

    def labels(*names):
        return tf.tile(tf.constant([names]), [rows, 1])

    def classify(**outputs):
        return Signature({'inputs': examples}, outputs, CLASSIFY)

    def regress(outputs):
        return Signature({'inputs': examples}, {'outputs': outputs}, REGRESS)

    def list_of(feature, dtype):
        sparse = tf.io.parse_example(examples, {feature: tf.io.VarLenFeature(dtype)})[feature]
        return tf.sparse.to_dense(sparse)

    three = labels('plus', 'minus', 'zero')
    with tf.control_dependencies([tf1.debugging.assert_non_negative(x, message='x must not be negative')]):
        checked = tf.identity(x)
    return {
        'classify': classify(classes=three, scores=scores),
        'classes_only': classify(classes=three),
        'scores_only': classify(scores=scores),
        'scores_without_batch': classify(classes=three, scores=x),
        'classes_without_batch': classify(classes=labels('a')[0], scores=scores),
        'classes_of_one_more': classify(classes=tf.concat([three, three[:1]], 0), scores=scores),
        'scores_of_one_more': classify(classes=three, scores=tf.concat([scores, scores[:1]], 0)),
        'integer_classes': classify(classes=tf.cast(scores, tf.int64), scores=scores),
        'double_scores': classify(classes=three, scores=tf.cast(scores, tf.float64)),
        'two_classes_three_scores': classify(classes=labels('a', 'b'), scores=scores),
        'failing_classify': classify(scores=tf.expand_dims(checked, 1)),
        'regress': regress(x),
        'regress_column': regress(tf.expand_dims(x, 1)),
        'regress_two_columns': regress(scores[:, :2]),
        'regress_rank_3': regress(tf.reshape(x, [-1, 1, 1])),
        'regress_one_more': regress(tf.concat([x, x[:1]], 0)),
        'regress_integers': regress(tf.cast(x, tf.int32)),
        'failing_regress': regress(checked),
        'classes_of_b': classify(classes=list_of('b', tf.string)),
        'scores_of_f': classify(scores=list_of('f', tf.float32)),
        'scores_of_i': classify(scores=tf.cast(list_of('i', tf.int64), tf.float32)),
        'other_method': Signature({'inputs': examples}, {'outputs': x}, 'tensorflow/serving/other'),
    }


def four_kinds():
    """Four inputs of different dtypes, each passed to an output of its own; any shape."""
    dtypes = {'an_int': tf.int32, 'a_string': tf.string, 'a_float': tf.float32, 'a_double': tf.float64}
    inputs = {name: tf1.placeholder(dtype, name=name) for name, dtype in dtypes.items()}
    return {'serving_default': Signature(inputs, {f'{name}_out': tf.identity(t) for name, t in inputs.items()})}


def odd_outputs():
    """From x: outputs that JSON or the row format cannot hold, and outputs of no rows."""
    x = tf1.placeholder(tf.float32, shape=[None], name='x')

    def signature(**outputs):
        return Signature({'x': x}, outputs)

    return {
        'scalar': signature(y=tf.reduce_sum(x)),
        'complex': signature(y=tf.complex(x, x)),
        'none': signature(),
        'no_rows': signature(y=x[:0]),
        'no_rows_twice': signature(y=x[:0], z=tf.cast(x[:0], tf.int32)),
        'no_rows_and_some': signature(y=x[:0], z=tf.identity(x)),
        'one_row_more': signature(y=tf.identity(x), z=tf.concat([x, x[:1]], 0)),
    }


def row_kinds():
    """Signatures whose rows are independent, named so, and others whose rows depend on each other or cannot be tried."""
    x = tf1.placeholder(tf.float32, shape=[None, 4], name='x')
    half = tf1.placeholder(tf.float16, shape=[None, 4], name='half')
    ids = tf1.placeholder(tf.int64, shape=[None, 3], name='ids')
    two = tf1.placeholder(tf.float32, shape=[2, 4], name='two')
    text = tf1.placeholder(tf.string, shape=[None], name='text')
    weights = tf.random.stateless_normal([4, 3], [3, 7])
    table = tf.random.stateless_normal([5, 4], [4, 7])
    rows = tf.cast(tf.shape(x)[0], tf.float32)

    def of_x(y):
        return Signature({'x': x}, {'y': y})

    return {
        'independent': of_x(tf.nn.softmax(tf.matmul(tf.tanh(x), weights))),
        'independent_half': Signature({'x': half}, {'y': tf.matmul(half, tf.cast(weights, tf.float16))}),
        'independent_two_inputs': Signature(
            {'x': x, 'ids': ids}, {'y': x + tf.reduce_sum(tf.gather(table, ids), 1), 'best': tf.argmax(x, axis=1)}),
        'softmax_over_rows': of_x(tf.nn.softmax(x, axis=0)),
        'mean_taken_off': of_x(x - tf.reduce_mean(x, axis=0)),
        'row_before': of_x(tf.concat([x[-1:], x[:-1]], 0)),
        'sorted': of_x(tf.sort(x, axis=0)),
        'best_of_rows': of_x(tf.broadcast_to(tf.argmax(x, axis=0), tf.shape(x))),
        'over_rows': of_x(x / rows),
        'faintly_mixed': of_x(x + 1e-6 * tf.reduce_sum(x, axis=0)),
        'steered': of_x(tf.boolean_mask(x, x[:, 0] > -2.0)),
        'loop': of_x(tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y + 1.0), [0, x])[1]),
        'random': of_x(x + tf1.random_uniform([4])),
        'sum': of_x(tf.reduce_sum(x)),
        'two_rows': Signature({'x': two}, {'y': two + 1.0}),
        'text': Signature({'x': text}, {'y': tf.strings.length(text)}),
    }


def conv():
    """A small image network with fixed weights: convolution, bias, ReLU, max pooling, dense, softmax."""
    images = tf1.placeholder(tf.float32, shape=[None, 8, 8, 3], name='images')

    def weights(name, *shape):
        seed = len(name)
        return tf1.get_variable(name, initializer=tf.random.stateless_normal(shape, [seed, 7], stddev=0.3))

    features = tf.nn.relu(tf.nn.conv2d(images, weights('kernel', 3, 3, 3, 4), 1, 'SAME') + weights('bias', 4))
    pooled = tf.reshape(tf.nn.max_pool2d(features, 2, 2, 'VALID'), [-1, 4 * 4 * 4])
    logits = tf.matmul(pooled, weights('dense', 64, 5))
    return {'serving_default': Signature(
        {'images': images}, {'probabilities': tf.nn.softmax(logits), 'best': tf.argmax(logits, axis=1)})}


def bottlenecks():
    """Inverted residuals as mobile image networks have them: depthwise convolutions, batch normalization written
    out as a product and a sum, ReLU6, a sum with what came in; one with a stride and zeros on two sides."""
    images = tf1.placeholder(tf.float32, shape=[None, 8, 8, 3], name='images')

    def weights(name, *shape):
        seed = sum(name.encode())
        return tf1.get_variable(name, initializer=tf.random.stateless_normal(shape, [seed, 7], stddev=0.4))

    def normalized(x, name):
        channels = x.shape[-1]
        return x * (1.0 + weights(f'{name}_scale', channels)) + weights(f'{name}_shift', channels)

    def conv(x, name, size, channels):
        return normalized(tf.nn.conv2d(x, weights(name, size, size, x.shape[-1], channels), 1, 'SAME'), name)

    def depthwise(x, name, stride):
        if stride == 2:
            x = tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]])
        kernel = weights(name, 3, 3, x.shape[-1], 1)
        strides, padding = [1, stride, stride, 1], 'SAME' if stride == 1 else 'VALID'
        return tf.nn.relu6(normalized(tf.nn.depthwise_conv2d(x, kernel, strides, padding), name))

    entry = tf.nn.relu6(conv(images, 'entry', 3, 8))
    first = conv(depthwise(tf.nn.relu6(conv(entry, 'expand', 1, 16)), 'depthwise', 1), 'project', 1, 8) + entry
    second = conv(depthwise(first, 'strided', 2), 'project_strided', 1, 12)
    logits = tf.matmul(tf.reduce_mean(second, [1, 2]), weights('dense', 12, 5))
    return {'serving_default': Signature({'images': images}, {'logits': logits})}


def plans():
    """Variables in the ways a graph can use them: no signature changes any, and each answers by at least one."""
    def variable(name, *shape, **how):
        initial = tf.random.stateless_normal(shape, [len(name), 3], stddev=0.5)
        return tf1.get_variable(name, initializer=initial, **{'use_resource': True, **how})

    kernel, bias, table = variable('kernel', 4, 4), variable('bias', 4), variable('table', 5, 4)
    reference = variable('reference', 4, use_resource=False)
    never = variable('never_initialized', 4, collections=[tf1.GraphKeys.LOCAL_VARIABLES])
    words = tf1.get_variable('words', initializer=tf.constant(['zero', 'one', 'two']), use_resource=True)
    half = tf1.get_variable('half', initializer=tf.cast([0.5, 1.5, -2.0, 3.0], tf.float16), use_resource=True)
    x = tf1.placeholder(tf.float32, shape=[None, 4], name='x')
    ids = tf1.placeholder(tf.int32, shape=[None], name='ids')

    @tf.function
    def inner(x):
        return tf.matmul(x, kernel)

    @tf.function
    def nested(x):
        return inner(inner(x)) + bias

    @tf.function
    def looped(x):
        return tf.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, kernel) + bias)), [0, x])[1]

    @tf.function
    def branched(x):
        return tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * bias, lambda: inner(x) + kernel[0])

    @tf.function
    def switched(x):
        branches = [lambda: x * bias, lambda: inner(x), lambda: x + table[1]]
        return tf.switch_case(tf.cast(tf.reduce_sum(x), tf.int32), branches)

    @tf.function
    def gathered(ids):
        rows = tf.gather_nd(table, tf.expand_dims(ids, 1))
        return tf.gather(table, ids) + rows, tf.gather(words, tf.math.floormod(ids, 3)), tf.shape(table)

    @tf.function
    def never_read(x):
        return tf.cond(tf.reduce_sum(x) > 1e30, lambda: x + never, lambda: x + 1.0)

    tf1.disable_control_flow_v2()
    old_loop = tf1.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, tf.matmul(y, kernel) + tf.gather(table, i)), [0, x])
    tf1.enable_control_flow_v2()
    gathered_rows, gathered_words, table_shape = gathered(ids)
    return {
        'serving_default': Signature({'x': x}, {'y': nested(x), 'best': tf.argmax(nested(x), axis=1)}),
        'in_graph': Signature({'x': x}, {'y': tf.matmul(x, kernel) + bias}),
        'looped': Signature({'x': x}, {'y': looped(x)}),
        'old_loop': Signature({'x': x}, {'y': old_loop[1]}),
        'branched': Signature({'x': x}, {'y': branched(x)}),
        'switched': Signature({'x': x}, {'y': switched(x)}),
        'gathered': Signature({'ids': ids}, {'rows': gathered_rows, 'words': gathered_words, 'shape': table_shape}),
        'reference': Signature({'x': x}, {'y': x * reference, 'reference': reference}),
        'never_read': Signature({'x': x}, {'y': never_read(x)}),
        'strings': Signature({'x': x}, {'y': tf.strings.as_string(inner(x), precision=3)}),
        'half': Signature({'x': x}, {'y': tf.cast(x, tf.float16) * half}),
    }


def table():
    """The number of a word, from a table that the model initializes when it is loaded; and a variable."""
    word = tf1.placeholder(tf.string, shape=[None], name='word')
    keys = tf.lookup.KeyValueTensorInitializer(['zero', 'one', 'two'], tf.constant([0.0, 1.0, 2.0]))
    lookup = tf.lookup.StaticHashTable(keys, -1.0)
    scale = tf1.get_variable('scale', initializer=10.0, use_resource=True)
    return {'serving_default': Signature({'word': word}, {'number': lookup.lookup(word) * scale})}


def custom_op():
    """y = TensorgateTestScale(x), the op of test/native/ops. Needs no library to write: an Identity is renamed."""
    x = tf1.placeholder(tf.float32, shape=[None], name='x')
    y = tf.identity(x, name='y')
    return {'serving_default': Signature({'x': x}, {'y': y})}


class OwnInputs(tf.Module):
    """y = x / 2 + 2, y2 = x / 2 + 3 and y3 = x2 / 2 + 3 as TensorFlow 2 saves them: every signature has an input of its
    own, also where two compute the same."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (tf.Variable(value, name=name) for name, value in (('a', 0.5), ('b', 2.0), ('c', 3.0)))

    def half_plus(self, alias, feature, plus):
        def compute(inputs):
            x = tf.io.parse_example(inputs, {feature: tf.io.FixedLenFeature([1], tf.float32)})[feature]
            return {alias: self.a * x + plus}
        return tf.function(compute, input_signature=[tf.TensorSpec([None], tf.string, name='inputs')])

    def save(self, directory):
        tf.saved_model.save(self, directory, signatures={
            'regress_x_to_y': self.half_plus('outputs', 'x', self.b),
            'regress_x_to_y2': self.half_plus('outputs', 'x', self.c),
            'regress_x2_to_y3': self.half_plus('outputs', 'x2', self.c),
            'classify_x_to_y': self.half_plus('scores', 'x', self.b),
        })


def text_ngrams():
    """Pairs of words: an op of TensorFlow Text that is called by a name with a prefix."""
    import tensorflow_text
    text = tf1.placeholder(tf.string, shape=[None], name='text')
    pairs = tensorflow_text.ngrams(tf.strings.split(text), 2, reduction_type=tensorflow_text.Reduction.STRING_JOIN)
    return {'serving_default': Signature({'text': text}, {'pairs': pairs.to_tensor('')})}


def text_trimmed():
    """The first two words: an op of TensorFlow Text that works on ragged tensors."""
    import tensorflow_text
    text = tf1.placeholder(tf.string, shape=[None], name='text')
    words = tensorflow_text.RoundRobinTrimmer(2).trim([tf.strings.split(text)])[0]
    return {'serving_default': Signature({'text': text}, {'words': words.to_tensor('')})}


def text_pieces():
    """Numbers of word pieces, with what the op needs as a constant of the graph."""
    import tensorflow_text
    vocabulary = ['[UNK]', '[CLS]', '[SEP]', 'the', 'fox', '##es', 'a']
    text = tf1.placeholder(tf.string, shape=[None], name='text')
    tokenizer = tensorflow_text.FastWordpieceTokenizer(vocab=vocabulary, token_out_type=tf.int32)
    return {'serving_default': Signature({'text': text}, {'pieces': tokenizer.tokenize(text).to_tensor()})}


def embedding():
    """The mean of rows of weights; `from_end` counts negative numbers from the end, as Keras does, `shifted` from 1."""
    weights = tf1.get_variable('weights', initializer=tf.reshape(tf.range(20, dtype=tf.float32), [5, 4]), use_resource=True)
    signatures = {}
    for name in ('serving_default', 'from_end', 'shifted'):
        ids = tf1.placeholder(tf.int64, shape=[None, 2], name=f'ids_{name}')
        rows = {'serving_default': ids, 'from_end': tf.where(ids < 0, ids + 5, ids), 'shifted': ids - 1}[name]
        signatures[name] = Signature({'ids': ids}, {'mean': tf.reduce_mean(tf.gather(weights, rows), axis=1)})
    return signatures


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'test', 'models')
    base = sys.argv[1] if len(sys.argv) > 1 else default
    for build in (identity, multi_io, defaults, slow, deep, failing, no_signature, counter, tally, endless,
                  example_outputs, four_kinds, odd_outputs, row_kinds, conv, bottlenecks, plans, table, text_ngrams,
                  text_trimmed, text_pieces, parsed_examples, decoded_strings, known_values, sized, reads_file,
                  file_table, letters, best_scores, is_large, embedding):
        write_graph_model(base, build.__name__, 1, build)
    write_graph_model(base, half_plus_family.__name__, 123, half_plus_family)
    write_once(base, 'own_inputs', 1, OwnInputs().save)
    write_graph_model(base, 'custom_op', 1, custom_op)
    rename_op(os.path.join(base, 'custom_op', '1', 'saved_model.pb'), 'y', 'TensorgateTestScale')
    for version in (1, 2):
        write_graph_model(base, 'versions', version, version_teller(version))
        write_graph_model(base, 'retrained', version, retrained(version))


if __name__ == '__main__':
    main()
