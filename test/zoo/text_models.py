"""Graphs with ops of TensorFlow Text, from the wheel that PyPI has for this TensorFlow."""
import save
import tensorflow as tf
from entry import Entry, named, strings

PIECES = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'fox', '##es', 'jump', '##s', 'a', 'dog', 'e', '##e', '!', '東', '京']
WORDS = ['the', 'Foxes', 'jumps', 'a', 'dog', 'é', '東京', 'foxdog', '!', 'xyz']


def text_graph(graph):
    """graph(text package) -> (call, what is to be saved with it); call(strings) -> dense outputs by name"""

    def make(folder, archives):
        import tensorflow_text
        call, tracked = graph(tensorflow_text)
        save.function(lambda text: call(text), {'text': save.rows(tf.string)}, folder, tracked)

    return make


def bert_inputs(text):
    """What goes before a BERT: word pieces, cut to length, with [CLS] and [SEP], padded; the table is the graph's."""
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(PIECES, tf.range(len(PIECES), dtype=tf.int64)), 1)
    tokenizer = text.BertTokenizer(table, lower_case=True, token_out_type=tf.int64)
    trimmer = text.RoundRobinTrimmer(10)

    def call(sentences):
        trimmed = trimmer.trim([tokenizer.tokenize(sentences).merge_dims(-2, -1)])
        ids, types = text.combine_segments(trimmed, PIECES.index('[CLS]'), PIECES.index('[SEP]'))
        ids, mask = text.pad_model_inputs(ids, 12)
        return {'ids': ids, 'mask': mask, 'types': text.pad_model_inputs(types, 12)[0]}

    return call, table


def word_pieces(text):
    tokenizer = text.FastWordpieceTokenizer(vocab=PIECES, token_out_type=tf.int32)
    return lambda sentences: {'pieces': tokenizer.tokenize(sentences).to_tensor(-1)}, None


def ngrams(text):
    def call(sentences):
        words = text.WhitespaceTokenizer().tokenize(sentences)
        joined = text.ngrams(words, 2, reduction_type=text.Reduction.STRING_JOIN)
        return {'ngrams': joined.to_tensor(''), 'count': joined.row_lengths()}

    return call, None


def normalized(text):
    return lambda sentences: {'folded': text.case_fold_utf8(sentences),
                              'nfkc': text.normalize_utf8(sentences, 'NFKC')}, None


def sentence(rng):
    return ' '.join(rng.choice(WORDS, rng.integers(0, 9)))


ENTRIES = [
    Entry(f'text_{graph.__name__}', f'tensorflow-text 2.21.1: {what}', text_graph(graph), named(text=strings(sentence)),
          modules=('tensorflow_text',), op_module='tensorflow_text', flags=('--ops=text',))
    for graph, what in [(bert_inputs, 'BertTokenizer, RoundRobinTrimmer, combine_segments, pad_model_inputs'),
                        (word_pieces, 'FastWordpieceTokenizer'),
                        (ngrams, 'WhitespaceTokenizer, ngrams'),
                        (normalized, 'case_fold_utf8, normalize_utf8')]
]
