"""The same SavedModel in this process, by TensorFlow in Python: what a server should answer."""
import dataclasses
import importlib
import os

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


@dataclasses.dataclass(frozen=True)
class Failure:
    """A request that is refused; `code` is canonical (3 is INVALID_ARGUMENT)."""
    code: int
    message: str = dataclasses.field(default='', compare=False)


class Reference:
    def __init__(self, folder, op_module=''):
        if op_module:
            importlib.import_module(op_module)
        self.loaded = tf.saved_model.load(folder)  # owns the variables of the signatures
        self.signatures = self.loaded.signatures
        with open(os.path.join(folder, 'saved_model.pb'), 'rb') as file:
            self.definitions = saved_model_pb2.SavedModel.FromString(file.read()).meta_graphs[0].signature_def

    def run(self, signature, inputs):
        """The outputs by name, or a Failure where TensorFlow refuses the inputs."""
        definition = self.definitions[signature]
        tensors = {name: tf.constant(value, tf.as_dtype(definition.inputs[name].dtype), value.shape)
                   for name, value in inputs.items()}
        try:
            outputs = self.signatures[signature](**tensors)
        except tf.errors.OpError as error:
            return Failure(error.error_code, error.message)
        return {name: np.asarray(value) for name, value in outputs.items()}
