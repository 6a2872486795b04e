"""Test models that have to do with files, for make-test-models.py: one that a request has read them, one that does at its
load.
"""
from savedmodel_writer import Signature, tf, tf1


def reads_file():
    """The bytes of whatever file a request names, read in a function that a function calls; and a variable, so that
    the graph has ops that save and restore."""
    prefix = tf1.get_variable('prefix', initializer='', use_resource=True)

    @tf.function
    def read(path):
        return tf.io.read_file(path)

    @tf.function
    def read_all(paths):
        return tf.map_fn(read, paths)

    path = tf1.placeholder(tf.string, shape=[None], name='path')
    return {'serving_default': Signature({'path': path}, {'bytes': prefix + read_all(path)})}


def file_table():
    """The number of a word, from a table that is read from an asset when the model is loaded; and a variable."""
    word = tf1.placeholder(tf.string, shape=[None], name='word')
    words = '/tmp/tensorgate-words.txt'  # the path stays in the graph; the asset is a copy
    with open(words, 'w') as file:
        file.write('zero\none\ntwo\n')
    lines = tf.lookup.TextFileInitializer(
        words, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
    lookup = tf.lookup.StaticHashTable(lines, -1)
    scale = tf1.get_variable('scale', initializer=10.0, use_resource=True)
    return {'serving_default': Signature({'word': word}, {'number': tf.cast(lookup.lookup(word), tf.float32) * scale})}
