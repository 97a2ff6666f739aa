"""AEAI's terms against numbers worked by hand, its routing, its ablations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import config as configuration
from aeai_tf import losses, networks
from aeai_tf.data import neighbors
from aeai_tf.methods import aeai
from tests.methods import tiny

ALL_TERMS = {
    "reconstruction",
    "adversarial",
    "discriminator",
    "discriminator_accuracy",
    "cycle",
    "smoothness",
}


@pytest.mark.parametrize("derivative", ["forward", "nested_tapes"])
def test_terms_by_hand(derivative):
    model = tiny.aeai_model(
        derivative=derivative,
        lambda_adversarial=0.5,
        lambda_cycle=0.25,
        lambda_smoothness=0.125,
    )
    terms, objectives = model.compute_terms(tiny.aeai_batch(), training=True)

    # z_i = (0.2, 0.4), z_j = (1, 0); x^ = z^2 / 2.
    # x^_i = (0.02, 0.08), x^_j = (0.5, 0).
    reconstruction = (0.08**2 + 0.12**2) / 2 + 0.0
    # z_a = 0.75 z_i + 0.25 z_j = (0.4, 0.3); x_a = (0.08, 0.045).
    # D(x_a) = 3 * 0.125 = 0.375; D(x_i) = 0.9; D(x_j) = 1.5.
    adversarial = np.log1p(np.exp(-0.375))
    real = (np.log1p(np.exp(-0.9)) + np.log1p(np.exp(-1.5))) / 2
    discriminator = real + np.log1p(np.exp(0.375))
    # f(x_a) = (0.16, 0.09).
    cycle = (0.24**2 + 0.21**2) / 2
    # d x_a / d a = z_a (z_j - z_i) = (0.4 * 0.8, 0.3 * -0.4).
    smoothness = (0.32**2 + 0.12**2) / 2

    expected = {
        "reconstruction": reconstruction,
        "adversarial": adversarial,
        "discriminator": discriminator,
        "discriminator_accuracy": 0.5,  # Both real ones, no generated one.
        "cycle": cycle,
        "smoothness": smoothness,
    }
    assert set(terms) == set(expected) == set(model.term_names)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5, err_msg=name)
    np.testing.assert_allclose(
        objectives["autoencoder"],
        reconstruction + 0.5 * adversarial + 0.25 * cycle + 0.125 * smoothness,
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        objectives["discriminator"], discriminator, rtol=1e-5
    )


def test_relative_cycle_and_r1_by_hand():
    model = tiny.aeai_model(relative_cycle=True, lambda_r1=0.5)
    plain = tiny.aeai_model(relative_cycle=True)
    terms, objectives = model.compute_terms(tiny.aeai_batch(), training=True)
    without, others = plain.compute_terms(tiny.aeai_batch(), training=True)
    assert set(terms) == set(model.term_names) == ALL_TERMS | {"r1"}
    assert set(without) == set(plain.term_names) == ALL_TERMS
    # Latents (0.2, 0.4) and (1, 0) have the variances 0.4^2 and 0.2^2.
    np.testing.assert_allclose(
        terms["cycle"],
        (0.24**2 + 0.21**2) / (0.4**2 + 0.2**2),
        rtol=1e-5,
    )
    # D(x) = 3 (x_1 + x_2) has the gradient (3, 3).
    np.testing.assert_allclose(terms["r1"], 9 + 9, rtol=1e-5)
    np.testing.assert_allclose(
        objectives["discriminator"],
        others["discriminator"] + 0.5 / 2 * 18,
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        objectives["autoencoder"], others["autoencoder"], rtol=1e-5
    )


def test_shrinking_latents_does_not_lower_the_relative_cycle():
    batch, cycles = tiny.aeai_batch(), []
    for scale in (2.0, 0.2):  # Of latents; the decoder makes up for it.
        encoder, decoder = tiny.coder(
            tiny.Scale(scale), tiny.Square(2 / scale**2)
        )
        discriminator = tiny.network(tiny.Logit(3.0), 1, 2, 1)
        model = aeai.AEAI(encoder, decoder, discriminator, relative_cycle=True)
        cycles.append(model.compute_terms(batch, training=False)[0]["cycle"])
    np.testing.assert_allclose(*cycles, rtol=1e-5)


def test_several_alphas_are_averaged():
    model = tiny.aeai_model(num_alphas=2)
    batch = tiny.aeai_batch() | {"alpha": tf.constant([[0.25, 1.0]])}
    terms, _ = model.compute_terms(batch, training=True)
    # At alpha 1: z_a = (1, 0), derivative (0.8, 0), f(x_a) = (1, 0).
    np.testing.assert_allclose(
        terms["smoothness"], (0.32**2 + 0.12**2 + 0.8**2) / 4, rtol=1e-5
    )
    np.testing.assert_allclose(
        terms["cycle"], (0.24**2 + 0.21**2) / 4, rtol=1e-5
    )


def test_relative_smoothness_by_hand():
    model = tiny.aeai_model(num_alphas=2, relative_smoothness=True)
    batch = tiny.aeai_batch() | {"alpha": tf.constant([[0.25, 1.0]])}
    terms, _ = model.compute_terms(batch, training=True)
    # Derivatives (0.32, -0.12) and (0.8, 0), as above.
    speed = np.sqrt([(0.32**2 + 0.12**2) / 2, 0.8**2 / 2])
    np.testing.assert_allclose(
        terms["smoothness"], np.var(speed) / np.mean(speed) ** 2, rtol=1e-4
    )


def test_relative_smoothness_asks_for_an_even_pace_alone():
    """It does not change with the length of the way; a pair of one image
    with itself, which does not move, has neither a term nor a gradient."""

    def smoothness(source, target):
        model = tiny.aeai_model(num_alphas=2, relative_smoothness=True)
        batch = {
            "source": source,
            "target": target,
            "alpha": tf.constant([[0.25, 1.0]]),
        }
        with tf.GradientTape() as tape:
            terms, _ = model.compute_terms(batch, training=True)
        weights = model.encoder.trainable_variables
        return terms["smoothness"], tape.gradient(terms["smoothness"], weights)

    none = tiny.image(0.0, 0.0)
    short, _ = smoothness(none, tiny.image(0.1, 0.1))
    long, _ = smoothness(none, tiny.image(0.5, 0.5))
    np.testing.assert_allclose(short, long, rtol=1e-3)
    assert short > 0.1
    still, gradients = smoothness(tiny.image(0.5, 0.5), tiny.image(0.5, 0.5))
    assert still == 0
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)


@pytest.mark.parametrize("relative", [False, True])
def test_a_pace_in_images_by_hand(relative):
    model = tiny.aeai_model(
        num_alphas=2, relative_smoothness=relative, pace_in_images=True
    )
    # Five images around the first x_a, (0.08, 0.045), and five around the
    # second, x_j^ = (0.5, 0), three times as far apart.
    places = np.array([-0.02, -0.01, 0, 0.01, 0.02])
    near = [[0.08, 0.045 + place] for place in places]
    far = [[0.5, 3 * place] for place in places]
    model.prepare(np.reshape(near + far, [10, 1, 2, 1]).astype(np.float32))
    batch = tiny.aeai_batch() | {"alpha": tf.constant([[0.25, 1.0]])}
    terms, _ = model.compute_terms(batch, training=True)
    # Each middle one and three of its neighbours; distances, in units of 0.01,
    # are 1.5 in the middle, 1.75 beside it and 2.5 at the ends.
    spacing = (1.5 + 2 * 1.75 + 2.5) / 4 * np.array([1, 3])
    spacing /= (1.5 + 2 * 1.75 + 2 * 2.5) / 5 * (1 + 3) / 2
    # Derivatives as above.
    speed = np.sqrt([(0.32**2 + 0.12**2) / 2, 0.8**2 / 2]) / spacing
    expected = np.mean(speed**2)
    if relative:
        expected = np.var(speed) / np.mean(speed) ** 2
    np.testing.assert_allclose(terms["smoothness"], expected, rtol=1e-4)


def test_the_neighbors_of_a_pace_in_images():
    training = np.reshape([0.0, 0.1, 0.3, 0.6], [4, 1, 1, 1])
    for count in (1, 2):
        model = tiny.aeai_model(pace_in_images=True, pace_neighbors=count)
        model.prepare(np.repeat(training, 2, 2))
        np.testing.assert_allclose(
            model.spacing.spacing,
            neighbors.spacing(training, count),
            rtol=1e-5,
        )


def test_a_pace_in_images_needs_them():
    model = tiny.aeai_model(pace_in_images=True)
    with pytest.raises(ValueError, match=r"call prepare\(images\)"):
        model.compute_terms(tiny.aeai_batch(), training=True)
    without = tiny.aeai_model(pace_in_images=True, lambda_smoothness=0.0)
    without.compute_terms(tiny.aeai_batch(), training=True)


def test_relative_smoothness_needs_two_points():
    with pytest.raises(ValueError, match="num_alphas must be at least 2"):
        tiny.aeai_model(relative_smoothness=True)


@pytest.mark.parametrize(
    ("weight", "gone"),
    [
        (
            "lambda_adversarial",
            {"adversarial", "discriminator", "discriminator_accuracy"},
        ),
        ("lambda_cycle", {"cycle"}),
        ("lambda_smoothness", {"smoothness"}),
    ],
)
def test_zero_weight_removes_the_computation(weight, gone):
    model = tiny.aeai_model(**{weight: 0.0})
    terms, objectives = model.compute_terms(tiny.aeai_batch(), training=True)
    assert set(terms) == set(model.term_names) == ALL_TERMS - gone
    if weight == "lambda_adversarial":
        assert set(objectives) == set(model.players) == {"autoencoder"}

    def operations(model):
        step = tf.function(model.train_step)
        return len(
            step.get_concrete_function(tiny.aeai_batch()).graph.get_operations()
        )

    assert operations(model) < 0.95 * operations(tiny.aeai_model())


def test_reconstruction_alone_is_left():
    model = tiny.aeai_model(
        lambda_adversarial=0.0, lambda_cycle=0.0, lambda_smoothness=0.0
    )
    terms, _ = model.compute_terms(tiny.aeai_batch(), training=True)
    assert set(terms) == {"reconstruction"}


def test_discriminator_and_its_weight_go_together():
    encoder, decoder = tiny.coder(tiny.Scale(2.0), tiny.Square(0.5))
    with pytest.raises(ValueError, match="lambda_adversarial"):
        aeai.AEAI(encoder, decoder, None)


def test_a_step_moves_each_player_along_its_own_objective():
    tiny.assert_step_descends(tiny.aeai_model(), tiny.aeai_batch(), count=3)


@pytest.mark.parametrize(
    ("ablation", "gone"),
    [
        ("no_discriminator", "adversarial"),
        ("no_cycle", "cycle"),
        ("no_smoothness", "smoothness"),
    ],
)
def test_ablations_of_the_configuration_remove_a_term(ablation, gone):
    config = configuration.load_file("configs/aeai.py")
    config.image_size, config.convs_per_block = 16, 1
    config.ablation = ablation
    model = aeai.AEAI.from_settings(config, losses.squared_error)
    kept = {"reconstruction", "adversarial", "cycle", "smoothness"} - {gone}
    assert set(model.term_names) >= kept
    assert gone not in model.term_names
    assert ("discriminator" in model.players) == (
        ablation != "no_discriminator"
    )


@pytest.mark.parametrize(("size", "weight"), [(16, 0.25), (32, 1), (64, 4)])
def test_the_penalty_grows_with_the_pixels(size, weight):
    config = configuration.load_file("configs/aeai.py")
    config.image_size, config.convs_per_block = size, 1
    assert config.lambda_r1 == 1
    model = aeai.AEAI.from_settings(config, losses.squared_error)
    assert model.lambda_r1 == weight


def test_alpha_is_uniform_and_a_function_of_its_seed():
    model = tiny.aeai_model(num_alphas=3)
    alpha = model.sample(tf.constant([5, 6]), 2000)["alpha"]
    assert alpha.shape == [2000, 3]
    np.testing.assert_array_equal(
        alpha, model.sample(tf.constant([5, 6]), 2000)["alpha"]
    )
    assert not np.array_equal(
        alpha, model.sample(tf.constant([5, 7]), 2000)["alpha"]
    )
    counts, _ = np.histogram(alpha, bins=4, range=(0, 1))
    assert counts.sum() == 6000
    assert np.all(np.abs(counts - 1500) < 150)


def test_a_point_of_each_part_of_a_line():
    model = tiny.aeai_model(num_alphas=4)
    alpha = model.sample(tf.constant([5, 6]), 2000)["alpha"].numpy()
    for part, column in enumerate(alpha.T):
        assert np.all((part / 4 <= column) & (column <= (part + 1) / 4))
        np.testing.assert_allclose(column.mean(), (part + 0.5) / 4, atol=0.01)


def test_both_derivatives_train_alike():
    results = []
    for derivative in ("forward", "nested_tapes"):
        keras.utils.set_random_seed(3)
        model = aeai.AEAI(
            networks.encoder(16, 4, convs_per_block=1),
            networks.decoder(16, 4, convs_per_block=1),
            networks.discriminator(16, convs_per_block=1),
            derivative=derivative,
        )
        model.compile({p: keras.optimizers.SGD(0.1) for p in model.players})
        images = tf.random.stateless_uniform([8, 16, 16, 3], [0, 1])
        batch = {"source": images[:4], "target": images[4:]}
        batch |= model.sample(tf.constant([0, 1]), 4)
        model.train_step(batch)
        results.append([v.numpy() for v in model.trainable_variables])
    for forward, nested in zip(*results, strict=True):
        np.testing.assert_allclose(forward, nested, rtol=1e-3, atol=1e-5)
