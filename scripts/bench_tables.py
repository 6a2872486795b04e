"""What the bench's part `tables` measures, for make-bench-models.py: a lookup table, and the SavedModel that does
the same.

BASE/table has vocabulary.txt and values.npy, keys of 16 bytes with 64 random floats each; BASE/model/1 has a
StaticHashTable from the vocabulary to row numbers and a Gather from the values, which are a variable.
"""
import os
import shutil

import numpy as np
from savedmodel_writer import tf

WIDTH = 64


def write_table(folder, rows):
    os.makedirs(folder)
    random = np.random.default_rng(1)
    # Odd multiples modulo 2^48 are all different.
    numbers = (np.arange(rows, dtype=np.uint64) * np.uint64(0x9e3779b97f4b)) & np.uint64((1 << 48) - 1)
    with open(os.path.join(folder, 'vocabulary.txt'), 'w') as file:
        for begin in range(0, rows, 100_000):
            file.writelines(f'key/{number:012x}\n' for number in numbers[begin:begin + 100_000].tolist())
    values = random.random((rows, WIDTH), dtype=np.float32)
    np.save(os.path.join(folder, 'values.npy'), values)
    return values


def write_model(folder, table, values):
    module = tf.Module()
    module.values = tf.Variable(values, trainable=False, name='values')
    module.table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            os.path.join(table, 'vocabulary.txt'), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER),
        default_value=0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name='keys')])
    def lookup(keys):
        return {'values': tf.gather(module.values, module.table.lookup(keys))}

    module.lookup = lookup
    tf.saved_model.save(module, folder, signatures=lookup)


def write_table_models(base, rows):
    """Takes three times the memory of the values, which are 256 bytes a row."""
    shutil.rmtree(base, ignore_errors=True)
    table = os.path.join(base, 'table')
    values = write_table(table, rows)
    write_model(os.path.join(base, 'model', '1'), table, values)
