"""The regulariser, round models that are not ours."""

import pathlib
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from aeai_tf import interpolation, losses
from aeai_tf.errors import UserError
from aeai_tf.methods.aeai import AEAI
from aeai_tf.regularization import (
    InterpolationRegularizer,
    default_discriminator,
    derivative,
)

PAGE = pathlib.Path(__file__).parents[1] / "docs/regularization.md"
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


class Tied(layers.Layer):
    """A decoder whose kernel is that of the encoder."""

    def __init__(self, dense):
        super().__init__()
        self.dense = dense

    def call(self, latents):
        return tf.matmul(latents, self.dense.kernel, transpose_b=True)


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(0).random([8, 6], np.float32)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random([7, 12, 12, 1], np.float32)


def compiled(networks, optimizer="adam", compilation=(), **options):
    model = InterpolationRegularizer(*networks, **options)
    model.compile(optimizer, run_eagerly=True, **dict(compilation))
    return model


def evaluate(model, *data, **options):
    return model.evaluate(*data, verbose=0, return_dict=True, **options)


def see_pairs(monkeypatch, model):
    """Lists what the shaping terms are given from now on."""
    seen = []
    terms = model._aeai.shaping_terms

    def spied(*args):
        seen.append(args)
        return terms(*args)

    monkeypatch.setattr(model._aeai, "shaping_terms", spied)
    return seen


@pytest.fixture(scope="module")
def fitted(images):
    """A convolutional model after `fit`, in a graph, and its history."""
    keras.utils.set_random_seed(0)
    model = InterpolationRegularizer(*convolutional())
    model.compile(metrics=["mae"])
    history = model.fit(
        images, batch_size=4, epochs=2, validation_data=(images,), verbose=0
    )
    return model, history.history


def test_history_has_every_term(fitted):
    model, history = fitted
    names = ALL | {"mae"}
    assert set(history) == names | {f"val_{name}" for name in names}
    assert all(np.isfinite(values).all() for values in history.values())
    for prefix in ("", "val_"):
        total = np.array(history[f"{prefix}reconstruction"])
        for weight in WEIGHTS:
            term = history[prefix + weight.removeprefix("lambda_")]
            total = total + model.options[weight] * np.array(term)
        np.testing.assert_allclose(history[f"{prefix}loss"], total, rtol=1e-5)


def test_networks_stay_the_users(fitted, images):
    model, _ = fitted
    alone = model.decoder.predict(
        model.encoder.predict(images, verbose=0), verbose=0
    )
    np.testing.assert_allclose(
        model.predict(images, verbose=0), alone, atol=1e-6
    )


def test_lines_between_feature_maps(fitted, images):
    model, _ = fitted
    source, target = images[:2], images[2:4]
    line = model.interpolate(source, target, [0.0, 0.5, 1.0])
    assert line.shape == (2, 3, 12, 12, 1)
    np.testing.assert_allclose(line[:, 0], model(source), atol=1e-5)
    np.testing.assert_allclose(line[:, 2], model(target), atol=1e-5)
    middle = (model.encoder(source) + model.encoder(target)) / 2
    np.testing.assert_allclose(line[:, 1], model.decoder(middle), atol=1e-5)
    own = model.interpolate(source, target, [[0.0], [1.0]])
    np.testing.assert_allclose(own[1, 0], model(target)[1], atol=1e-5)


def test_saved_as_a_whole(fitted, images, tmp_path):
    model, _ = fitted
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.options == model.options
    assert evaluate(loaded, images) == pytest.approx(evaluate(model, images))
    for player, optimizer in model.player_optimizers.items():
        for value, again in zip(
            optimizer.variables,
            loaded.player_optimizers[player].variables,
            strict=True,
        ):
            np.testing.assert_array_equal(value, again)
    model.encoder.save(tmp_path / "encoder.keras")
    encoder = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(encoder(images), model.encoder(images))


def test_subclassed_models_with_dropout(vectors, tmp_path):
    model = compiled((Dropped(3), Dropped(6)))
    assert model.discriminator is None
    data = tf.data.Dataset.from_tensor_slices(vectors).batch(3)
    history = model.fit(data, epochs=1, verbose=0, validation_data=data)
    assert set(history.history) == ALL | {f"val_{name}" for name in ALL}
    once, twice = (model(vectors, training=True) for _ in range(2))
    assert np.abs(once - twice).max() > 0
    model.save_weights(tmp_path / "x.weights.h5")
    other = compiled((Dropped(3), Dropped(6)))
    other.build((None, 6))
    other.load_weights(tmp_path / "x.weights.h5")
    assert evaluate(other, vectors) == pytest.approx(evaluate(model, vectors))


