import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from aeai_tf import interpolation
from aeai_tf.methods.aeai import AEAI
from aeai_tf.regularization import default_discriminator
from tests.regularization.foreign import (
    ALL,
    PLAIN,
    TERMS,
    WEIGHTS,
    compiled,
    critic,
    dense,
    evaluate,
    see_pairs,
)


class Tied(layers.Layer):
    """A decoder whose kernel is that of the encoder."""

    def __init__(self, dense):
        super().__init__()
        self.dense = dense

    def call(self, latents):
        return tf.matmul(latents, self.dense.kernel, transpose_b=True)


def test_terms_and_gradients_are_aeais(vectors, monkeypatch):
    encoder, decoder = dense()
    critic = default_discriminator([6])
    alpha = tf.constant([[0.1, 0.9], [0.2, 0.7], [0.5, 0.3], [0.0, 0.6]])
    aeai = AEAI(encoder, decoder, critic, num_alphas=2)
    with tf.GradientTape(persistent=True) as tape:
        terms, objectives = aeai.compute_terms(
            {"source": vectors[:4], "target": vectors[4:], "alpha": alpha},
            training=True,
        )
    moves = {
        network: tape.gradient(objectives[player], network.trainable_variables)
        for network, player in (
            (encoder, "autoencoder"),
            (decoder, "autoencoder"),
            (critic, "discriminator"),
        )
    }
    # The paper's reconstruction counts both images of a pair.
    share = {encoder: 0.5, decoder: 0.5, critic: 1.0}
    expected = {
        network: [
            v - share[network] * move
            for v, move in zip(network.weights, by, strict=True)
        ]
        for network, by in moves.items()
    }
    model = compiled(
        (encoder, decoder, critic), keras.optimizers.SGD(1.0), num_alphas=2
    )
    monkeypatch.setattr(
        model._aeai, "sample", lambda seed, pairs: {"alpha": alpha}
    )
    found = model.train_on_batch(vectors, return_dict=True)
    assert found["loss"] == pytest.approx(
        float(objectives["autoencoder"]) / 2, rel=1e-5
    )
    assert 2 * found["reconstruction"] == pytest.approx(
        float(terms.pop("reconstruction")), rel=1e-5
    )
    assert {name: found[name] for name in terms} == pytest.approx(
        {name: float(term) for name, term in terms.items()}, rel=1e-4
    )
    for network, values in expected.items():
        for variable, value in zip(network.weights, values, strict=True):
            np.testing.assert_allclose(variable, value, atol=1e-5)


