"""Models made on the spot with Keras: applications, recurrent nets, preprocessing layers; random weights, seeded."""
import keras
import numpy as np
import save
import tensorflow as tf
from entry import Entry, integers, named, normal, strings, uniform
from keras import layers

WORDS = ['the', 'fox', 'jumps', 'over', 'a', 'lazy', 'dog', 'Übung', 'naïve', '東京', 'of', 'and', 'x1', '!']


def seeded(build):
    """A maker from build() -> keras.Model."""

    def make(folder, archives):
        keras.utils.set_random_seed(14)
        save.keras_model(build(), folder)

    return make


def pictures(size):
    """Patches of colour under noise. Noise alone looks the same everywhere: normalizations would blow up mere rounding."""

    def make(rng, rows):
        patches = np.kron(rng.uniform(0, 1, (rows, size // 16, size // 16, 3)), np.ones((1, 16, 16, 1)))
        return (patches * .8 + rng.uniform(0, .2, patches.shape)).astype(np.float32)

    return make


def application(name, size, **options):
    """Fresh normalizations (mean 0, variance 1) would let activations die out or explode: they get values as of training."""

    def build():
        model = getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3), **options)
        data = pictures(size)(np.random.default_rng(0), 16)
        for layer in model._flatten_layers():
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = 0.0
        model(data, training=True)
        images = layers.Input((size, size, 3), name='images')
        return keras.Model(images, model(images, training=False))

    return seeded(build)


def sentence(rng):
    return ' '.join(rng.choice(WORDS, rng.integers(0, 9)))


def text_classifier(recurrent):
    def build():
        vectorize = layers.TextVectorization(max_tokens=40, output_sequence_length=12)
        vectorize.adapt([' '.join(WORDS)])
        text = layers.Input((), dtype='string', name='text')
        embedded = layers.Embedding(40, 32, mask_zero=True)(vectorize(text))
        return keras.Model(text, layers.Dense(4, activation='softmax')(recurrent()(embedded)))

    return seeded(build)


def bag_of_words():
    vectorize = layers.TextVectorization(output_mode='tf_idf', ngrams=2)
    vectorize.adapt([' '.join(WORDS), 'the fox', 'a lazy dog', 'the dog jumps over a fox'])
    text = layers.Input((), dtype='string', name='text')
    return keras.Model(text, layers.Dense(3)(vectorize(text)))


def features():
    """Columns of a table: numbers, words, ids, as of a FeatureSpace."""
    age = layers.Input((1,), name='age')
    city = layers.Input((1,), dtype='string', name='city')
    code = layers.Input((1,), dtype='int64', name='code')
    normalization = layers.Normalization()
    normalization.adapt(np.arange(100, dtype=np.float32)[:, None])
    encoded = [
        normalization(age),
        layers.CategoryEncoding(5, output_mode='one_hot')(layers.Discretization([18., 30., 45., 65.])(age)),
        layers.StringLookup(vocabulary=WORDS, output_mode='one_hot')(city),
        layers.IntegerLookup(vocabulary=[1, 3, 5, 700], output_mode='multi_hot')(code),
        layers.CategoryEncoding(16, output_mode='multi_hot')(layers.Hashing(16)(city)),
    ]
    hidden = layers.Dense(16, activation='relu')(layers.Concatenate()(encoded))
    return keras.Model([age, city, code], layers.Dense(1, activation='sigmoid')(hidden))


def lookups():
    """Strings in, strings and integers out: no float that could hide a mistake."""
    words = layers.Input((None,), dtype='string', name='words')
    ids = layers.StringLookup(vocabulary=WORDS)(words)
    back = layers.StringLookup(vocabulary=WORDS, invert=True)(ids)
    return keras.Model(words, {'ids': ids, 'words': back})


def augmented():
    """Layers that change images in training, and do nothing in inference; then real ones."""
    images = layers.Input((None, None, 3), dtype='uint8', name='images')
    x = layers.Rescaling(1 / 127.5, offset=-1)(layers.Resizing(32, 32)(images))
    for layer in (layers.RandomFlip(), layers.RandomRotation(.2), layers.RandomZoom(.1), layers.RandomContrast(.3),
                  layers.GaussianNoise(.2), layers.RandomTranslation(.1, .1)):
        x = layer(x, training=False)  # True is the default of these
    x = layers.CenterCrop(28, 28)(x)
    for filters in (8, 16):
        x = layers.Dropout(.5)(layers.MaxPooling2D()(layers.Conv2D(filters, 3, activation='relu')(x)))
    return keras.Model(images, layers.Dense(10)(layers.Flatten()(x)))


def series(*stack):
    def build():
        x = values = layers.Input((None, 8), name='values')
        for layer in stack:
            x = layer()(x)
        return keras.Model(values, layers.Dense(3)(x))

    return seeded(build)


def conv_lstm():
    frames = layers.Input((5, 16, 16, 2), name='frames')
    x = layers.ConvLSTM2D(4, 3, padding='same', return_sequences=True)(frames)
    x = layers.Conv3D(4, 3, activation='relu')(x)
    return keras.Model(frames, layers.Dense(3)(layers.GlobalAveragePooling3D()(x)))


def transformer():
    tokens = layers.Input((None,), dtype='int32', name='tokens')
    x = layers.Embedding(100, 32, mask_zero=True)(tokens)
    for _ in range(2):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(4, 8)(x, x, use_causal_mask=True))
        x = layers.LayerNormalization()(x + layers.Dense(32)(layers.Dense(64, activation='gelu')(x)))
    return keras.Model(tokens, layers.Dense(100)(x))


