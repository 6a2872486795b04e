"""Keras networks for the bench, at the size of real ones and written as their users write them: model.export().

Weights are random, from a fixed seed; normalisation gets statistics as if it had been trained, so that folding them
into the kernels has its work. The graphs hold variables and nested functions as Keras leaves them.
"""
from savedmodel_writer import tf, write_once

keras = tf.keras
layers = keras.layers

VOCABULARY = 10_000
SEQUENCE = 128
WIDTH = 256


def keras_mlp_256():
    """64-256-256-10 with ReLU."""
    return keras.Sequential([
        keras.Input(shape=(64,), name='features'),
        layers.Dense(256, activation='relu', name='hidden1'),
        layers.Dense(256, activation='relu', name='hidden2'),
        layers.Dense(10, activation='softmax', name='probabilities'),
    ], name='mlp')


def mobilenet_v2():
    """Keras' own, for images of 224 x 224."""
    image = keras.Input(shape=(224, 224, 3), name='image')
    return keras.applications.MobileNetV2(input_tensor=image, weights=None)


def resnet50():
    """Keras' own, for images of 224 x 224."""
    image = keras.Input(shape=(224, 224, 3), name='image')
    return keras.applications.ResNet50(input_tensor=image, weights=None)


class PositionEmbedding(layers.Layer):
    """Adds a learned vector to each place of the sequence."""

    def build(self, input_shape):
        self.positions = self.add_weight(shape=input_shape[1:], initializer='random_normal', name='positions')

    def call(self, inputs):
        return inputs + self.positions


def keras_transformer():
    """An encoder of 4 layers, 256 wide with 4 heads, over 128 tokens; their mean is classified."""
    tokens = keras.Input(shape=(SEQUENCE,), dtype='int32', name='tokens')
    hidden = PositionEmbedding()(layers.Embedding(VOCABULARY, WIDTH, name='embedding')(tokens))
    for layer in range(4):
        normed = layers.LayerNormalization(name=f'norm{layer}a')(hidden)
        attended = layers.MultiHeadAttention(4, WIDTH // 4, name=f'attention{layer}')(normed, normed)
        hidden = layers.Add()([hidden, attended])
        normed = layers.LayerNormalization(name=f'norm{layer}b')(hidden)
        wide = layers.Dense(4 * WIDTH, activation='gelu', name=f'wide{layer}')(normed)
        hidden = layers.Add()([hidden, layers.Dense(WIDTH, name=f'narrow{layer}')(wide)])
    pooled = layers.GlobalAveragePooling1D()(layers.LayerNormalization(name='norm')(hidden))
    return keras.Model(tokens, layers.Dense(10, activation='softmax', name='probabilities')(pooled))


def pretend_training(model):
    """Statistics and scales of the batch normalisations as training leaves them: near 0 and 1, not equal to them."""
    normalisations = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for seed, layer in enumerate(normalisations):
        size = layer.gamma.shape

        def near(centre, spread):
            return centre + spread * tf.random.stateless_uniform(size, [seed, int(100 * spread)], -1, 1)

        layer.set_weights([near(1, 0.2), near(0, 0.1), near(0, 0.11), near(1, 0.21)])


def write_keras_model(base, build):
    def save(directory):
        keras.backend.clear_session()  # Layers without a name are numbered from 1 again.
        keras.utils.set_random_seed(7)
        model = build()
        pretend_training(model)
        model.export(directory, verbose=False)
    write_once(base, build.__name__, 1, save)


KERAS_MODELS = (keras_mlp_256, mobilenet_v2, resnet50, keras_transformer)
