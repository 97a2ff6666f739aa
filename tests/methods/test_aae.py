"""AAE's terms against numbers worked by hand, and its prior."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import config as configuration
from aeai_tf import losses
from aeai_tf.methods import aae
from tests.methods import tiny

BATCH = {
    "source": tiny.image(0.1, 0.2),
    "target": tiny.image(0.5, 0.0),
    "prior": tf.constant([[[1.0, 1.0], [-2.0, 0.4]]]),
}


def two_pixel_model(**options):
    """f(x) = 2 x, g(z) = z^2 / 2, D_z(z) = (z_1 + z_2) / 2."""
    discriminator = None
    if options.get("lambda_adversarial", 1.0):
        latents = keras.Input([2])
        pixels = keras.layers.Reshape([1, 2, 1])(latents)
        discriminator = keras.Model(latents, tiny.Logit(0.5)(pixels))
    coder = tiny.coder(tiny.Scale(2.0), tiny.Square(0.5))
    model = aae.AAE(*coder, discriminator, **options)
    model.compile({p: keras.optimizers.SGD(0.1) for p in model.players})
    return model


def test_terms_by_hand():
    model = two_pixel_model(lambda_adversarial=0.25)
    terms, objectives = model.compute_terms(BATCH, training=True)

    # x^ = 2 x^2 is off by 0.08, 0.12, 0, 0.
    reconstruction = (0.08**2 + 0.12**2) / 4
    # z = (0.2, 0.4), (1, 0): D_z = 0.3, 0.5; of the prior it is 1, -0.8.
    adversarial = (np.log1p(np.exp(-0.3)) + np.log1p(np.exp(-0.5))) / 2
    real = (np.log1p(np.exp(-1.0)) + np.log1p(np.exp(0.8))) / 2
    generated = (np.log1p(np.exp(0.3)) + np.log1p(np.exp(0.5))) / 2

    expected = {
        "reconstruction": reconstruction,
        "adversarial": adversarial,
        "discriminator": real + generated,
        "discriminator_accuracy": 0.25,  # One of both priors, no latent.
    }
    assert set(terms) == set(expected) == set(model.term_names)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5, err_msg=name)
    assert set(objectives) == set(model.players)
    np.testing.assert_allclose(
        objectives["autoencoder"],
        reconstruction + 0.25 * adversarial,
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        objectives["discriminator"], real + generated, rtol=1e-5
    )


def test_zero_weight_removes_the_discriminator():
    model = two_pixel_model(lambda_adversarial=0.0)
    assert set(model.players) == {"autoencoder"}
    terms, objectives = model.compute_terms(BATCH, training=True)
    assert set(terms) == set(model.term_names) == {"reconstruction"}
    assert set(objectives) == {"autoencoder"}
    model.train_step(BATCH)


def test_discriminator_and_its_weight_go_together():
    coder = tiny.coder(tiny.Scale(2.0), tiny.Square(0.5))
    with pytest.raises(ValueError, match="lambda_adversarial"):
        aae.AAE(*coder, None)


def test_a_step_moves_each_player_along_its_own_objective():
    tiny.assert_step_descends(two_pixel_model(), BATCH, count=3)


def test_prior_is_standard_normal_and_a_function_of_its_seed():
    model = two_pixel_model()
    prior = model.sample(tf.constant([5, 6]), 4000)["prior"]
    assert prior.shape == [4000, 2, 2]
    np.testing.assert_array_equal(
        prior, model.sample(tf.constant([5, 6]), 4000)["prior"]
    )
    assert not np.array_equal(
        prior, model.sample(tf.constant([5, 7]), 4000)["prior"]
    )
    # Of 16000 numbers; 0.683 of a normal lie within its deviation.
    assert abs(np.mean(prior)) < 0.04
    assert abs(np.std(prior) - 1) < 0.03
    assert abs(np.mean(np.abs(prior) < 1) - 0.683) < 0.02


def test_latent_discriminator_by_matrices():
    network = aae.latent_discriminator(3)
    latents = np.random.default_rng(0).normal(size=[5, 3]).astype("float32")
    x = latents
    weights = network.get_weights()
    assert [w.shape for w in weights[::2]] == [(3, 100), (100, 100), (100, 1)]
    for layer in range(3):
        x = x @ weights[2 * layer] + weights[2 * layer + 1]
        if layer < 2:
            x = np.where(x > 0, x, 0.2 * x)
    np.testing.assert_allclose(network(latents), x, rtol=1e-4, atol=1e-5)


def test_settings_are_those_of_the_configuration():
    config = configuration.load_file("configs/aae.py:pole,paper")
    assert config.lambda_adversarial == 1.0
    config.image_size, config.latent_dim, config.convs_per_block = 16, 6, 1
    config.lambda_adversarial = 0.75
    model = aae.AAE.from_settings(config, losses.absolute_error)
    assert model.lambda_adversarial == 0.75
    assert model.reconstruction is losses.absolute_error
    assert model.discriminator.input_shape == (None, 6)
    config.lambda_adversarial = 0.0
    model = aae.AAE.from_settings(config, losses.squared_error)
    assert model.discriminator is None
