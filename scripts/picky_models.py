"""Test models whose inputs must hold something particular: examples, images, keys, sizes. Of make-test-models.py."""
import os
import tempfile

from savedmodel_writer import Signature, tf, tf1


def parsed_examples():
    """Parsers of every kind, over features that an Example without them is refused for."""
    examples = tf1.placeholder(tf.string, shape=[None], name='examples')
    one = tf1.placeholder(tf.string, shape=[], name='one')
    features = {
        'number': tf.io.FixedLenFeature([], tf.float32),
        'matrix': tf.io.FixedLenFeature([2, 3], tf.float32),
        'id': tf.io.FixedLenFeature([], tf.int64),
        'image': tf.io.FixedLenFeature([], tf.string),
        'optional': tf.io.FixedLenFeature([2], tf.float32, default_value=[1.0, 2.0]),
        'varying': tf.io.FixedLenSequenceFeature([2], tf.float32, allow_missing=True),
        'words': tf.io.VarLenFeature(tf.string),
    }
    table = tf.random.stateless_normal([3, 2], [3, 7])

    def number_of(parsed):
        images = tf.map_fn(
            lambda jpeg: tf.image.resize(tf.io.decode_jpeg(jpeg, channels=3), [4, 4]),
            tf.reshape(parsed['image'], [-1]), fn_output_signature=tf.float32)
        sums = [tf.reduce_sum(parsed['matrix'], [-2, -1]), tf.reduce_sum(parsed['optional'], -1),
                tf.reduce_sum(tf.gather(table, parsed['id']), -1)]
        return tf.add_n(sums) + parsed['number'] + tf.reduce_mean(images, [1, 2, 3])

    many = tf.io.parse_example(examples, features)
    ragged = tf.io.parse_example(examples, {'tokens': tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64)})['tokens']
    single = tf.io.parse_single_example(
        one, {name: features[name] for name in ('number', 'matrix', 'id', 'image', 'optional')})
    context, lists, _ = tf.io.parse_sequence_example(
        examples, {'user': tf.io.FixedLenFeature([], tf.int64)},
        {'steps': tf.io.FixedLenSequenceFeature([2], tf.float32), 'tags': tf.io.VarLenFeature(tf.string)})
    number = {'number': features['number']}
    return {
        'serving_default': Signature(
            {'examples': examples}, {'y': number_of(many), 'words': tf.sparse.to_dense(many['words'])}),
        'ragged': Signature({'examples': examples}, {'y': tf.gather(table, ragged).to_tensor()}),
        'single': Signature({'one': one}, {'y': number_of(single)}),
        'sequence': Signature(
            {'examples': examples}, {'user': context['user'], 'steps': tf.reduce_sum(lists['steps'], [1, 2])}),
        'json': Signature(
            {'examples': examples}, {'y': tf.io.parse_example(tf.io.decode_json_example(examples), number)['number']}),
        'base64': Signature(
            {'examples': examples}, {'y': tf.io.parse_example(tf.io.decode_base64(examples), number)['number']}),
    }


def decoded_strings():
    """Strings that ops read as something particular, in loops and functions too, and refuse otherwise."""
    text = tf1.placeholder(tf.string, shape=[None], name='text')
    one = tf1.placeholder(tf.string, shape=[], name='one')

    @tf.function
    def inner(image):
        return tf.reduce_mean(tf.cast(tf.io.decode_png(image, channels=3), tf.float32))

    @tf.function
    def nested(image):
        return inner(image) + 1.0

    def mapped(decode):
        return Signature({'text': text}, {'y': tf.map_fn(decode, text, fn_output_signature=tf.float32)})

    def mean_of(decode):
        return mapped(lambda image: tf.reduce_mean(tf.cast(decode(image), tf.float32)))

    tf1.disable_control_flow_v2()
    old_loop = tf1.map_fn(inner.python_function, text, dtype=tf.float32)
    tf1.enable_control_flow_v2()
    columns = tf.io.decode_csv(text, [[0.0], tf.constant([], tf.int64), tf.constant([], tf.string)])
    return {
        'serving_default': mean_of(tf.io.decode_jpeg),
        'image': mean_of(lambda image: tf.io.decode_image(image, channels=3, expand_animations=False)),
        'gif': mean_of(tf.io.decode_gif),
        'bmp': mean_of(tf.io.decode_bmp),
        'wav': mean_of(lambda sound: tf.audio.decode_wav(sound)[0]),
        'function': Signature({'one': one}, {'y': nested(one)}),
        'old_loop': Signature({'text': text}, {'y': old_loop}),
        'base64': mean_of(lambda image: tf.io.decode_jpeg(tf.io.decode_base64(image))),
        'cropped': mapped(lambda image: tf.reduce_mean(tf.cast(tf.slice(
            tf.io.decode_png(image, channels=3), [20, 20, 0], [10, 10, 3]), tf.float32))),
        'number': Signature({'text': text}, {'y': tf.strings.to_number(text)}),
        'whole_number': Signature({'text': text}, {'y': tf.strings.to_number(text, tf.int64)}),
        'raw': Signature({'text': text}, {'y': tf.reshape(tf.io.decode_raw(text, tf.float32), [-1, 2, 3])}),
        'tensor': Signature({'one': one}, {'y': tf.io.parse_tensor(one, tf.float32) + 1.0}),
        'line': Signature({'text': text}, {'a': columns[0], 'b': columns[1], 'c': tf.strings.length(columns[2])}),
    }