@pytest.mark.parametrize("still", ["autoencoder", "discriminator"])
def test_a_player_moves_its_own_variables(vectors, still):
    rates = {"autoencoder": 0.1, "discriminator": 0.1, still: 0.0}
    model = compiled(
        dense(),
        keras.optimizers.SGD(rates["autoencoder"]),
        {
            "discriminator_optimizer": keras.optimizers.SGD(
                rates["discriminator"]
            )
        },
    )
    before = {
        player: [v.numpy() for v in model.player_variables(player)]
        for player in rates
    }
    model.train_on_batch(vectors)
    for player, rate in rates.items():
        changes = [
            np.abs(v.numpy() - old).max() > 0
            for v, old in zip(
                model.player_variables(player), before[player], strict=True
            )
        ]
        assert any(changes) if rate else not any(changes)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_weight_of_0_removes_a_term(vectors, monkeypatch, weight):
    calls = {"encoder": 0, "derivative": 0}
    derive = interpolation.value_and_derivative

    def counted(*args, **options):
        calls["derivative"] += 1
        return derive(*args, **options)

    monkeypatch.setattr(interpolation, "value_and_derivative", counted)
    networks = dense()
    monkeypatch.setattr(
        networks[0],
        "call",
        lambda *args, _call=networks[0].call, **kwargs: (
            calls.update(encoder=calls["encoder"] + 1) or _call(*args, **kwargs)
        ),
    )
    model = compiled(networks, **{weight: 0.0})
    calls["encoder"] = 0
    found = model.train_on_batch(vectors, return_dict=True)
    assert set(found) == ALL - TERMS[weight]
    assert (model.discriminator is None) == (weight == "lambda_adversarial")
    assert calls["encoder"] == (1 if weight == "lambda_cycle" else 2)
    assert calls["derivative"] == (weight != "lambda_smoothness")


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_pairs_of_a_batch(vectors, monkeypatch, count):
    model = compiled(dense(), relative_cycle=True)
    seen = see_pairs(monkeypatch, model)
    batch = vectors[:count]
    found = evaluate(model, batch)
    assert all(np.isfinite(value) for value in found.values())
    [(x, z_i, z_j, alpha, _)] = seen
    z = model.encoder(batch).numpy()
    firsts = range((count + 1) // 2)
    partners = [k + count // 2 for k in firsts]
    np.testing.assert_allclose(x, batch)
    np.testing.assert_allclose(z_i, z[list(firsts)], atol=1e-6)
    np.testing.assert_allclose(z_j, z[partners], atol=1e-6)
    assert alpha.shape == (len(firsts), 1)


def test_points_follow_from_seed_and_step(vectors, monkeypatch):
    def draws(seed):
        model = compiled(dense(), seed=seed, **PLAIN | {"lambda_cycle": 1.0})
        seen = see_pairs(monkeypatch, model)
        for step in (model.train_on_batch, model.test_on_batch):
            step(vectors)
            step(vectors)
        return [alpha.numpy() for _, _, _, alpha, _ in seen]

    first, second, tested, again = draws(0)
    np.testing.assert_array_equal(draws(0), [first, second, tested, again])
    np.testing.assert_array_equal(tested, again)
    assert np.abs(first - second).min() > 0
    assert np.abs(first - draws(1)[0]).min() > 0


def test_targets_and_weights_of_items(vectors, monkeypatch):
    model = compiled(dense())
    seen = see_pairs(monkeypatch, model)
    clean = vectors + 0.5
    weights = np.arange(8.0, dtype=np.float32)
    found = evaluate(model, vectors, clean, sample_weight=weights)
    errors = ((model(vectors) - clean) ** 2).numpy().mean(axis=1)
    assert found["reconstruction"] == pytest.approx(
        (errors * weights).mean(), rel=1e-5
    )
    np.testing.assert_array_equal(seen[0][0], clean)


def test_what_layers_add_and_shared_variables(vectors):
    shared = layers.Dense(
        2, use_bias=False, kernel_regularizer=keras.regularizers.L2(0.5)
    )
    critic = keras.Sequential(
        [keras.Input([6]), layers.Dense(1, kernel_regularizer="l2")]
    )
    encoder = keras.Sequential(
        [
            keras.Input([6]),
            shared,
            layers.ActivityRegularization(l2=0.3),
        ]
    )
    decoder = keras.Sequential([keras.Input([2]), Tied(shared)])
    model = compiled(
        (encoder, decoder, critic), lambda_cycle=0.0, lambda_smoothness=0.0
    )
    found = evaluate(model, vectors)
    z = model.encoder(vectors).numpy()
    added = 0.3 * (z**2).sum() / len(z)
    added += 0.5 * (shared.kernel.numpy() ** 2).sum() * 2
    assert found["loss"] == pytest.approx(
        found["reconstruction"]
        + added
        + model.settings["lambda_adversarial"] * found["adversarial"],
        rel=1e-5,
    )
    assert model.player_variables("autoencoder") == [shared.kernel]
    model.train_on_batch(vectors)


def test_further_options_reach_aeai(vectors):
    networks = (*dense(), critic(6))
    plain = compiled(networks)
    model = compiled(
        networks,
        keras.optimizers.SGD(0.0),
        lambda_r1=1.0,
        relative_cycle=True,
        warm_up=1,
        ramp=2,
    )
    shares = []
    for _ in range(5):
        found = model.train_on_batch(vectors, return_dict=True)
        added = sum(
            model.settings[weight] * found[weight.removeprefix("lambda_")]
            for weight in WEIGHTS
        )
        shares.append((found["loss"] - found["reconstruction"]) / added)
    assert shares == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0], abs=1e-3)
    kernel = model.discriminator.layers[-1].kernel.numpy()
    assert found["r1"] == pytest.approx(np.sum(kernel**2), rel=1e-5)
    relative, absolute = (evaluate(m, vectors)["cycle"] for m in (model, plain))
    variance = np.var(model.encoder(vectors), axis=0).mean()
    assert relative * variance == pytest.approx(absolute, rel=1e-5)
