"""The user's networks as AEAI's equations call them."""

import keras
import tensorflow as tf

from aeai_tf import interpolation


class Network:
    """A network of a model, with outputs of the type `keras.config.floatx`.

    Whatever the networks' own types, so that terms add up. It is looked up at
    every call: a discriminator may come only once shapes are known.
    """

    def __init__(self, model: keras.Model, role: str):
        """Takes the model, and the attribute of it that holds the network."""
        self.model, self.role = model, role

    def __call__(self, inputs, training: bool = False) -> tf.Tensor:
        """Outputs of the network."""
        network = getattr(self.model, self.role)
        return floats(network(inputs, training=training))

    def pushforward(self, inputs, tangents, training: bool = False):
        """Outputs, and their derivative along `tangents`, layer by layer."""
        network = getattr(self.model, self.role)
        results = interpolation.value_and_derivative(
            network, inputs, tangents, "forward", training=training
        )
        return tuple(map(floats, results))


def floats(tensor) -> tf.Tensor:
    """In the type in which Keras computes losses."""
    return tf.cast(tensor, keras.config.floatx())
