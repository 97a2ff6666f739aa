import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from aeai_tf import interpolation
from aeai_tf.errors import UserError
from aeai_tf.regularization import derivative
from aeai_tf.regularization.network import Network
from tests.regularization.foreign import dense


def test_the_derivative_that_is_right():
    recurrent = keras.Sequential([keras.Input([3, 2]), layers.GRU(2)])
    choices = {
        derivative.choose(decode, shape)
        for decode, shape in ((dense()[1], [2]), (recurrent, [3, 2]))
    }
    # Forward mode cannot see through a loop.
    fast = interpolation.resolve_mode("auto")
    assert choices == {fast, "nested_tapes"}
    assert derivative.choose(tf.square, [None, 2]) == "nested_tapes"
    with pytest.raises(UserError, match="has no gradient"):
        derivative.choose(tf.math.rint, [2])


def test_resizing_has_no_second_gradient(monkeypatch):
    bilinear = layers.UpSampling2D(interpolation="bilinear")
    chain = keras.Sequential([keras.Input([2, 2, 1]), bilinear])
    latents = keras.Input([2, 2, 1])
    branching = keras.Model(
        latents, bilinear(latents) + layers.UpSampling2D()(latents)
    )
    with pytest.raises(UserError, match="set lambda_smoothness=0"):
        derivative.choose(branching, [2, 2, 1])
    for first in interpolation.MODES:
        monkeypatch.setattr(interpolation, "resolve_mode", lambda _, m=first: m)
        assert derivative.choose(chain, [2, 2, 1]) == "forward"


def test_a_derivative_that_is_lost_in_part(monkeypatch):
    monkeypatch.setattr(interpolation, "resolve_mode", lambda *_: "forward")
    derive = interpolation.value_and_derivative

    def halved(function, point, direction, mode):
        value, result = derive(function, point, direction, "nested_tapes")
        return value, result * (0.5 if mode == "forward" else 1.0)

    monkeypatch.setattr(interpolation, "value_and_derivative", halved)
    assert derivative.choose(tf.square, [2]) == "nested_tapes"


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_layer_by_layer(monkeypatch, policy):
    decoder = keras.Sequential(
        [
            keras.Input([2]),
            layers.Dense(4, dtype=policy),
            layers.Dense(6, dtype=policy),
        ]
    )
    model = types.SimpleNamespace(decoder=decoder)
    line = tf.unstack(tf.random.stateless_normal([2, 3, 2], [0, 0]))
    expected, found = (
        interpolation.value_and_derivative(
            Network(model, "decoder"), *line, mode, training=True
        )
        for mode in ("nested_tapes", "forward")
    )
    for value, same in zip(found, expected, strict=True):
        assert value.dtype == tf.float32
        np.testing.assert_allclose(value, same, rtol=0.01, atol=0.01)
    # What the slower way is made of.
    monkeypatch.delattr(tf.autodiff, "ForwardAccumulator")
    interpolation.value_and_derivative(
        Network(model, "decoder"), *line, "forward"
    )
