"""What every method in the registry must do, whatever it minimises."""

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import checkpoints, methods, runs, saved_model
from aeai_tf import config as configuration

SIZE, LATENT, PAIRS = 16, 6, 4


def build(name: str, **settings):
    """The method of its default configuration, but small."""
    config = configuration.load_file(f"configs/{name}.py")
    small = {
        "image_size": SIZE,
        "latent_dim": LATENT,
        "convs_per_block": 1,
        "derivative": "nested_tapes",  # Compiles faster.
        "discriminator_steps": 2,
    }
    small |= settings
    config.update({k: v for k, v in small.items() if k in config})
    model = runs.build_model(config)
    model.prepare(images(2 * PAIRS))
    return model


def images(count: int) -> np.ndarray:
    """Images of one colour each."""
    colours = np.random.default_rng(0).random([count, 1, 1, 3], np.float32)
    return np.tile(colours, [1, SIZE, SIZE, 1])


def batch(model, seed=0) -> dict:
    """Of one round."""
    source, target = tf.split(images(2 * PAIRS), 2)
    own = model.sample(tf.constant([1, seed]), PAIRS)
    return {"source": source, "target": target, **own}


def step_batch(model, step=0) -> dict:
    """Of all rounds of a step: the same images, draws of their own."""
    batches = [
        batch(model, step * model.rounds + k) for k in range(model.rounds)
    ]
    if model.rounds == 1:
        return batches[0]
    return {
        name: tf.stack([one[name] for one in batches], 1) for name in batches[0]
    }


# What 200 steps divide the squared error by, at least. GAIA reconstructs only
# through the eyes of its discriminator, which has to learn first; AMR minds two
# adversarial terms as well.
FACTORS = {"gaia": 1.1, "amr": 4}
LEARNED = [name for name in methods.REGISTRY if name != "pixel_blend"]


@pytest.fixture(params=methods.REGISTRY)
def name(request):
    return request.param


@pytest.fixture
def model(name):
    return build(name)


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


def test_weights_follow_from_the_seed(model, name):
    again = build(name)
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


@pytest.mark.parametrize("name", sorted(set(LEARNED) - {"gaia"}))
def test_the_configured_distance_is_the_one_that_reconstructs(name):
    """Whatever it is, so that a perceptual one goes with every method."""
    model = build(name)
    distances = []

    def distance(x, x_hat):
        assert x.shape == x_hat.shape
        distances.append(1000.0 + tf.reduce_mean(tf.abs(x - x_hat)))
        return distances[-1]

    model.reconstruction = distance
    terms, objectives = model.compute_terms(batch(model), training=True)
    np.testing.assert_allclose(terms["reconstruction"], sum(distances))
    assert objectives["autoencoder"] >= 1000


@pytest.mark.parametrize("name", LEARNED)
def test_200_steps_lower_the_reconstruction_error(name):
    """On eight images of one colour each, by the method's factor."""
    model = build(
        name,
        normalization="batch",
        adam_beta_1=0.9,
        adam_beta_2=0.999,
        learning_rate=1e-3,
        discriminator_learning_rate=1e-3,
        critic_learning_rate=1e-3,
    )
    step = tf.function(model.train_step)
    x = images(2 * PAIRS)

    def error():
        return np.mean((model(x, training=True) - x) ** 2)

    before = error()
    for k in range(200):
        # Fresh draws: beta-VAE else learns its noise by heart.
        step(step_batch(model, k))
    print(name, before / error())
    assert error() < before / FACTORS.get(name, 8)


@pytest.mark.parametrize("name", LEARNED)
def test_a_player_at_rest_is_moved_by_nobody(name):
    for frozen in build(name).players:
        model = build(name)
        model.learning_rates = lambda terms: {}
        for player, optimizer in model.player_optimizers.items():
            optimizer.learning_rate = 0.0 if player == frozen else 0.1
        before = {
            player: [v.numpy() for v in model.player_variables(player)]
            for player in model.players
        }
        model.train_step(step_batch(model))
        for player, old in before.items():
            new = [v.numpy() for v in model.player_variables(player)]
            moved = [
                not np.array_equal(a, b) for a, b in zip(old, new, strict=True)
            ]
            assert any(moved) != (player == frozen)


@pytest.mark.parametrize("name", LEARNED)
def test_a_step_has_as_many_rounds_as_its_most_frequent_player_moves(name):
    model = build(name)
    model.train_step(step_batch(model))
    moves = {
        player: int(optimizer.iterations)
        for player, optimizer in model.player_optimizers.items()
    }
    assert moves["autoencoder"] == 1
    assert max(moves.values()) == model.rounds


def test_checkpoint_restores_networks_and_optimisers(model, name, tmp_path):
    if model.players:
        model.train_step(step_batch(model))
    (tmp_path / "checkpoints").mkdir()
    path = checkpoints.save(model, str(tmp_path), 1)
    again = build(name)
    checkpoints.load(again, path)
    # Alike in what they are and in where they go from there.
    for either in (model, again):
        if model.players:
            either.train_step(step_batch(either))
    for one, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_export_runs_in_a_session_as_tensorflow_serving_loads_it(
    model, tmp_path
):
    if model.players:
        model.train_step(step_batch(model))
    path = saved_model.export(
        model,
        str(tmp_path / "model"),
        image_size=SIZE,
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
