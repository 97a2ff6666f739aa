import numpy as np
import pytest

from aeai_tf.pose_regression import samples
from tests.evaluation import sets


def test_interpolations_show_the_angles_that_are_told():
    poses = sets.line(19, held_out=[4, 9])
    made = samples.interpolate(sets.Bar(), poses, 0, 40)
    assert made.images.shape == (40, sets.SIZE, sets.SIZE, 3)
    position = sets.SIZE * made.images[:, 0, 0, 0]
    np.testing.assert_allclose(position, 8 + made.angles / 10, atol=0.06)
    assert len(np.unique(made.angles)) == 40
    again = samples.interpolate(sets.Bar(), poses, 0, 40)
    np.testing.assert_array_equal(made.images, again.images)
    other = samples.interpolate(sets.Bar(), poses, 1, 40)
    assert not np.array_equal(made.angles, other.angles)


def test_interpolations_are_between_neighbours():
    poses = sets.line(19)
    made = samples.interpolate(sets.Pixels(poses), poses, 0, 40)
    places = made.angles / 5  # In poses.
    # At the ends the two nearest ones are on one side.
    pairs = [(i, j) for i in range(19) for j in (i + 1, i + 2) if j < 19]
    for image, place in zip(made.images, places, strict=True):
        off = []
        for one, other in pairs:
            alpha = (place - one) / (other - one)
            if 0 <= alpha <= 1:
                blend = (1 - alpha) * poses.images[one]
                blend += alpha * poses.images[other]
                off.append(np.abs(image - blend).max())
        assert min(off) < 0.6 / 255


def test_what_is_off_the_manifold_is_dropped():
    poses = sets.line(19)

    class White(sets.Bar):
        def decode(self, latents):
            return super().decode(latents) * 0 + 1

    made = samples.interpolate(White(), poses, 0, 5)
    assert made.images.shape == (0, sets.SIZE, sets.SIZE, 3)
    assert made.angles.shape == (0,)
    assert made.attempts == 20 * 5


def test_what_has_no_angle_is_dropped(monkeypatch):
    poses = sets.line(19)
    nameless = {"angle": None}
    monkeypatch.setattr(
        samples.sampler.recipes, "mixed_factors", lambda *_: nameless
    )
    made = samples.interpolate(sets.Bar(), poses, 0, 5)
    assert len(made.images) == 0


def test_half_of_a_batch_is_added():
    drawn = samples.batches(real=3, added=5, seed=0, steps=100)
    half = samples.BATCH // 2
    assert set(drawn.first[:, :half].ravel()) == {0, 1, 2}
    assert set(drawn.first[:, half:].ravel()) == {3, 4, 5, 6, 7}
    np.testing.assert_array_equal(drawn.first, drawn.second)
    np.testing.assert_array_equal(drawn.weight, 1)


def test_with_nothing_added_all_are_real():
    drawn = samples.batches(real=3, added=0, seed=0, steps=100)
    assert drawn.first.shape == (100, samples.BATCH)
    assert set(drawn.first.ravel()) == {0, 1, 2}
    other = samples.batches(real=3, added=0, seed=1, steps=100)
    assert not np.array_equal(drawn.first, other.first)


def test_mixup_mixes_images_with_others_of_their_batch():
    drawn = samples.batches(real=50, added=0, seed=0, steps=400, mixup=True)
    np.testing.assert_array_equal(
        np.sort(drawn.first, axis=1), np.sort(drawn.second, axis=1)
    )
    assert np.mean(drawn.first == drawn.second) < 0.1
    # Beta(0.2, 0.2): half of it is that near to an end.
    assert np.mean(drawn.weight) == pytest.approx(0.5, abs=0.01)
    ends = np.minimum(drawn.weight, 1 - drawn.weight) < 0.0236
    assert np.mean(ends) == pytest.approx(0.5, abs=0.02)
