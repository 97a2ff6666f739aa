import numpy as np
import pytest
import tensorflow as tf

from aeai_tf.data import pipeline

COUNT = 8
# Image k holds the number k in every pixel.
IMAGES = np.broadcast_to(
    np.arange(COUNT, dtype=np.float32)[:, None, None, None], (COUNT, 4, 4, 3)
)


def sample(seed, batch_size):
    return {"alpha": tf.random.stateless_uniform([batch_size], seed)}


def collect(dataset):
    return list(dataset.as_numpy_iterator())


def drawn(batches, key):
    return np.concatenate([batch[key][:, 0, 0, 0] for batch in batches])


def assert_same(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.keys() == b.keys()
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def test_shapes_and_number_of_batches():
    dataset = pipeline.pairs(IMAGES, 0, 5, steps=7, start_step=3, sample=sample)
    assert dataset.cardinality() == 4
    assert dataset.element_spec["source"] == tf.TensorSpec([5, 4, 4, 3])
    batches = collect(dataset)
    assert len(batches) == 4
    assert batches[0].keys() == {"source", "target", "alpha"}
    assert batches[0]["target"].shape == (5, 4, 4, 3)
    assert batches[0]["alpha"].shape == (5,)


def test_resumed_run_sees_the_same_batches():
    whole = collect(pipeline.pairs(IMAGES, 7, 6, 12, sample=sample))
    rest = collect(
        pipeline.pairs(IMAGES, 7, 6, 12, start_step=5, sample=sample)
    )
    assert_same(whole[5:], rest)


def test_every_round_of_a_step_has_a_batch_of_its_own():
    rounds = collect(pipeline.pairs(IMAGES, 7, 6, 4, sample=sample, rounds=3))
    assert len(rounds) == 4
    assert rounds[0]["source"].shape == (6, 3, 4, 4, 3)
    assert rounds[0]["alpha"].shape == (6, 3)
    flat = collect(pipeline.pairs(IMAGES, 7, 6, 12, sample=sample))
    for key in ("source", "target", "alpha"):
        np.testing.assert_array_equal(
            np.concatenate([np.moveaxis(b[key], 1, 0) for b in rounds]),
            np.stack([batch[key] for batch in flat]),
        )
    rest = pipeline.pairs(
        IMAGES, 7, 6, 4, start_step=1, sample=sample, rounds=3
    )
    assert_same(rounds[1:], collect(rest))


def test_seeds_and_steps_differ():
    first = collect(pipeline.pairs(IMAGES, 0, 32, 2, sample=sample))
    other = collect(pipeline.pairs(IMAGES, 1, 32, 2, sample=sample))
    for key in ("source", "target", "alpha"):
        assert (first[0][key] != other[0][key]).any()
        assert (first[0][key] != first[1][key]).any()


def test_draws_are_uniform_and_independent():
    batches = collect(pipeline.pairs(IMAGES, 3, 64, 100, sample=sample))
    source, target = drawn(batches, "source"), drawn(batches, "target")
    alpha = np.concatenate([batch["alpha"] for batch in batches])
    joint = np.zeros((COUNT, COUNT))
    np.add.at(joint, (source.astype(int), target.astype(int)), 1)
    expected = len(source) / COUNT**2
    chi_squared = ((joint - expected) ** 2 / expected).sum()
    assert chi_squared < 104  # 63 degrees of freedom: p = 0.001.
    for values in (source, target):
        assert abs(np.corrcoef(values, alpha)[0, 1]) < 0.05


def test_method_draws_from_a_stream_of_its_own():
    """The seed of `sample` is not the one that drew the pairs."""

    def same_draw(seed, batch_size):
        numbers = tf.random.stateless_uniform(
            [2, batch_size], seed, 0, COUNT, tf.int32
        )
        return {"numbers": tf.transpose(numbers)}

    (batch,) = collect(pipeline.pairs(IMAGES, 0, 32, 1, sample=same_draw))
    pairs = np.stack([drawn([batch], "source"), drawn([batch], "target")], 1)
    assert (pairs != batch["numbers"]).any()


def test_sample_does_not_change_the_pairs():
    without = collect(pipeline.pairs(IMAGES, 0, 4, 3))
    with_sample = collect(pipeline.pairs(IMAGES, 0, 4, 3, sample=sample))
    for batch in with_sample:
        del batch["alpha"]
    assert_same(without, with_sample)


def test_fixed_pairs_are_the_same_at_every_evaluation():
    dataset = pipeline.fixed_pairs(IMAGES, 0, 16, 3, sample=sample)
    first = collect(dataset)
    assert len(first) == 3
    assert_same(first, collect(dataset))
    again = pipeline.fixed_pairs(IMAGES, 0, 16, 3, sample=sample)
    assert_same(first, collect(again))
    training = collect(pipeline.pairs(IMAGES, 0, 16, 3))
    assert (drawn(first, "source") != drawn(training, "source")).any()


def test_partners_are_drawn_uniformly_and_change_no_source():
    partners = np.array([[k, (k + 1) % COUNT, 3] for k in range(COUNT)])
    batches = collect(
        pipeline.pairs(IMAGES, 3, 64, 100, sample=sample, partners=partners)
    )
    source, target = drawn(batches, "source"), drawn(batches, "target")
    free = collect(pipeline.pairs(IMAGES, 3, 64, 100, sample=sample))
    np.testing.assert_array_equal(source, drawn(free, "source"))
    found = np.zeros((COUNT, COUNT))
    np.add.at(found, (source.astype(int), target.astype(int)), 1)
    expected = np.zeros((COUNT, COUNT))
    np.add.at(expected, (np.arange(COUNT)[:, None], partners), 6400 / 24)
    assert (found[expected == 0] == 0).all()
    off = (found - expected)[expected > 0] ** 2 / expected[expected > 0]
    assert off.sum() < 52  # 23 - 1 degrees of freedom: p < 0.001.


def test_no_images():
    with pytest.raises(ValueError, match="no images"):
        pipeline.fixed_pairs(IMAGES[:0], 0, 4, 1)
