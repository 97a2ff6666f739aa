import keras
import pytest
from keras import layers

from aeai_tf.errors import UserError
from aeai_tf.regularization import (
    InterpolationRegularizer,
    default_discriminator,
)
from tests.regularization.foreign import PLAIN, compiled, convolutional, dense


def returning_two():
    data = keras.Input([6])
    return keras.Model(data, [layers.Dense(2)(data), layers.Dense(2)(data)])


@pytest.mark.parametrize(
    ("networks", "options", "sentence"),
    [
        (lambda: (dense()[0], abs), {}, "decoder must be a Keras model"),
        (lambda: (dense()[0], dense()[0]), {"lambda_cycle": 0.0}, None),
        (
            lambda: (dense()[0], convolutional()[1]),
            {},
            r"decoder cannot take a batch of shape \(None, 2\)",
        ),
        (
            lambda: (dense()[0], layers.Dense(5)),
            {},
            r"decoder returns \(None, 5\), but the encoder takes \(None, 6\)",
        ),
        (
            lambda: (returning_two(), dense()[1]),
            {},
            "encoder must return one tensor, not 2",
        ),
        (
            lambda: (*dense(), convolutional()[0]),
            {},
            "discriminator cannot take",
        ),
        (
            lambda: (*dense(), default_discriminator([6])),
            {"lambda_adversarial": 0.0},
            "discriminator is of no use",
        ),
        (dense, {"lambda_cycle": -1.0}, "lambda_cycle=-1.0 must be a number"),
        (dense, {"num_alphas": 0}, "num_alphas=0 must be at least 1"),
        (dense, {"relative_smoothness": True}, "num_alphas=1 must be at least"),
        (dense, {"ramp": None}, "ramp=None must be a number, 0 or more"),
        (dense, {"derivative": "fast"}, "'fast' is none of auto, forward, "),
        (dense, {"reconstruction": "mse"}, r"give .* to compile\(loss=...\)"),
    ],
)
def test_networks_that_do_not_fit(networks, options, sentence, vectors):
    if sentence is None:
        # Only data can tell.
        model = compiled((dense()[0], layers.Dense(5)), **options)
        with pytest.raises(UserError, match="cannot be compared with data"):
            model.fit(vectors, verbose=0)
        return
    with pytest.raises(UserError, match=sentence):
        InterpolationRegularizer(*networks(), **options)


def test_options_that_do_not_exist():
    with pytest.raises(ValueError, match="lambda_cylce"):
        InterpolationRegularizer(*dense(), lambda_cylce=1.0)
    model = InterpolationRegularizer(*dense(), **PLAIN)
    with pytest.raises(UserError, match="discriminator_optimizer is of no"):
        model.compile(discriminator_optimizer="sgd")


def test_data_that_do_not_fit(vectors):
    model = compiled(dense(), **PLAIN)
    with pytest.raises(UserError, match="must take one tensor, not several"):
        model.fit([vectors, vectors], verbose=0)
    with pytest.raises(UserError, match=r"takes batches of shape \(None, 6\)"):
        model.fit(vectors[:, :5], verbose=0)
    with pytest.raises(UserError, match=r"must have one shape, not \(8, 6\)"):
        model.interpolate(vectors, vectors[:4], 0.5)
