"""Test models that pipelines are made of. Of make-test-models.py."""
from savedmodel_writer import Signature, tf, tf1


def letters():
    """x: the bytes of each text, divided by 255, padded with zeros or cut to 256: what `deep` takes."""
    text = tf1.placeholder(tf.string, shape=[None], name='text')
    codes = tf.io.decode_raw(text, tf.uint8, fixed_length=256)
    x = tf.ensure_shape(tf.cast(codes, tf.float32) / 255.0, [None, 256])
    return {'serving_default': Signature({'text': text}, {'x': tf.identity(x, name='x')})}


def best_scores():
    """The three largest of 256 scores a row, and their places."""
    scores = tf1.placeholder(tf.float32, shape=[None, 256], name='scores')
    values, places = tf.math.top_k(scores, 3)
    return {'serving_default': Signature({'scores': scores}, {'values': values, 'places': places})}


def is_large():
    """A scalar bool for pipelines: whether any x is above `limit`, which is 10 by default; y = x."""
    x = tf1.placeholder(tf.float32, shape=[None], name='x')
    limit = tf1.placeholder(tf.float32, shape=[], name='limit')
    outputs = {'large': tf.reduce_any(x > limit, name='large'), 'y': tf.identity(x, name='y')}
    return {'serving_default': Signature({'x': x, 'limit': limit}, outputs, defaults={'limit': 10.0})}
