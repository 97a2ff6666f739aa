"""Two-pixel worlds on which every loss can be worked out by hand."""

import keras
import numpy as np
import tensorflow as tf

from aeai_tf.methods import aeai


class Scale(keras.layers.Layer):
    """Multiplies by one learned number."""

    def __init__(self, factor: float):
        super().__init__()
        self._initial = factor
        self.factor = self.add_weight(
            name="factor", initializer=keras.initializers.Constant(factor)
        )
        self.built = True

    def call(self, inputs):
        return self.factor * inputs

    def get_config(self):
        return {"factor": self._initial}


class Square(Scale):
    """Multiplies the square by one learned number."""

    def call(self, inputs):
        return self.factor * inputs**2


class Logit(Scale):
    """A discriminator: the learned number times the sum of all pixels."""

    def call(self, inputs):
        return self.factor * tf.reduce_sum(inputs, [1, 2, 3])[:, tf.newaxis]


def network(layer: keras.layers.Layer, *shape: int) -> keras.Model:
    """A model of that one layer on `[batch, *shape]`."""
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


def reshape(network_: keras.Model, *shape: int) -> keras.Model:
    """The model with its outputs reshaped."""
    outputs = keras.layers.Reshape(shape)(network_.output)
    return keras.Model(network_.input, outputs)


def coder(layer_in: keras.layers.Layer, layer_out: keras.layers.Layer):
    """Encoder and decoder between two grey pixels and two latents."""
    encoder = reshape(network(layer_in, 1, 2, 1), 2)
    decoder = reshape(network(layer_out, 2), 1, 2, 1)
    return encoder, decoder


def image(first: float, second: float) -> tf.Tensor:
    """One image of two grey pixels, `[1, 1, 2, 1]`."""
    return tf.constant(np.reshape([first, second], [1, 1, 2, 1]), tf.float32)


def aeai_model(**options):
    """AEAI of f(x) = 2 x, g(z) = 0.5 z^2, D(x) = 3 (x_1 + x_2)."""
    encoder, decoder = coder(Scale(2.0), Square(0.5))
    discriminator = None
    if options.get("lambda_adversarial", 1.0):
        discriminator = network(Logit(3.0), 1, 2, 1)
    model = aeai.AEAI(encoder, decoder, discriminator, **options)
    model.compile({p: keras.optimizers.SGD(0.1) for p in model.players})
    return model


def aeai_batch():
    """A pair of images and one alpha."""
    return {
        "source": image(0.1, 0.2),
        "target": image(0.5, 0.0),
        "alpha": tf.constant([[0.25]]),
    }


def assert_step_descends(model, batch, count: int, rate: float = 0.1) -> None:
    """Compares a step with gradients taken one player at a time.

    Args:
        model: compiled with plain gradient descent; players move once a step.
        batch: of one step.
        count: how many trainable variables there are.
        rate: of the descent.
    """
    expected = {}
    for player in model.players:
        variables = model.player_variables(player)
        with tf.GradientTape() as tape:
            objective = model.compute_terms(batch, True)[1][player]
        gradients = tape.gradient(objective, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            expected[variable.path] = variable.numpy() - rate * gradient.numpy()
    model.train_step(batch)
    assert len(expected) == len(model.trainable_variables) == count
    for variable in model.trainable_variables:
        np.testing.assert_allclose(
            variable.numpy(), expected[variable.path], rtol=1e-5
        )