def recommender():
    """Embeddings of a user and of items, the best five by name."""
    user = layers.Input((), dtype='string', name='user')
    users = [f'user{i}' for i in range(50)]
    vector = layers.Embedding(51, 16, embeddings_initializer='normal')(layers.StringLookup(vocabulary=users)(user))
    items = tf.random.stateless_normal((200, 16), (1, 4))
    names = tf.constant([f'item {i}'.encode() for i in range(200)])

    class Best(layers.Layer):
        def call(self, vector):
            scores, indices = tf.math.top_k(tf.matmul(vector, items, transpose_b=True), 5)
            return {'scores': scores, 'items': tf.gather(names, indices)}

        def compute_output_spec(self, vector):
            shape = (None, 5)
            return {'scores': keras.KerasTensor(shape), 'items': keras.KerasTensor(shape, 'string')}

    return keras.Model(user, Best()(vector))


def image_bytes(folder, archives):
    """PNG and JPEG in, as clients send them: decoded, resized, then a small CNN."""
    keras.utils.set_random_seed(14)
    model = keras.Sequential([layers.Input((32, 32, 3)), layers.Conv2D(8, 3, activation='relu'),
                              layers.GlobalMaxPooling2D(), layers.Dense(5)])

    def decode(data):
        return tf.image.resize(tf.io.decode_image(data, 3, expand_animations=False), (32, 32)) / 255

    def call(image_bytes):
        return {'scores': model(tf.map_fn(decode, image_bytes, fn_output_signature=tf.float32))}

    save.function(call, {'image_bytes': save.rows(tf.string)}, folder, model)


def any_picture(rng):
    pixels = rng.integers(0, 256, (*rng.integers(4, 40, 2), 3)).astype(np.uint8)
    return (tf.io.encode_png if rng.integers(2) else tf.io.encode_jpeg)(pixels).numpy()


def of_any_size(rng, rows):
    return {'images': rng.integers(0, 256, (rows, *rng.integers(8, 50, 2), 3)).astype(np.uint8)}


def of_any_length(name, make, *shape):
    return lambda rng, rows: {name: make(int(rng.integers(1, 15)), *shape)(rng, rows)}


def app(name, size, **options):
    return Entry(f'keras_{name.lower()}', f'keras.applications.{name}, {size} × {size}, random weights',
                 application(name, size, **options), named(images=pictures(size)), sizes=(0, 1, 2, 7),
                 crowd_sizes=(1, 2), crowd_rounds=1, rest_rows=2)


def made(name, source, make, inputs, **options):
    return Entry(f'keras_{name}', f'made on the spot: {source}', make, inputs, **options)


ENTRIES = [
    app('MobileNetV2', 96),
    app('MobileNetV3Small', 96),
    app('EfficientNetB0', 96),
    app('ResNet50', 96),
    app('DenseNet121', 96),
    app('InceptionV3', 96),
    app('ConvNeXtTiny', 96),
    made('text_lstm', 'TextVectorization, Embedding with mask, bidirectional LSTM',
         text_classifier(lambda: layers.Bidirectional(layers.LSTM(16))), named(text=strings(sentence)), quick=True),
    made('text_gru', 'TextVectorization, Embedding with mask, GRU', text_classifier(lambda: layers.GRU(16)),
         named(text=strings(sentence))),
    made('bag_of_words', 'TextVectorization to tf-idf of bigrams', seeded(bag_of_words), named(text=strings(sentence))),
    made('features', 'Normalization, Discretization, StringLookup, IntegerLookup, Hashing, CategoryEncoding',
         seeded(features),
         named(age=uniform(1, high=90), city=lambda rng, rows: rng.choice([w.encode() for w in [*WORDS, 'unknown']],
               (rows, 1)).astype(object), code=integers(0, 8, 1, dtype=np.int64)), quick=True),
    made('lookups', 'StringLookup and back', seeded(lookups), lambda rng, rows: {'words': rng.choice(
         [w.encode() for w in [*WORDS, 'unknown']], (rows, int(rng.integers(1, 6)))).astype(object)}, quick=True),
    made('augmented', 'Resizing, Random* layers, noise and dropout in inference, CNN', seeded(augmented), of_any_size),
    made('image_bytes', 'PNG and JPEG decoded in a map, CNN', image_bytes, named(image_bytes=strings(any_picture)),
         quick=True),
    made('lstm', 'two LSTMs over series of any length',
         series(lambda: layers.LSTM(24, return_sequences=True), lambda: layers.LSTM(24)),
         of_any_length('values', normal, 8)),
    made('gru', 'GRU without cuDNN form, backwards',
         series(lambda: layers.GRU(24, reset_after=False, go_backwards=True)), of_any_length('values', normal, 8)),
    made('separable', 'Conv1D, SeparableConv1D, GroupNormalization, attention',
         series(lambda: layers.Conv1D(16, 3, padding='causal', activation='swish'), lambda: layers.SeparableConv1D(
             16, 3, padding='same'), lambda: layers.GroupNormalization(4), lambda: layers.GlobalMaxPooling1D()),
         of_any_length('values', normal, 8)),
    made('conv_lstm', 'ConvLSTM2D, Conv3D', seeded(conv_lstm), named(frames=normal(5, 16, 16, 2)), rest_rows=7),
    made('transformer', 'causal attention with mask of padding', seeded(transformer),
         lambda rng, rows: {'tokens': integers(0, 100, int(rng.integers(1, 20)))(rng, rows)}),
    made('recommender', 'lookup, embeddings, top 5 with names', seeded(recommender),
         named(user=strings(lambda rng: f'user{rng.integers(0, 60)}')), sizes=(0, 1, 2, 7, 32, 100)),
]
