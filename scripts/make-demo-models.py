#!/usr/bin/env python3
"""Makes the demo models in examples/models/ (they are committed; run this only to change them).

    python3 -m venv /tmp/tf && /tmp/tf/bin/pip install tensorflow==2.21.0
    /tmp/tf/bin/python scripts/make-demo-models.py [output directory]
"""
import os
import sys

from savedmodel_writer import CLASSIFY, REGRESS, Signature, tf, tf1, write_graph_model, write_once

# Means of the three species in Fisher's iris data: sepal length, sepal width, petal length, petal width, in cm.
IRIS_FEATURES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']
IRIS_MEANS = {
    'setosa': [5.006, 3.428, 1.462, 0.246],
    'versicolor': [5.936, 2.770, 4.260, 1.326],
    'virginica': [6.588, 2.974, 5.552, 2.026],
}


def half_plus_two():
    """y = x / 2 + 2, any shape; the two constants are variables, as in upstream's model of this name."""
    x = tf1.placeholder(tf.float32, shape=[None], name='x')
    a = tf1.get_variable('a', initializer=0.5, use_resource=True)
    b = tf1.get_variable('b', initializer=2.0, use_resource=True)
    y = tf.add(tf.multiply(a, x), b, name='y')
    return {'serving_default': Signature({'x': x}, {'y': y})}


def text_echo():
    """Strings in and out: the lower-cased text, and the text twice; the alias *_bytes makes REST answer base64."""
    text = tf1.placeholder(tf.string, shape=[None], name='text')
    lower = tf.strings.lower(text, name='lower')
    twice = tf.strings.join([text, text], separator=' ', name='twice')
    return {'serving_default': Signature({'text': text}, {'lower': lower, 'twice_bytes': twice})}


def iris_classifier():
    """Nearest species mean (softmax of -distance^2 / 2); petal width regressed on petal length by least squares."""
    names = tf.constant(list(IRIS_MEANS), name='species')
    means = tf1.get_variable('means', initializer=tf.constant(list(IRIS_MEANS.values())), use_resource=True)

    def scores(features):
        logits = tf.matmul(features, means, transpose_b=True) - tf.reduce_sum(means * means, axis=1) / 2
        return tf.nn.softmax(logits)

    features = tf1.placeholder(tf.float32, shape=[None, 4], name='features')
    scores_of_features = scores(features)
    best = tf.gather(names, tf.argmax(scores_of_features, axis=1))

    examples = tf1.placeholder(tf.string, shape=[None], name='examples')
    parsed = tf.io.parse_example(examples, {f: tf.io.FixedLenFeature([], tf.float32) for f in IRIS_FEATURES})
    scores_of_examples = scores(tf.stack([parsed[f] for f in IRIS_FEATURES], axis=1))
    classes = tf.tile(tf.expand_dims(names, 0), [tf.size(examples), 1])
    petal_width = parsed['petal_length'] * 0.4158 - 0.3631
    return {
        'serving_default': Signature({'features': features}, {'scores': scores_of_features, 'species': best}),
        'classify': Signature({'inputs': examples}, {'classes': classes, 'scores': scores_of_examples}, CLASSIFY),
        'regress': Signature({'inputs': examples}, {'outputs': petal_width}, REGRESS),
    }


def save_keras_mlp(directory):
    """A small Keras network with seeded weights, written the way Keras users do it: model.export()."""
    keras = tf.keras
    keras.utils.set_random_seed(7)
    model = keras.Sequential([
        keras.Input(shape=(16,), name='features'),
        keras.layers.Dense(32, activation='relu', name='hidden'),
        keras.layers.Dense(10, activation='softmax', name='probabilities'),
    ], name='mlp')
    model.export(directory, verbose=False)


def main():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'examples', 'models')
    base = sys.argv[1] if len(sys.argv) > 1 else default
    for build in (half_plus_two, text_echo, iris_classifier):
        write_graph_model(base, build.__name__, 1, build)
    write_once(base, 'keras_mlp', 1, save_keras_mlp)


if __name__ == '__main__':
    main()
