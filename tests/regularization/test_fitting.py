import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf.errors import UserError
from aeai_tf.regularization import InterpolationRegularizer
from tests.regularization.foreign import (
    ALL,
    PLAIN,
    WEIGHTS,
    Dropped,
    compiled,
    convolutional,
    critic,
    dense,
    evaluate,
)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random([7, 12, 12, 1], np.float32)


@pytest.fixture(scope="module")
def fitted(images):
    """A convolutional model after `fit`, in a graph, and its history."""
    keras.utils.set_random_seed(0)
    model = InterpolationRegularizer(
        *convolutional(), critic(12, 12, 1), seed=3
    )
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
            total = total + model.settings[weight] * np.array(term)
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
    loaded.run_eagerly = True
    assert loaded.settings == model.settings
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
    data = tf.data.Dataset.from_tensor_slices(vectors).batch(5)
    history = model.fit(data, epochs=1, verbose=0, validation_data=data)
    assert set(history.history) == ALL | {f"val_{name}" for name in ALL}
    once, twice = (model(vectors, training=True) for _ in range(2))
    assert np.abs(once - twice).max() > 0
    model.save_weights(tmp_path / "x.weights.h5")
    other = InterpolationRegularizer(Dropped(3), Dropped(6))
    other.build((None, 6))
    other.compile(run_eagerly=True)
    other.load_weights(tmp_path / "x.weights.h5")
    assert evaluate(other, vectors) == pytest.approx(evaluate(model, vectors))
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(served.serve(vectors), model(vectors), atol=1e-6)


def test_built_from_the_first_batch_of_a_generator(vectors):
    model = InterpolationRegularizer(Dropped(3), Dropped(6), **PLAIN)
    model.compile()
    batches = ((vectors[:4],) for _ in range(2))
    model.fit(batches, steps_per_epoch=2, verbose=0)
    assert model.built and model.optimizer.iterations == 2


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


def test_mixed_precision(vectors):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = compiled(dense())
        given = compiled(
            dense(), compilation={"discriminator_optimizer": "sgd"}
        )
    finally:
        keras.config.set_dtype_policy("float32")
    found = model.train_on_batch(vectors, return_dict=True)
    assert all(np.isfinite(value) for value in found.values())
    assert isinstance(
        given.discriminator_optimizer.inner_optimizer, keras.optimizers.SGD
    )
    for optimizer in model.player_optimizers.values():
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def test_data_that_are_not_finite(vectors):
    model = InterpolationRegularizer(*dense(), **PLAIN)
    model.compile()
    bad = vectors.copy()
    bad[5, 2] = np.nan
    with pytest.raises(UserError, match=r"^the data hold values that are not"):
        model.fit(bad, verbose=0)
    bad[5, 2] = -np.inf
    with pytest.raises(UserError, match=r"^the data hold values that are not"):
        model.evaluate(vectors, bad, verbose=0)


def test_compiled_by_xla(vectors, monkeypatch):
    """Steps the same as without."""
    alpha = {"alpha": tf.constant([[0.1], [0.5], [0.7], [0.2]])}
    found = []
    for how in ({"run_eagerly": True}, {"jit_compile": True}):
        keras.utils.set_random_seed(1)
        model = InterpolationRegularizer(*dense(), critic(6))
        # XLA draws other numbers from the same seed.
        monkeypatch.setattr(model._aeai, "sample", lambda *_: alpha)
        model.compile("sgd", **how)
        history = model.fit(vectors, epochs=2, shuffle=False, verbose=0)
        found.append(history.history)
    assert model._aeai.derivative == "nested_tapes"
    assert set(found[0]) == ALL
    for name, values in found[0].items():
        np.testing.assert_allclose(values, found[1][name], rtol=1e-4)
