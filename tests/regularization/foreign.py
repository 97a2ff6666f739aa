"""Models that are not ours, and what the tests do with them."""

import keras
from keras import layers

from aeai_tf.regularization import InterpolationRegularizer

WEIGHTS = ("lambda_adversarial", "lambda_cycle", "lambda_smoothness")
PLAIN = dict.fromkeys(WEIGHTS, 0.0)
TERMS = {
    "lambda_adversarial": {
        "adversarial",
        "discriminator",
        "discriminator_accuracy",
    },
    "lambda_cycle": {"cycle"},
    "lambda_smoothness": {"smoothness"},
}
ALL = set().union({"loss", "reconstruction"}, *TERMS.values())


def dense():
    """A foreign autoencoder of vectors of length 6."""
    return (
        keras.Sequential(
            [keras.Input([6]), layers.Dense(5, "tanh"), layers.Dense(2)]
        ),
        keras.Sequential(
            [keras.Input([2]), layers.Dense(5, "tanh"), layers.Dense(6)]
        ),
    )


def convolutional():
    """One of grey images 12x12, whose latents are feature maps 6x6x2."""
    return (
        keras.Sequential(
            [
                keras.Input([12, 12, 1]),
                layers.Conv2D(3, 3, 2, padding="same", activation="relu"),
                layers.BatchNormalization(),
                layers.Conv2D(2, 3, padding="same"),
            ]
        ),
        keras.Sequential(
            [
                keras.Input([6, 6, 2]),
                layers.Conv2DTranspose(1, 3, 2, padding="same"),
            ]
        ),
    )


def critic(*shape):
    """A discriminator of data of this shape."""
    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(1)]
    )


class Dropped(keras.Model):
    """Half of a subclassed autoencoder, without shapes until it is called."""

    def __init__(self, units):
        super().__init__()
        self.hidden = layers.Dense(7, "relu")
        self.dropout = layers.Dropout(0.5)
        self.head = layers.Dense(units)

    def call(self, inputs, training=None):
        x = self.dropout(self.hidden(inputs), training=training)
        return self.head(x)


def compiled(networks, optimizer="adam", compilation=(), **options):
    """A regulariser that steps eagerly: small models are faster so."""
    options.setdefault("derivative", "nested_tapes")
    model = InterpolationRegularizer(*networks, **options)
    model.compile(optimizer, **{"run_eagerly": True, **dict(compilation)})
    return model


def evaluate(model, *data, **options):
    """The terms of one batch."""
    model.reset_metrics()
    return model.test_on_batch(*data, return_dict=True, **options)


def see_pairs(monkeypatch, model):
    """Lists what the shaping terms are given from now on."""
    seen = []
    terms = model._aeai.shaping_terms

    def spied(*args):
        seen.append(args)
        return terms(*args)

    monkeypatch.setattr(model._aeai, "shaping_terms", spied)
    return seen
