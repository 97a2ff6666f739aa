"""beta-VAE's terms against numbers worked by hand, and where it samples."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import config as configuration
from aeai_tf import losses, networks
from aeai_tf.methods import beta_vae
from tests.methods import tiny


def batch(noise=((1.0, -1.0), (0.5, 2.0))):
    return {
        "source": tiny.image(0.1, 0.2),
        "target": tiny.image(0.5, 0.0),
        "noise": tf.constant([noise]),
    }


def two_pixel_model(mean=2.0, log_variance=-3.0, **options):
    """Means 2 x and log-variances -3 x, g(z) = z^2 / 2."""
    images = keras.Input([1, 2, 1])
    pixels = keras.layers.Reshape([2])(images)
    heads = [tiny.Scale(mean)(pixels), tiny.Scale(log_variance)(pixels)]
    posterior = keras.Model(images, keras.layers.Concatenate()(heads))
    decoder = tiny.reshape(tiny.network(tiny.Square(0.5), 2), 1, 2, 1)
    model = beta_vae.BetaVAE(posterior, decoder, **options)
    model.compile({p: keras.optimizers.SGD(0.1) for p in model.players})
    return model


def small_model(**options):
    keras.utils.set_random_seed(0)
    return beta_vae.BetaVAE(
        networks.encoder(16, 12, convs_per_block=1, normalization="none"),
        networks.decoder(16, 6, convs_per_block=1, normalization="none"),
        **options,
    )


def small_batch(model):
    images = tf.random.stateless_uniform([8, 16, 16, 3], [0, 1])
    own = model.sample(tf.constant([0, 1]), 4)
    return {"source": images[:4], "target": images[4:], **own}


# m = (0.2, 0.4), (1, 0), s = (-0.3, -0.6), (-1.5, 0);
# z = m + exp(s / 2) e with e = (1, -1), (0.5, 2).
X = np.array([0.1, 0.2, 0.5, 0.0])
Z = np.array(
    [
        0.2 + np.exp(-0.15),
        0.4 - np.exp(-0.3),
        1 + 0.5 * np.exp(-0.75),
        0 + 2 * np.exp(0.0),
    ]
)
DECODED = 0.5 * Z**2


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (losses.squared_error, np.mean((X - DECODED) ** 2)),
        (losses.absolute_error, np.mean(np.abs(X - DECODED))),
    ],
)
def test_terms_by_hand(distance, expected):
    model = two_pixel_model(beta=0.5, reconstruction=distance)
    terms, objectives = model.compute_terms(batch(), training=True)
    # (m^2 + exp(s) - s - 1) / 2.
    kl = (
        (0.04 + np.exp(-0.3) + 0.3 - 1)
        + (0.16 + np.exp(-0.6) + 0.6 - 1)
        + (1.0 + np.exp(-1.5) + 1.5 - 1)
        + 0.0
    ) / 8
    assert set(terms) == set(model.term_names)
    np.testing.assert_allclose(terms["reconstruction"], expected, rtol=1e-5)
    np.testing.assert_allclose(terms["kl"], kl, rtol=1e-5)
    np.testing.assert_allclose(
        terms["squared_error"], np.mean((X - DECODED) ** 2), rtol=1e-5
    )
    # Two latents and two pixels: beta itself is the weight.
    assert set(objectives) == set(model.players)
    np.testing.assert_allclose(
        objectives["autoencoder"], expected + 0.5 * kl, rtol=1e-5
    )


def test_objective_is_that_of_sums_over_pixels_and_latents():
    """Bernoulli and KL summed, as the reference has them, image by image."""
    model = small_model(beta=4.0)
    data = small_batch(model)
    _, objectives = model.compute_terms(data, training=True)
    total = 0.0
    for name, k in (("source", 0), ("target", 1)):
        for image, noise in zip(data[name], data["noise"][:, k], strict=True):
            outputs = model.posterior(image[tf.newaxis]).numpy()[0]
            mean, log_variance = outputs[:6], outputs[6:]
            z = mean + np.exp(log_variance / 2) * noise
            p = model.decode(z[np.newaxis]).numpy()[0].astype("float64")
            # Far from 0 and 1, where the logarithms are not quite these.
            assert 1e-2 < p.min() < p.max() < 1 - 1e-2
            x = image.numpy()
            likelihood = np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))
            kl = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1)
            total += -likelihood + 4.0 * kl
    np.testing.assert_allclose(
        16 * 16 * 3 * objectives["autoencoder"], total / 8, rtol=1e-4
    )


def test_a_standard_normal_posterior_costs_nothing():
    terms, _ = two_pixel_model(0.0, 0.0).compute_terms(batch(), training=True)
    assert float(terms["kl"]) == 0.0


def test_noise_moves_the_decoded_image_in_training():
    model = two_pixel_model()

    def error(noise):
        terms, _ = model.compute_terms(batch(noise), training=True)
        return float(terms["squared_error"])

    # Without noise, the means: x^ = 2 x^2 is off by 0.08, 0.12, 0, 0.
    still = (0.08**2 + 0.12**2) / 4
    np.testing.assert_allclose(error([[0.0, 0.0]] * 2), still, rtol=1e-5)
    for moved in ([[0.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]):
        assert error(moved) > 1.1 * still


def test_interpolation_is_between_means():
    model = two_pixel_model()
    ends = batch()["source"], batch()["target"]
    alpha = np.float32([[0.0, 0.25, 1.0]])
    images = model.interpolate(*ends, alpha)
    # z = (0.2, 0.4), (0.4, 0.3), (1, 0).
    np.testing.assert_allclose(
        np.reshape(images, [3, 2]),
        [[0.02, 0.08], [0.08, 0.045], [0.5, 0.0]],
        rtol=1e-5,
    )
    np.testing.assert_array_equal(images, model.interpolate(*ends, alpha))


def test_the_encoder_follows_the_posterior_it_is_part_of():
    model = small_model()
    model.compile({"autoencoder": keras.optimizers.SGD(0.1)})
    data = small_batch(model)
    before = model.encode(data["source"]).numpy()
    model.train_step(data)
    after = model.encode(data["source"]).numpy()
    assert after.shape == (4, 6)
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(
        after, model.posterior(data["source"])[:, :6].numpy()
    )
    owned = {id(v) for v in model.player_variables("autoencoder")}
    assert owned == {id(v) for v in model.trainable_variables}
    assert len(owned) == len(model.trainable_variables)


def test_a_step_follows_the_gradient_of_the_objective():
    tiny.assert_step_descends(two_pixel_model(), batch(), count=3)


def test_noise_is_standard_normal_and_a_function_of_its_seed():
    model = two_pixel_model()
    noise = model.sample(tf.constant([5, 6]), 4000)["noise"]
    assert noise.shape == [4000, 2, 2]
    np.testing.assert_array_equal(
        noise, model.sample(tf.constant([5, 6]), 4000)["noise"]
    )
    assert not np.array_equal(
        noise, model.sample(tf.constant([5, 7]), 4000)["noise"]
    )
    # Of 16000 numbers; 0.683 of a normal lie within its deviation.
    assert abs(np.mean(noise)) < 0.04
    assert abs(np.std(noise) - 1) < 0.03
    assert abs(np.mean(np.abs(noise) < 1) - 0.683) < 0.02
    # Source and target have their own.
    assert abs(np.corrcoef(noise[:, 0, 0], noise[:, 1, 0])[0, 1]) < 0.1


def test_settings_are_those_of_the_configuration():
    config = configuration.load_file("configs/beta_vae.py:pole,paper")
    assert (config.beta, config.reconstruction) == (4.0, "bernoulli")
    config.convs_per_block = 1
    model = beta_vae.BetaVAE.from_settings(config, losses.bernoulli)
    # As the module's docstring says.
    np.testing.assert_allclose(model.kl_weight, 1 / 12)
    assert model.latent_dim == 256
    assert model.encoder.output_shape == (None, 256)
    assert model.reconstruction is losses.bernoulli
    config.image_size, config.latent_dim, config.beta = 16, 6, 2.0
    model = beta_vae.BetaVAE.from_settings(config, losses.absolute_error)
    np.testing.assert_allclose(model.kl_weight, 2 * 6 / 768)
    assert model.reconstruction is losses.absolute_error
