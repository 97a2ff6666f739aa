"""ACAI's terms against numbers worked by hand, and which end is unmixed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import config as configuration
from aeai_tf import losses
from aeai_tf.methods import acai
from tests.methods import tiny


def two_pixel_model(**options):
    """f(x) = 2 x, g(z) = z^2 / 2, critic(x) = 3 x: d = 1.5 (x_1 + x_2)."""
    critic = None
    if options.get("lambda_adversarial", 1.0):
        critic = tiny.reshape(tiny.network(tiny.Scale(3.0), 1, 2, 1), 2)
    coder = tiny.coder(tiny.Scale(2.0), tiny.Square(0.5))
    model = acai.ACAI(*coder, critic, **options)
    model.compile({p: keras.optimizers.SGD(0.1) for p in model.players})
    return model


def batch(first_alpha=0.25, second_alpha=0.5):
    """Two pairs."""
    return {
        "source": tf.concat([tiny.image(0.1, 0.2), tiny.image(0.3, 0.1)], 0),
        "target": tf.concat([tiny.image(0.5, 0.0), tiny.image(0.1, 0.5)], 0),
        "alpha": tf.constant([[first_alpha], [second_alpha]]),
    }


def test_terms_by_hand():
    model = two_pixel_model(lambda_adversarial=0.5, critic_regularization=0.25)
    terms, objectives = model.compute_terms(batch(), training=True)

    # x^ = 2 x^2 = (0.02, 0.08), (0.18, 0.02), (0.5, 0), (0.02, 0.5);
    # x - x^ = (0.08, 0.12), (0.12, 0.08), (0, 0), (0.08, 0).
    reconstruction = (3 * 0.08**2 + 2 * 0.12**2) / 8
    # z_a = 0.75 (0.2, 0.4) + 0.25 (1, 0) = (0.4, 0.3)
    # and   0.5 (0.6, 0.2) + 0.5 (0.2, 1) = (0.4, 0.6);
    # x_a = (0.08, 0.045), (0.08, 0.18); d = 0.1875, 0.39.
    adversarial = (0.1875**2 + 0.39**2) / 2
    interpolated = ((0.1875 - 0.25) ** 2 + (0.39 - 0.5) ** 2) / 2
    # x^ + 0.25 (x - x^) = (0.04, 0.11), (0.21, 0.04), (0.5, 0), (0.04, 0.5).
    real = 1.5**2 * (0.15**2 + 0.25**2 + 0.5**2 + 0.54**2) / 4

    expected = {
        "reconstruction": reconstruction,
        "adversarial": adversarial,
        "critic_interpolated": interpolated,
        "critic_real": real,
    }
    assert set(terms) == set(expected) == set(model.term_names)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5, err_msg=name)
    assert set(objectives) == set(model.players)
    np.testing.assert_allclose(
        objectives["autoencoder"], reconstruction + 0.5 * adversarial, rtol=1e-5
    )
    np.testing.assert_allclose(
        objectives["critic"], interpolated + real, rtol=1e-5
    )


def test_fold_by_hand():
    u = tf.constant([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(
        acai.fold(u), [0.0, 0.1, 0.25, 0.5, 0.25, 0.0], rtol=1e-6
    )


@pytest.mark.parametrize("u", [0.0, 1.0])
def test_either_end_of_the_draw_is_the_unmixed_source(u):
    model = two_pixel_model()
    alpha = float(acai.fold(tf.constant(u)))
    assert alpha == 0.0
    terms, _ = model.compute_terms(batch(alpha, alpha), training=True)
    # x_a = x^_i = (0.02, 0.08), (0.18, 0.02): d = 0.15, 0.3; its target is 0.
    expected = (0.15**2 + 0.3**2) / 2
    np.testing.assert_allclose(terms["adversarial"], expected, rtol=1e-5)
    np.testing.assert_allclose(
        terms["critic_interpolated"], expected, rtol=1e-5
    )


def test_zero_weight_removes_the_critic():
    model = two_pixel_model(lambda_adversarial=0.0)
    assert set(model.players) == {"autoencoder"}
    terms, objectives = model.compute_terms(batch(), training=True)
    assert set(terms) == set(model.term_names) == {"reconstruction"}
    assert set(objectives) == {"autoencoder"}
    model.train_step(batch())


def test_critic_and_its_weight_go_together():
    coder = tiny.coder(tiny.Scale(2.0), tiny.Square(0.5))
    with pytest.raises(ValueError, match="lambda_adversarial"):
        acai.ACAI(*coder, None)


def test_a_step_moves_each_player_along_its_own_objective():
    tiny.assert_step_descends(two_pixel_model(), batch(), count=3)


def test_alpha_is_uniform_on_the_lower_half_and_a_function_of_its_seed():
    model = two_pixel_model()
    alpha = model.sample(tf.constant([5, 6]), 4000)["alpha"]
    assert alpha.shape == [4000, 1]
    np.testing.assert_array_equal(
        alpha, model.sample(tf.constant([5, 6]), 4000)["alpha"]
    )
    assert not np.array_equal(
        alpha, model.sample(tf.constant([5, 7]), 4000)["alpha"]
    )
    counts, _ = np.histogram(alpha, bins=4, range=(0, 0.5))
    assert counts.sum() == 4000
    assert np.all(np.abs(counts - 1000) < 150)


def test_settings_are_those_of_the_configuration():
    config = configuration.load_file("configs/acai.py")
    assert config.lambda_adversarial == 0.5
    assert config.critic_regularization == 0.2
    config.image_size, config.latent_dim, config.convs_per_block = 16, 6, 1
    config.lambda_adversarial, config.critic_regularization = 0.75, 0.1
    config.normalization = "batch"
    model = acai.ACAI.from_settings(config, losses.absolute_error)
    assert model.lambda_adversarial == 0.75
    assert model.critic_regularization == 0.1
    assert model.reconstruction is losses.absolute_error
    # Of the encoder's shape, but without its normalisation.
    assert model.critic.output_shape == model.encoder.output_shape == (None, 6)
    assert not model.critic.non_trainable_variables
    assert model.encoder.non_trainable_variables
    config.lambda_adversarial = 0.0
    assert acai.ACAI.from_settings(config, losses.squared_error).critic is None
