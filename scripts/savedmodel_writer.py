"""Writes small SavedModels; shared by make-demo-models.py and make-test-models.py.

write_graph_model() saves a TF1-style graph (so that method names, dtypes and signature defaults are exactly
the ones asked for), write_once() makes any writer replace <base>/<name>/<version>/ in one go.
Files are the same from run to run, but for the order of variables in Keras models: random names are fixed, and
fingerprint.pb (random, unused by servers) is left out.
"""
import os
import shutil
import tempfile
import uuid
from contextlib import contextmanager

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '-1')

import tensorflow as tf  # noqa: E402  (after the environment that quiets it)
from tensorflow.core.protobuf import saved_model_pb2  # noqa: E402

tf1 = tf.compat.v1

PREDICT = 'tensorflow/serving/predict'
CLASSIFY = 'tensorflow/serving/classify'
REGRESS = 'tensorflow/serving/regress'


class Signature:
    """One SignatureDef: tensors by alias, and optionally default values for inputs."""

    def __init__(self, inputs, outputs, method=PREDICT, defaults=None):
        self.inputs = inputs
        self.outputs = outputs
        self.method = method
        self.defaults = defaults or {}

    def to_proto(self):
        def infos(tensors):
            return {alias: tf1.saved_model.build_tensor_info(tensor) for alias, tensor in tensors.items()}
        proto = tf1.saved_model.build_signature_def(infos(self.inputs), infos(self.outputs), self.method)
        for alias, value in self.defaults.items():
            proto.defaults[alias].CopyFrom(tf.make_tensor_proto(value, dtype=self.inputs[alias].dtype))
        return proto


@contextmanager
def fixed_random_names():
    """Savers put uuid4() into temporary names inside the graph; a constant keeps the files reproducible."""
    original = uuid.uuid4
    uuid.uuid4 = lambda: uuid.UUID(int=0)
    try:
        yield
    finally:
        uuid.uuid4 = original


def write_once(base, name, version, save):
    """Calls save(directory) on a fresh directory and moves the result to <base>/<name>/<version>."""
    target = os.path.join(base, name, str(version))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(target)) as scratch:
        fresh = os.path.join(scratch, 'model')
        with fixed_random_names():
            save(fresh)
        for unwanted in ('fingerprint.pb', 'assets'):
            path = os.path.join(fresh, unwanted)
            if os.path.isfile(path):
                os.remove(path)
            elif os.path.isdir(path) and not os.listdir(path):
                os.rmdir(path)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(fresh, target)
    size = sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(target) for f in files)
    print(f'{name}/{version}: {size} bytes')


def write_graph_model(base, name, version, build):
    """Saves the graph that build() makes; build() returns {signature key: Signature} (may be empty)."""
    def save(directory):
        with tf1.Graph().as_default():
            tf1.set_random_seed(1)
            signatures = build()
            with tf1.Session() as session:
                session.run(tf1.global_variables_initializer())
                builder = tf1.saved_model.Builder(directory)
                has_tables = tf1.get_collection(tf1.GraphKeys.TABLE_INITIALIZERS)
                builder.add_meta_graph_and_variables(
                    session, [tf1.saved_model.tag_constants.SERVING],
                    assets_collection=tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
                    main_op=tf1.tables_initializer() if has_tables else None,
                    signature_def_map={key: s.to_proto() for key, s in signatures.items()},
                    strip_default_attrs=True)
                builder.save()
    write_once(base, name, version, save)


def rename_op(path, node_name, op):
    """Makes the node one of an op without attributes."""
    saved_model = saved_model_pb2.SavedModel()
    with open(path, 'rb') as file:
        saved_model.ParseFromString(file.read())
    meta_graph = saved_model.meta_graphs[0]
    meta_graph.meta_info_def.ClearField('stripped_op_list')
    for node in meta_graph.graph_def.node:
        if node.name == node_name:
            node.op = op
            node.attr.clear()
    with open(path, 'wb') as file:
        file.write(saved_model.SerializeToString(deterministic=True))
