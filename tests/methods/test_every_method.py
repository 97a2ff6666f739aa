"""What every method in the registry must do, whatever it minimises."""

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import checkpoints, methods, runs, saved_model
from aeai_tf import config as configuration

SIZE, LATENT, PAIRS = 16, 6, 4


def build(name: str):
    """The method of its default configuration, but small."""
    config = configuration.load_file(f"configs/{name}.py")
    config.image_size, config.latent_dim = SIZE, LATENT
    config.convs_per_block = 1
    if "derivative" in config:
        config.derivative = "nested_tapes"  # Compiles faster.
    return runs.build_model(config)


def images(count: int) -> np.ndarray:
    """Images of one colour each."""
    colours = np.random.default_rng(0).random([count, 1, 1, 3], np.float32)
    return np.tile(colours, [1, SIZE, SIZE, 1])


def batch(model) -> dict:
    source, target = np.split(images(2 * PAIRS), 2)
    own = model.sample(tf.constant([1, 2]), PAIRS)
    return {"source": source, "target": target, **own}


@pytest.fixture(params=methods.REGISTRY)
def model(request):
    return build(request.param)


def test_terms_are_those_declared_and_scalar(model):
    terms, objectives = model.compute_terms(batch(model), training=True)
    assert tuple(sorted(terms)) == tuple(sorted(model.term_names))
    assert set(objectives) == set(model.players)
    for value in [*terms.values(), *objectives.values()]:
        assert value.shape == []
        assert np.isfinite(value)


def test_random_numbers_have_a_row_a_pair_and_follow_the_seed(model):
    for name, value in model.sample(tf.constant([1, 2]), PAIRS).items():
        assert value.shape[0] == PAIRS
        again = model.sample(tf.constant([1, 2]), PAIRS)[name]
        np.testing.assert_array_equal(value, again)
        other = model.sample(tf.constant([1, 3]), PAIRS)[name]
        assert not np.array_equal(value, other)


def test_weights_follow_from_the_seed(model, request):
    again = build(request.node.callspec.params["model"])
    for one, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_evaluating_changes_nothing(model):
    before = [v.numpy() for v in model.weights]
    model.test_step(batch(model))
    for old, variable in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


def test_players_own_all_trainable_variables_once(model):
    owned = [
        variable.path
        for player in model.players
        for variable in model.player_variables(player)
    ]
    assert sorted(owned) == sorted(v.path for v in model.trainable_variables)


def test_steps_lower_the_reconstruction_error(model):
    """On one batch, to less than a third within 30 steps."""
    step = tf.function(model.train_step)
    data = batch(model)

    def error():
        terms, _ = model.compute_terms(data, training=True)
        return terms["reconstruction"]

    before = error()
    for _ in range(30):
        step(data)
    assert error() < before / 3


def test_checkpoint_restores_networks_and_optimisers(model, request, tmp_path):
    model.train_step(batch(model))
    (tmp_path / "checkpoints").mkdir()
    path = checkpoints.save(model, str(tmp_path), 1)
    again = build(request.node.callspec.params["model"])
    checkpoints.load(again, path)
    # Alike in what they are and in where they go from there.
    for either in (model, again):
        either.train_step(batch(either))
    for one, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_export_runs_in_a_session_as_tensorflow_serving_loads_it(
    model, tmp_path
):
    model.train_step(batch(model))
    path = saved_model.export(
        model,
        str(tmp_path / "model"),
        image_size=SIZE,
        latent_dim=LATENT,
        metadata={},
    )
    source, target = np.split(images(4), 2)
    alpha = np.float32([[0, 0.3, 1], [0.5, -0.2, 1.2]])
    expected = model.interpolate(source, target, alpha)
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], path)
        signature = loaded.signature_def["interpolate"]
        inputs = {"source": source, "target": target, "alpha": alpha}
        feed = {signature.inputs[k].name: v for k, v in inputs.items()}
        got = session.run(signature.outputs["images"].name, feed)
    np.testing.assert_allclose(got, expected, atol=1e-5)