def known_values():
    """Values that must be keys of a table, or rows of something: others are errors."""
    word = tf1.placeholder(tf.string, shape=[None], name='word')
    id = tf1.placeholder(tf.int64, shape=[None], name='id')
    rows = tf1.get_variable('rows', initializer=tf.random.stateless_normal([3, 2], [3, 7]), use_resource=True)
    only_row = tf.constant([[1.0, 2.0]])
    vocabulary = os.path.join(tempfile.gettempdir(), 'tensorgate-vocabulary.txt')  # the same one in every run
    with open(vocabulary, 'w') as file:
        file.write('red\nblue\n')
    asset = tf.constant(vocabulary)
    tf1.add_to_collection(tf1.GraphKeys.ASSET_FILEPATHS, asset)

    def table(name, dtype):
        return tf.raw_ops.HashTableV2(key_dtype=dtype, value_dtype=tf.int64, shared_name=name)

    def number_in(table, keys):  # -1 for what is no key
        return tf.raw_ops.LookupTableFindV2(table_handle=table, keys=keys, default_value=tf.constant(-1, tf.int64))

    words, numbers, colors = table('words', tf.string), table('numbers', tf.int64), table('colors', tf.string)
    for initializer in (
            tf.raw_ops.InitializeTableV2(table_handle=words, keys=tf.constant(['cat', 'dog']), values=tf.constant([0, 1], tf.int64)),
            tf.raw_ops.LookupTableImportV2(table_handle=numbers, keys=tf.constant([70, 80], tf.int64),
                                           values=tf.constant([0, 1], tf.int64)),
            tf.raw_ops.InitializeTableFromTextFileV2(table_handle=colors, filename=asset, key_index=-2, value_index=-1)):
        tf1.add_to_collection(tf1.GraphKeys.TABLE_INITIALIZERS, initializer)

    @tf.function
    def looked_up(word):
        return tf.gather(rows, number_in(words, word))

    return {
        'serving_default': Signature({'word': word}, {'y': looked_up(word)}),
        'number': Signature({'id': id}, {'y': tf.gather(rows, number_in(numbers, id))}),
        'color': Signature({'word': word}, {'y': tf.gather(rows, number_in(colors, word))}),
        'row': Signature({'id': id}, {'y': tf.gather(only_row, id)}),
    }


def sized():
    """Dimensions that signatures leave open and yet are not free."""
    images = tf1.placeholder(tf.float32, shape=[None, None, None, 3], name='images')
    wide = tf1.placeholder(tf.float32, shape=[None, None], name='wide')
    anything = tf1.placeholder(tf.float32, name='anything')
    kernel = tf.random.stateless_normal([3, 3, 3, 2], [3, 7])
    weights = tf1.get_variable('weights', initializer=tf.random.stateless_normal([5, 2], [4, 7]), use_resource=True)

    def convolved(times):
        y = images
        for _ in range(times):
            y = tf.nn.conv2d(y, kernel, 1, 'VALID')
            y = tf.concat([y, y[..., :1]], 3)
        return y

    return {
        'serving_default': Signature({'images': images}, {'y': tf.reduce_mean(convolved(20), [1, 2])}),
        'empty_when_small': Signature({'images': images}, {'y': images[:, 30:, 30:, :]}),
        'wide': Signature({'wide': wide}, {'y': tf.matmul(wide, weights)}),
        'anything': Signature({'anything': anything}, {'y': tf.matmul(tf.nn.relu(anything) + 1.0, weights)}),
        'never': Signature({'anything': anything}, {'y': tf.reshape(anything, [1031, -1])}),
        'always_empty': Signature({'wide': wide}, {'y': wide[:0]}),
    }
