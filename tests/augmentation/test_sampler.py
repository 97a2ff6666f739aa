import itertools

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf.augmentation.recipe import Recipe
from aeai_tf.augmentation.sampler import BLOCK, Sampler
from aeai_tf.errors import UserError
from tests.evaluation import sets

FIELDS = ("attempt", "image", "sources", "weights", "distance")


@pytest.fixture(scope="module")
def poses():
    return sets.line(19, held_out=[4, 9])


@pytest.fixture(scope="module")
def sampler(poses):
    return Sampler(sets.Bar(), poses, Recipe(pairs="random"))


def assert_same(one, other):
    for field in FIELDS:
        np.testing.assert_array_equal(
            getattr(one, field), getattr(other, field)
        )


def test_samples_are_the_decoded_mixtures_of_their_sources(sampler, poses):
    for sample in itertools.islice(sampler.samples(), 10):
        assert not set(sample.sources) & {4, 9}
        position = np.dot(sample.weights, 8 + sample.sources / 2)
        drawn = np.rint(255 * np.clip(sets.bump([position]), 0, 1))[0]
        np.testing.assert_allclose(sample.image, drawn, atol=1)
        angle = np.dot(sample.weights, poses.factors["angle"][sample.sources])
        assert sample.factors["angle"] == pytest.approx(angle, abs=1e-3)


def test_an_attempt_is_the_same_wherever_one_begins(sampler, poses):
    whole = list(itertools.islice(sampler.samples(), 2 * BLOCK))
    later = itertools.islice(sampler.samples(BLOCK + 7), 20)
    for one, other in zip(whole[BLOCK + 7 :], later, strict=False):
        assert_same(one, other)
    again = Sampler(sets.Bar(), poses, Recipe(pairs="random"))
    for one, other in zip(whole, again.samples(), strict=False):
        assert_same(one, other)
    other = Sampler(sets.Bar(), poses, Recipe(pairs="random", seed=1))
    assert (next(other.samples()).weights != whole[0].weights).any()


def test_blocks_begin_where_they_always_do(poses):
    class Placed(sets.Bar):
        """What it draws depends on the place in the batch."""

        def decode(self, latents):
            images = super().decode(latents)
            place = tf.range(tf.shape(latents)[0])[:, None, None, None]
            return images * 0 + tf.cast(place, tf.float32) / 255

    whole = Sampler(Placed(), poses, Recipe())
    for sample in itertools.islice(whole.samples(BLOCK + 7), BLOCK):
        np.testing.assert_array_equal(sample.image, sample.attempt % BLOCK)


def test_one_block_is_decoded_at_a_time(poses):
    class Counting(sets.Bar):
        decoded = 0

        def decode(self, latents):
            return tf_counted(self, super().decode(latents))

    def tf_counted(model, images):
        def count(x):
            model.decoded += len(x)
            return x

        return tf.numpy_function(count, [images], tf.float32)

    model = Counting()
    samples = Sampler(model, poses, Recipe()).samples()
    before = model.decoded
    next(samples)
    assert model.decoded - before == BLOCK
    list(itertools.islice(samples, BLOCK))
    assert model.decoded - before == 2 * BLOCK


def test_distances_tell_what_is_off_the_manifold(poses):
    blend = Sampler(sets.Pixels(poses), poses, Recipe(pairs="random"))
    bar = Sampler(sets.Bar(), poses, Recipe(pairs="random"))
    far, near = (
        np.mean([x.distance for x in itertools.islice(s.samples(), BLOCK)])
        for s in (blend, bar)
    )
    assert near < 0.5 < far
    assert bar.reconstruction == pytest.approx(0, abs=0.05)


def test_a_diverged_model():
    poses = sets.line(8)

    class Broken(sets.Bar):
        def encode(self, images):
            return super().encode(images) * np.nan

    with pytest.raises(UserError, match="diverged"):
        Sampler(Broken(), poses, Recipe())
