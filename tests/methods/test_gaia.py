"""GAIA's terms against numbers worked by hand, its routing, its rates."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import config as configuration
from aeai_tf.methods import gaia
from tests.methods import tiny


def sigmoid(value):
    return 1 / (1 + np.exp(-value))


def one_grey_model(discriminator=0.5, **options):
    """f(x) = 4 x^2, g(z) = 0.25 z, D(x) = 0.5 x unless told otherwise."""
    model = gaia.GAIA(
        *tiny.coder(tiny.Square(4.0), tiny.Scale(0.25)),
        *tiny.coder(tiny.Scale(discriminator), tiny.Scale(1.0)),
        **options,
    )
    model.compile({p: keras.optimizers.SGD(0.1) for p in model.players})
    return model


def one_grey_batch():
    """Two pairs; only the first pixel is ever lit."""
    return {
        "source": tf.concat([tiny.image(0.0, 0.0), tiny.image(1.0, 0.0)], 0),
        "target": tf.concat([tiny.image(0.5, 0.0), tiny.image(0.5, 0.0)], 0),
        "alpha": tf.constant([[0.25], [0.5]]),
    }


# First pixels: x = 0, 1, 0.5, 0.5; z = 0, 4, 1, 1; x^ = 0, 1, 0.25, 0.25.
# z_a = 0.25 * 1 and 0.5 * 4 + 0.5 * 1, so x_a = 0.0625, 0.625.
R = (0 + 0.5 + 0.25 + 0.25) / 8  # |x - x / 2|
S = (0 + 0.5 + 0.375 + 0.375) / 8  # |x - x^ / 2|
B = (0.03125 + 0.3125) / 4  # |x_a - x_a / 2|
# Squared distances of x: 1 (images 0, 1), 1/4 (four times), 0: mean 4 / 16,
# over which they are 4, 1 and 0. Of z: 16, 1, 1, 9, 9, 0: mean 72 / 16, over
# which they are 32/9, 2/9, 2/9, 2, 2, 0.
DISTANCE = (
    2
    * (
        (np.log(5) - np.log(41 / 9)) ** 2
        + 2 * (np.log(2) - np.log(11 / 9)) ** 2
        + 2 * (np.log(2) - np.log(3)) ** 2
    )
    / 16
)


def test_terms_by_hand():
    model = one_grey_model(
        lambda_distance=0.5,
        balance_slope=10.0,
        discriminator_share=0.75,
        learning_rate=0.2,
    )
    terms, objectives = model.compute_terms(one_grey_batch(), training=True)
    p = sigmoid(10 * (B - S))
    q = sigmoid(10 * (0.75 * B - R))
    generator = p * B + (1 - p) * S + 0.5 * DISTANCE
    discriminator = R - q * (S + B) / 2
    rate = 0.2 * sigmoid(10 * (R - (S + B) / 2))
    expected = {
        "reconstruction": 2 * 0.25**2 / 8,
        "discriminator_real": R,
        "discriminator_reconstructed": S,
        "discriminator_interpolated": B,
        "distance": DISTANCE,
        "generator": generator,
        "discriminator": discriminator,
        "learning_rate_autoencoder": 0.2 - rate,
        "learning_rate_discriminator": rate,
    }
    assert set(terms) == set(expected) == set(model.term_names)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5, err_msg=name)
    assert set(objectives) == {"autoencoder", "discriminator"}
    np.testing.assert_allclose(objectives["autoencoder"], generator, rtol=1e-5)
    np.testing.assert_allclose(
        objectives["discriminator"], discriminator, rtol=1e-5
    )


def test_the_share_of_generated_images_is_at_most_nine_tenths():
    model = one_grey_model(balance_slope=100.0, discriminator_share=2.0)
    terms, _ = model.compute_terms(one_grey_batch(), training=True)
    # sigmoid(100 (2 B - R)) = sigmoid(4.7) = 0.99.
    np.testing.assert_allclose(
        terms["discriminator"], R - 0.9 * (S + B) / 2, rtol=1e-5
    )


def test_objectives_are_clipped_to_1():
    model = one_grey_model(discriminator=-20.0, lambda_distance=1e3)
    _, objectives = model.compute_terms(one_grey_batch(), training=True)
    # r = 21 * 2 / 8, and 1e3 dist = 56, uncut.
    assert objectives["discriminator"] == 1
    assert objectives["autoencoder"] == 1
    model = one_grey_model(lambda_distance=-1e3)
    _, objectives = model.compute_terms(one_grey_batch(), training=True)
    assert objectives["autoencoder"] == -1


def test_distance_by_hand():
    x = tf.constant([[0.0], [1.0], [3.0]])
    z = tf.constant([[0.0, 7.0], [1.0, 7.0], [2.0, 7.0]])
    # x: 1, 4, 9 over their mean with the zeros, 28 / 9; z: 1, 1, 4 over 12/9.
    expected = (
        (np.log(1 + 9 / 28) - np.log(1 + 3 / 4)) ** 2
        + (np.log(1 + 36 / 28) - np.log(1 + 3 / 4)) ** 2
        + (np.log(1 + 81 / 28) - np.log(1 + 3)) ** 2
    )
    np.testing.assert_allclose(
        gaia.distance_loss(x, z), 2 * expected / 9, rtol=1e-5
    )


def test_distance_of_large_similar_images_against_plain_differences():
    seeds = ([0, 1], [0, 2])
    noise = tf.random.stateless_uniform([6, 64, 64, 3], seeds[0])
    x = (0.9 + 0.01 * noise).numpy()
    z = (50 + tf.random.stateless_normal([6, 4], seeds[1])).numpy()

    def near(points):
        points = points.reshape([6, -1]).astype(np.float64)
        squares = np.mean((points[:, None] - points[None]) ** 2, axis=2)
        return np.log(1 + squares / squares.mean())

    np.testing.assert_allclose(
        gaia.distance_loss(x, z), np.mean((near(x) - near(z)) ** 2), rtol=1e-3
    )


def test_distance_of_equal_images_is_nothing():
    x = tf.Variable(tf.fill([4, 3], 0.7))
    with tf.GradientTape() as tape:
        distance = gaia.distance_loss(x, x)
    assert distance == 0
    np.testing.assert_array_equal(tape.gradient(distance, x), tf.zeros([4, 3]))


@pytest.mark.parametrize("player", ["autoencoder", "discriminator"])
def test_gradients_flow_through_the_balance(player):
    """Against differences of the whole objective, p and q included."""
    model = one_grey_model(lambda_distance=0.5, discriminator_share=1.5)

    def objective():
        return model.compute_terms(one_grey_batch(), True)[1][player]

    variables = model.player_variables(player)
    with tf.GradientTape() as tape:
        value = objective()
    step = 1e-2
    for variable, gradient in zip(
        variables, tape.gradient(value, variables), strict=True
    ):
        centre = variable.numpy()
        around = []
        for change in (step, -step):
            variable.assign(centre + change)
            around.append(float(objective()))
        variable.assign(centre)
        numeric = (around[0] - around[1]) / (2 * step)
        assert abs(numeric) > 1e-3
        np.testing.assert_allclose(gradient, numeric, rtol=5e-3)


def test_a_step_moves_each_player_along_its_own_objective_at_its_rate():
    model = one_grey_model(learning_rate=0.3, lambda_distance=0.5)
    rate = 0.3 * sigmoid(20 * (R - (S + B) / 2))
    rates = {"autoencoder": 0.3 - rate, "discriminator": rate}
    expected = {}
    for player in model.players:
        variables = model.player_variables(player)
        with tf.GradientTape() as tape:
            _, objectives = model.compute_terms(one_grey_batch(), True)
            objective = objectives[player]
        for variable, gradient in zip(
            variables, tape.gradient(objective, variables), strict=True
        ):
            assert gradient != 0
            expected[variable.path] = (
                variable.numpy() - rates[player] * gradient.numpy()
            )
    model.train_step(one_grey_batch())
    assert len(expected) == len(model.trainable_variables) == 4
    for variable in model.trainable_variables:
        np.testing.assert_allclose(
            variable.numpy(), expected[variable.path], rtol=1e-5
        )


def test_rates_sum_to_their_maximum_at_every_step():
    model = one_grey_model(learning_rate=0.5)
    # Of the players' own, at which nothing is ever done.
    for optimizer in model.player_optimizers.values():
        optimizer.learning_rate = 77.0
    seen = []
    step = tf.function(model.train_step)
    for _ in range(6):
        model.reset_metrics()
        terms = step(one_grey_batch())
        rates = {
            player: optimizer.learning_rate.numpy()
            for player, optimizer in model.player_optimizers.items()
        }
        np.testing.assert_allclose(sum(rates.values()), 0.5, rtol=1e-6)
        for player, rate in rates.items():
            assert 0 < rate < 0.5
            np.testing.assert_allclose(
                rate, terms[f"learning_rate_{player}"], rtol=1e-6
            )
        seen.append(rates["discriminator"])
    assert len({round(float(rate), 4) for rate in seen}) == 6


def test_alpha_is_normal_and_extrapolates():
    model = one_grey_model()
    alpha = model.sample(tf.constant([5, 6]), 20000)["alpha"].numpy()
    assert alpha.shape == (20000, 1)
    assert abs(alpha.mean() - 0.5) < 0.01
    assert abs(alpha.std() - 0.25) < 0.005
    # Two standard deviations away: 2.3% on each side, none of them on an end.
    assert abs(np.mean(alpha < 0) - 0.0228) < 0.005
    assert abs(np.mean(alpha > 1) - 0.0228) < 0.005
    assert not np.any((alpha == 0) | (alpha == 1))


def test_the_configuration_reaches_the_model():
    config = configuration.load_file("configs/gaia.py")
    assert "reconstruction" not in config
    config.image_size, config.convs_per_block, config.latent_dim = 16, 1, 4
    config.learning_rate, config.lambda_distance = 0.25, 0.125
    config.balance_slope, config.discriminator_share = 3.0, 0.75
    config.normalization = "batch"
    model = gaia.GAIA.from_settings(config, None)
    assert model.learning_rate == 0.25
    assert model.lambda_distance == 0.125
    assert model.balance_slope == 3
    assert model.discriminator_share == 0.75
    networks = [
        getattr(model, network)
        for player in model.players
        for network in model.players[player]
    ]
    assert len({network.name for network in networks}) == 4
    for network in networks:
        batch = any(
            isinstance(layer, keras.layers.BatchNormalization)
            for layer in network.layers
        )
        assert batch != network.name.startswith("discriminator")
    assert model.discriminator_decoder.input_shape == (None, 4)