def test_built_from_the_first_batch_of_a_generator(vectors):
    model = InterpolationRegularizer(Dropped(3), Dropped(6), **PLAIN)
    model.compile()
    batches = ((vectors[:4],) for _ in range(2))
    model.fit(batches, steps_per_epoch=2, verbose=0)
    assert model.built and model.optimizer.iterations == 2


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
    # The paper's reconstruction counts both images of a pair.
    moves = {
        encoder: tape.gradient(
            objectives["autoencoder"] / 2, encoder.trainable_variables
        ),
        decoder: tape.gradient(
            objectives["autoencoder"] / 2, decoder.trainable_variables
        ),
        critic: tape.gradient(
            objectives["discriminator"], critic.trainable_variables
        ),
    }
    expected = {
        network: [v - move for v, move in zip(network.weights, by, strict=True)]
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


def test_weights_of_0_leave_the_users_own_training(vectors):
    results = []
    for wrap in (False, True):
        keras.utils.set_random_seed(1)
        networks = dense()
        model = keras.Sequential(networks)
        if wrap:
            model = InterpolationRegularizer(*networks, **PLAIN)
        model.compile("adam", "mse", run_eagerly=True)
        history = model.fit(vectors, vectors, 3, 2, shuffle=False, verbose=0)
        results.append((history.history["loss"], networks[0].get_weights()))
    (loss, weights), (again, same) = results
    np.testing.assert_allclose(loss, again, rtol=1e-6)
    for value, other in zip(weights, same, strict=True):
        np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_weight_of_0_removes_a_term(vectors, monkeypatch, weight):
    calls = {"encoder": 0, "derivative": 0}
    derive = interpolation.value_and_derivative

    def counted(*args):
        calls["derivative"] += 1
        return derive(*args)

    monkeypatch.setattr(interpolation, "value_and_derivative", counted)
    networks = dense()
    monkeypatch.setattr(
        networks[0],
        "call",
        lambda *args, _call=networks[0].call, **kwargs: (
            calls.update(encoder=calls["encoder"] + 1) or _call(*args, **kwargs)
        ),
    )
    model = compiled(networks, derivative="forward", **{weight: 0.0})
    calls["encoder"] = 0
    history = model.fit(vectors, batch_size=8, verbose=0).history
    assert set(history) == ALL - TERMS[weight]
    assert (model.discriminator is None) == (weight == "lambda_adversarial")
    assert calls["encoder"] == (1 if weight == "lambda_cycle" else 2)
    assert calls["derivative"] == (weight != "lambda_smoothness")


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_pairs_of_a_batch(vectors, monkeypatch, count):
    model = compiled(dense())
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
        model = compiled(dense(), seed=seed)
        seen = see_pairs(monkeypatch, model)
        model.fit(vectors, batch_size=8, epochs=2, verbose=0)
        evaluate(model, vectors)
        evaluate(model, vectors)
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
        + model.options["lambda_adversarial"] * found["adversarial"],
        rel=1e-5,
    )
    assert model.player_variables("autoencoder") == [shared.kernel]
    model.train_on_batch(vectors)


def test_mixed_precision(vectors):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = compiled(dense())
        found = model.train_on_batch(vectors, return_dict=True)
    finally:
        keras.config.set_dtype_policy("float32")
    assert all(np.isfinite(value) for value in found.values())
    for optimizer in model.player_optimizers.values():
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def test_the_derivative_that_is_right():
    recurrent = keras.Sequential([keras.Input([3, 2]), layers.GRU(2)])
    choices = {
        derivative.choose(decode, shape)
        for decode, shape in ((dense()[1], [2]), (recurrent, [3, 2]))
    }
    # Forward mode cannot see through a loop.
    fast = interpolation.resolve_mode("auto", "batch")
    assert choices == {fast, "nested_tapes"}
    assert derivative.choose(tf.square, [None, 2]) == "nested_tapes"
    with pytest.raises(UserError, match="set lambda_smoothness=0"):
        derivative.choose(tf.math.rint, [2])


def test_a_derivative_that_is_lost_in_part(monkeypatch):
    monkeypatch.setattr(interpolation, "resolve_mode", lambda *_: "forward")
    derive = interpolation.value_and_derivative

    def halved(function, point, direction, mode):
        value, result = derive(function, point, direction, "nested_tapes")
        return value, result * (0.5 if mode == "forward" else 1.0)

    monkeypatch.setattr(interpolation, "value_and_derivative", halved)
    assert derivative.choose(tf.square, [2]) == "nested_tapes"


@pytest.mark.parametrize(
    "shape",
    [(6,), (20, 3), (12, 12, 1), (5, 9, 4, 2), (None, None, 3), (2,) * 5],
)
def test_default_discriminator(shape):
    model = default_discriminator(shape)
    sides = [side or 9 for side in shape]
    data = np.random.default_rng(0).random([2, *sides], np.float32)
    logits = model(data)
    assert logits.shape == (2, 1)
    np.testing.assert_allclose(model(100 * data), logits, rtol=0.2)
    np.testing.assert_allclose(model(data[:1], training=True), logits[:1])
    assert float(losses.real_logits(logits)) > 0


def test_no_default_discriminator_without_a_length():
    with pytest.raises(UserError, match="give one of your own"):
        default_discriminator((None,))


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
        (dense, {"lambda_cycle": -1.0}, "lambda_cycle=-1.0 must not be neg"),
        (dense, {"num_alphas": 0}, "num_alphas=0 must be at least 1"),
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


def test_options_that_do_not_exist(vectors):
    with pytest.raises(TypeError, match="lambda_cylce"):
        InterpolationRegularizer(*dense(), lambda_cylce=1.0)
    model = InterpolationRegularizer(*dense(), **PLAIN)
    with pytest.raises(UserError, match="discriminator_optimizer is of no"):
        model.compile(discriminator_optimizer="sgd")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_data_that_are_not_finite(vectors, bad):
    model = InterpolationRegularizer(*dense(), **PLAIN)
    model.compile()
    data = vectors.copy()
    data[5, 2] = bad
    for do in (model.fit, model.evaluate):
        with pytest.raises(UserError, match=r"^the data hold values that are"):
            do(data, verbose=0)
        with pytest.raises(UserError, match="not finite"):
            do(vectors, data, verbose=0)


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, str(PAGE), "exec"), {})
    assert "(4, 3, 16, 16, 1)" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        "regularized.keras",
        "encoder.keras",
    }
