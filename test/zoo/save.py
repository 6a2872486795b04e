"""Ways to write a SavedModel: a Keras model, a plain function, a TF1 graph."""
import keras
import tensorflow as tf


def keras_model(model, folder):
    """As Keras says a model is to be served: one signature, serving_default, for its call."""
    model.export(folder, verbose=False)


def function(call, specs, folder, tracked=None):
    """call(**inputs) -> outputs by name, over specs {name: TensorSpec}; `tracked`, a model or table, is saved with it."""
    module = tf.Module()
    module.tracked = tracked
    named = {name: tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in specs.items()}
    module.call = tf.function(lambda **inputs: call(**inputs))
    signature = module.call.get_concrete_function(**named)
    # What restores a graph for a session knows the variables inside those of Keras 3 by themselves alone.
    module.values = [v.value for v in getattr(tracked, 'variables', []) if isinstance(v, keras.Variable)]
    tf.saved_model.save(module, folder, signatures={'serving_default': signature})


def graph(session, inputs, outputs, folder):
    """A TF1 graph with its variables, as tf.compat.v1.saved_model.simple_save wrote them."""
    v1 = tf.compat.v1
    signature = v1.saved_model.predict_signature_def(inputs, outputs)
    builder = v1.saved_model.Builder(folder)
    builder.add_meta_graph_and_variables(session, ['serve'], {'serving_default': signature})
    builder.save()


def rows(dtype, *shape):
    """A TensorSpec whose first dimension is rows."""
    return tf.TensorSpec([None, *shape], dtype)
