"""The trainer's schedules, on a method of three numbers."""

from typing import ClassVar

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf.methods import base
from tests.methods import tiny


class Toy(base.InterpolationModel):
    """The autoencoder climbs by the batch's value, the critic as well."""

    players: ClassVar = {
        "autoencoder": ("encoder", "decoder"),
        "critic": ("critic",),
    }
    term_names = ("value",)

    def __init__(self, updates):
        encoder, decoder = tiny.coder(tiny.Scale(1.0), tiny.Scale(1.0))
        super().__init__(encoder, decoder)
        self.critic = tiny.network(tiny.Scale(0.0), 1)
        self.updates = updates
        self.compile({p: keras.optimizers.SGD(1.0) for p in self.players})

    def compute_terms(self, batch, training):
        value = tf.reduce_mean(batch["value"])
        one = tf.ones([1, 1])
        encoded = self.encoder(tiny.image(1.0, 1.0), training=training)
        decoded = self.decoder(encoded, training=training)
        return {"value": value}, {
            "autoencoder": -value * tf.reduce_sum(decoded),
            "critic": -value * tf.reduce_sum(self.critic(one)),
        }


def weights(model):
    return [float(v.numpy()) for v in model.trainable_variables]


def test_all_players_move_once_unless_declared_otherwise():
    model = Toy({})
    assert model.rounds == 1
    model.train_step({"value": tf.constant([0.25])})
    # d/dw of w_e w_d 2, at 1 and 1, times 0.25; and 0.25 itself.
    assert weights(model) == [1.5, 1.5, 0.25]


def test_a_player_with_more_updates_gets_a_batch_for_each():
    model = Toy({"critic": 3})
    assert model.rounds == 3
    means = model.train_step({"value": tf.constant([[1.0, 2.0, 0.25]])})
    # The critic takes all three, the autoencoder the last alone.
    assert weights(model) == [1.5, 1.5, 3.25]
    assert float(means["value"]) == 0.25


def test_the_autoencoder_may_be_the_one_that_moves_more():
    model = Toy({"autoencoder": 2})
    model.train_step({"value": tf.constant([[0.0, 0.25]])})
    assert [int(o.iterations) for o in model.player_optimizers.values()] == [
        2,
        1,
    ]


def test_rates_that_follow_from_the_terms_hold_for_their_update():
    model = Toy({"critic": 2})
    model.learning_rates = lambda terms: {"critic": 10 * terms["value"]}
    model.train_step({"value": tf.constant([[1.0, 2.0]])})
    # 10 * 1 + 20 * 2; the autoencoder keeps its rate of 1.
    assert weights(model) == [5.0, 5.0, 50.0]
    rate = model.player_optimizers["critic"].learning_rate
    np.testing.assert_allclose(rate.numpy(), 20.0)


def test_optimisers_are_those_of_the_players():
    model = Toy({})
    with pytest.raises(ValueError, match="autoencoder"):
        model.compile({"autoencoder": keras.optimizers.SGD()})


def test_averaged_weights_are_those_in_use():
    """A mean that keeps half of itself; 1 / 10 and 2 / 11 at first."""
    model = Toy({})
    optimizers = {p: keras.optimizers.SGD(1.0) for p in model.players}
    model.compile(optimizers, weight_averaging=0.15)
    assert len(model.trainable_variables) == 3
    image = tiny.image(1.0, 1.0)
    mean = weight = 1.0
    for kept in (0.1, 0.15):
        # Encoder and decoder move alike: by the other's weight.
        weight += weight * 2 * 0.25
        mean = kept * mean + (1 - kept) * weight
        model.train_step({"value": tf.constant([0.25])})
        np.testing.assert_allclose(model.encode(image)[0], mean, rtol=1e-6)
    np.testing.assert_allclose(model(image)[0, 0, 0], mean**2, rtol=1e-6)
    between = model.interpolate(image, image, tf.constant([[0.5]]))
    np.testing.assert_allclose(between[0, 0, 0, 0], mean**2, rtol=1e-6)
    trained = model(image, training=True)
    np.testing.assert_allclose(trained[0, 0, 0], weight**2, rtol=1e-6)
