import dataclasses

import numpy as np
import pytest

from aeai_tf.errors import UserError
from aeai_tf.evaluation import paths
from tests.evaluation import sets


def test_round_a_circle_every_pose_starts_a_path():
    found = paths.along(sets.turntable(), {"angle": 30})
    assert found.shape == (36, 4)
    np.testing.assert_array_equal(found[34], [34, 35, 0, 1])


def test_backwards():
    found = paths.along(sets.turntable(), {"angle": -20})
    np.testing.assert_array_equal(found[1], [1, 0, 35])


def test_on_a_line_paths_end_at_its_ends():
    found = paths.along(sets.line(), {"angle": 80})
    np.testing.assert_array_equal(found[:, 0], [0, 1, 2])
    np.testing.assert_array_equal(found[2], np.arange(2, 19))


def test_two_factors_move_evenly_on_the_grid():
    dome = sets.dome()
    found = paths.along(dome, {"altitude": 30, "azimuth": -60})
    # Two steps of (15, -30) degrees, from the lower 3 of 5 altitudes.
    assert found.shape == (3 * 24, 3)
    for factor, step in (("altitude", 15), ("azimuth", -30)):
        steps = dome.difference(factor, found[:, :-1], found[:, 1:])
        np.testing.assert_array_equal(steps, step)


def test_uneven_circles_close():
    # 360 / 7 is no number of float32.
    found = paths.along(sets.turntable(7), {"angle": 2 * 360 / 7})
    assert len(found) == 7


def test_neighbours():
    assert len(paths.neighbours(sets.turntable())) == 36
    assert len(paths.neighbours(sets.line())) == 18
    assert len(paths.neighbours(sets.dome())) == 24 * 4 + 24 * 5


def test_held_out_are_paths_with_both_ends_unseen():
    poses = sets.turntable(held_out=[3, 6, 9])
    found = paths.along(poses, {"angle": 30})
    held_out = paths.held_out(poses, found)
    np.testing.assert_array_equal(np.flatnonzero(held_out), [3, 6])


def test_paths_through_missing_images_are_left_out():
    poses = sets.turntable()
    partial = dataclasses.replace(
        poses,
        images=np.delete(poses.images, 5, axis=0),
        factors={"angle": np.delete(poses.factors["angle"], 5)},
    )
    found = paths.along(partial, {"angle": 30})
    starts = partial.factors["angle"][found[:, 0]]
    assert not {20, 30, 40, 50} & set(starts.tolist())
    assert len(found) == 36 - 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"angle": 15}, "no multiple of the spacing of 'angle'.*10 degrees"),
        ({"angle": 10}, "no image of turntable between its ends"),
        ({"angle": 0}, "no multiple"),
    ],
)
def test_bad_intervals(change, message):
    with pytest.raises(UserError, match=message):
        paths.along(sets.turntable(), change)


def test_intervals_longer_than_the_line():
    with pytest.raises(UserError, match=r"no path over.*100 degrees of angle"):
        paths.along(sets.line(), {"angle": 100})


@pytest.mark.parametrize("poses", [1, 2])
def test_fewer_than_three_poses(poses):
    with pytest.raises(UserError, match="at least 3 are needed"):
        paths.along(sets.turntable(poses), {"angle": 180})
