#!/usr/bin/env python3
"""Writes src/servables/known-ops.ts: the ops that each set of --ops brings, as the libraries of its wheel register
them. usage: make-known-ops.py [NAME=FOLDER ...], by default text=third_party/ops/text (scripts/fetch-ops.sh text);
needs tensorflow of the pinned version."""
import glob
import os
import sys

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TARGET = 'src/servables/known-ops.ts'


def registered():
    ops = op_def_pb2.OpList.FromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {op.name for op in ops.op}


def ops_of(folder):
    libraries = sorted(glob.glob(os.path.join(folder, '*.so')))
    if not libraries:
        sys.exit(f'no libraries in {folder}')
    before = registered()
    for library in libraries:
        tf.load_op_library(library)
    return sorted(registered() - before)


def main():
    sets = dict(argument.split('=', 1) for argument in sys.argv[1:])
    sets = sets or {'text': os.path.join(ROOT, 'third_party/ops/text')}
    with open(os.path.join(ROOT, TARGET), 'w', encoding='utf-8') as file:
        file.write('/** The ops of each set of --ops. Written by scripts/make-known-ops.py, which asks the libraries. */\n')
        file.write('export const KNOWN_OPS: Readonly<Record<string, readonly string[]>> = {\n')
        for name, folder in sorted(sets.items()):
            ops = ops_of(folder)
            file.write(f'  {name}: [\n')
            file.writelines(f"    '{op}',\n" for op in ops)
            file.write('  ],\n')
            print(f'{name}: {len(ops)} ops')
        file.write('};\n')


if __name__ == '__main__':
    main()
