"""AMR's terms against numbers worked by hand, its schedule, its mixers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import config as configuration
from aeai_tf import losses, spectral
from aeai_tf.methods import amr
from tests.methods import tiny


def two_pixel_model(**options):
    """f(x) = 2 x, g(z) = 0.5 z^2, D(x) = 3 (x_1 + x_2)."""
    encoder, decoder = tiny.coder(tiny.Scale(2.0), tiny.Square(0.5))
    discriminator = tiny.network(tiny.Logit(3.0), 1, 2, 1)
    model = amr.AMR(encoder, decoder, discriminator, **options)
    model.compile({p: keras.optimizers.SGD(0.1) for p in model.players})
    return model


def two_pixel_batch(mix=((0.25,),)):
    return {
        "source": tiny.image(0.1, 0.2),
        "target": tiny.image(0.5, 0.0),
        "mix": tf.constant(mix),
    }


def check(terms, expected):
    assert set(terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-5, err_msg=name)


def test_terms_by_hand():
    model = two_pixel_model(lambda_reconstruction=7.0, beta_consistency=0.25)
    terms, objectives = model.compute_terms(two_pixel_batch(), training=True)

    # z_i = (0.2, 0.4), z_j = (1, 0); x^ = z^2 / 2.
    # x^_i = (0.02, 0.08), x^_j = (0.5, 0).
    reconstruction = (0.08 + 0.12 + 0 + 0) / 4
    # z_m = 0.75 z_i + 0.25 z_j = (0.4, 0.3); x_m = (0.08, 0.045).
    # D(x) = 0.9, 1.5; D(x^) = 0.3, 1.5; D(x_m) = 3 * 0.125 = 0.375.
    minus = np.log1p(np.exp([-0.9, -1.5, -0.3, -0.375]))
    plus = np.log1p(np.exp([0.3, 1.5, 0.375]))
    # f(x_m) = (0.16, 0.09).
    consistency = (0.24 + 0.21) / 2
    adversarial_reconstruction = (minus[2] + minus[1]) / 2
    adversarial_mix = minus[3]
    discriminator = (
        (minus[0] + minus[1]) / 2 + (plus[0] + plus[1]) / 2 + plus[2]
    )

    expected = {
        "reconstruction": reconstruction,
        "adversarial_reconstruction": adversarial_reconstruction,
        "adversarial_mix": adversarial_mix,
        "consistency": consistency,
        "discriminator": discriminator,
        "discriminator_accuracy": 0.5,  # All real ones, no generated one.
    }
    check(terms, expected)
    assert set(model.term_names) == set(expected)
    autoencoder = (
        7 * reconstruction
        + adversarial_reconstruction
        + adversarial_mix
        + 0.25 * consistency
    )
    check(
        objectives,
        {"autoencoder": autoencoder, "discriminator": discriminator},
    )


def test_a_mask_takes_each_coordinate_from_one_image():
    model = two_pixel_model()
    batch = two_pixel_batch(mix=((0.0, 1.0),))
    terms, _ = model.compute_terms(batch, training=True)
    # z_m = (0.2, 0); x_m = (0.02, 0); D(x_m) = 0.06.
    np.testing.assert_allclose(
        terms["adversarial_mix"], np.log1p(np.exp(-0.06)), rtol=1e-5
    )


def test_accuracy_counts_reconstructed_and_mixed_images():
    model = two_pixel_model()
    model.discriminator.trainable_variables[0].assign(-3.0)
    for mix, right in ((0.0, 1), (1.0, 2)):
        batch = two_pixel_batch(mix=((mix,),))
        batch["source"] = tiny.image(0.0, 0.0)
        terms, _ = model.compute_terms(batch, training=True)
        # Black gets 0, which is wrong for either kind; what is not black gets
        # less, which is right for x^_j, and for x_m if it is that.
        np.testing.assert_allclose(
            terms["discriminator_accuracy"], (0 + right / 3) / 2, rtol=1e-6
        )


def test_beta_0_removes_the_computation():
    model, full = two_pixel_model(), two_pixel_model(beta_consistency=1.0)
    terms, _ = model.compute_terms(two_pixel_batch(), training=True)
    assert set(terms) == set(model.term_names)
    assert set(full.term_names) - set(terms) == {"consistency"}

    def operations(model):
        compute = tf.function(lambda b: model.compute_terms(b, training=True))
        graph = compute.get_concrete_function(two_pixel_batch()).graph
        return len(graph.get_operations())

    assert operations(model) < operations(full)


def test_the_discriminator_is_called_once():
    """Else spectral normalisation would take several power iterations."""
    model, calls = two_pixel_model(beta_consistency=1.0), []
    discriminator = model.discriminator

    def count(images, training):
        calls.append(len(images))
        return discriminator(images, training=training)

    model.discriminator = count
    model.compute_terms(two_pixel_batch(), training=True)
    assert calls == [5]


def gradients(model, batch, player):
    variables = model.player_variables(player)
    with tf.GradientTape() as tape:
        objective = model.compute_terms(batch, training=True)[1][player]
    taken = tape.gradient(objective, variables)
    return [gradient.numpy() for gradient in taken]


def test_a_step_is_k_updates_of_the_discriminator_and_one_of_the_rest():
    """Against a sequence of plain gradient descent, one player at a time."""
    model, other = two_pixel_model(discriminator_steps=3), two_pixel_model()
    batches = [two_pixel_batch(mix=((a,),)) for a in (0.25, 0.5, 0.75)]
    model.train_step(
        {name: tf.stack([b[name] for b in batches], 1) for name in batches[0]}
    )
    counts = {
        player: int(optimizer.iterations)
        for player, optimizer in model.player_optimizers.items()
    }
    assert counts == {"autoencoder": 1, "discriminator": 3}

    for number, batch in enumerate(batches):
        moving = ["discriminator"] if number < 2 else list(other.players)
        taken = {player: gradients(other, batch, player) for player in moving}
        for player, values in taken.items():
            variables = other.player_variables(player)
            for variable, value in zip(variables, values, strict=True):
                variable.assign_sub(0.1 * value)
    assert len(model.trainable_variables) == 3
    for one, two in zip(
        model.trainable_variables, other.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(one.numpy(), two.numpy(), rtol=1e-5)


def test_a_step_moves_each_player_along_its_own_objective():
    model = two_pixel_model(discriminator_steps=1)
    before = {
        player: [v.numpy() for v in model.player_variables(player)]
        for player in model.players
    }
    taken = {p: gradients(model, two_pixel_batch(), p) for p in model.players}
    model.train_step(two_pixel_batch())
    for player, values in before.items():
        for value, gradient, variable in zip(
            values, taken[player], model.player_variables(player), strict=True
        ):
            assert gradient
            np.testing.assert_allclose(
                variable.numpy(), value - 0.1 * gradient, rtol=1e-5
            )


def sampler(mixer, latent_dim=300):
    """`sample` of a model with latents longer than two."""
    model = two_pixel_model(mixer=mixer)
    model.decoder = tiny.network(tiny.Scale(1.0), latent_dim)
    return lambda seed, pairs: model.sample([seed, 6], pairs)["mix"].numpy()


@pytest.mark.parametrize("mixer", amr.MIXERS)
def test_mixes_follow_from_the_seed(mixer):
    draw = sampler(mixer)
    mix = draw(5, 4)
    assert mix.dtype == np.float32
    np.testing.assert_array_equal(mix, draw(5, 4))
    assert not np.array_equal(mix, draw(7, 4))


def test_mixup_has_one_uniform_weight_a_pair():
    mix = sampler("mixup")(5, 4000)
    assert mix.shape == (4000, 1)
    counts, _ = np.histogram(mix, bins=4, range=(0, 1))
    assert counts.sum() == 4000
    assert np.all(np.abs(counts - 1000) < 120)


def test_bernoulli_has_a_probability_a_pair():
    mix = sampler("bernoulli")(5, 400)
    assert mix.shape == (400, 300)
    assert set(np.unique(mix)) == {0.0, 1.0}
    # The share of ones of a pair is its p, uniform; that of a coordinate,
    # over all pairs, is a half.
    counts, _ = np.histogram(mix.mean(axis=1), bins=4, range=(0, 1))
    assert np.all(np.abs(counts - 100) < 40)
    assert np.all(np.abs(mix.mean(axis=0) - 0.5) < 0.15)
    # Given its p, the coordinates of a pair are independent.
    residues = mix - mix.mean(axis=1, keepdims=True)
    assert abs(np.mean(residues[:, 1:] * residues[:, :-1])) < 0.01


def test_bernoulli_batch_has_one_probability():
    draw, shares, corners = sampler("bernoulli_batch"), [], []
    for seed in range(40):
        mix = draw(seed, 50)
        assert mix.shape == (50, 300)
        assert set(np.unique(mix)) <= {0.0, 1.0}
        # All pairs alike: the deviation is that of 300 tosses, at most 0.03.
        assert np.std(mix.mean(axis=1)) < 0.045
        shares.append(mix.mean())
        corners.append(mix[0, 0])
    # Not always the same one; and its draw is not one of the tosses.
    counts, _ = np.histogram(shares, bins=2, range=(0, 1))
    assert np.all(counts > 10)
    assert 10 < sum(corners) < 30


def test_an_unknown_mixer_is_named():
    with pytest.raises(ValueError, match="fm2"):
        two_pixel_model(mixer="fm2")


def test_the_configuration_reaches_the_model():
    config = configuration.load_file("configs/amr.py")
    config.image_size, config.convs_per_block, config.latent_dim = 16, 1, 4
    config.mixer, config.lambda_reconstruction = "bernoulli", 3.0
    config.beta_consistency, config.discriminator_steps = 0.5, 2
    model = amr.AMR.from_settings(config, losses.squared_error)
    assert model.mixer == "bernoulli"
    assert model.lambda_reconstruction == 3
    assert model.beta_consistency == 0.5
    assert model.reconstruction is losses.squared_error
    assert model.rounds == 2
    assert isinstance(model.discriminator.layers[-1], spectral.SpectralDense)
    assert not any(
        isinstance(layer, spectral.SpectralConv2D)
        for layer in model.encoder.layers
    )
