import dataclasses

import numpy as np
import pytest

from aeai_tf import interpolation
from aeai_tf.data import image_set
from aeai_tf.errors import UserError
from aeai_tf.evaluation import mse_against_truth as measure
from aeai_tf.evaluation.mse_against_truth import mse_against_truth
from aeai_tf.evaluation.observations import Observations
from aeai_tf.evaluation.observe import Observer
from tests.evaluation import sets


def turntable(poses: int = 12) -> image_set.ImageSet:
    """Images that tell their pose: pose k is grey k / poses."""
    grey = np.arange(poses, dtype=np.float32) / poses
    return image_set.ImageSet(
        name="turntable",
        images=np.broadcast_to(grey[:, None, None, None], [poses, 2, 2, 3]),
        factors={"angle": np.arange(poses, dtype=np.float32) * 360 / poses},
        periods={"angle": 360.0},
        train=np.arange(poses),
        held_out=np.arange(0),
    )


def test_perfect_interpolator_has_no_error():
    poses = turntable()

    def perfect(source, target, alpha):
        first = np.rint(source[:, 0, 0, 0] * 12).astype(int)
        steps = alpha.shape[1]
        path = (first[:, None] + np.arange(steps)) % 12
        return poses.images[path]

    errors = mse_against_truth(perfect, poses, "angle", 120)
    assert errors.shape == (12, 5)
    assert not errors.any()


def test_what_stays_at_the_source_is_off_by_the_way():
    def stay(source, target, alpha):
        return np.repeat(source[:, None], alpha.shape[1], axis=1)

    errors = mse_against_truth(stay, turntable(), "angle", 60)
    expected = np.array([0, 1, 2]) / 12
    np.testing.assert_allclose(errors[0], expected**2, rtol=1e-5)


def test_paths_with_a_missing_pose_are_left_out():
    poses = turntable()
    partial = dataclasses.replace(
        poses,
        images=poses.images[1:],
        factors={"angle": poses.factors["angle"][1:]},
    )
    errors = mse_against_truth(interpolation.lerp, partial, "angle", 60)
    assert errors.shape == (9, 3)


@pytest.mark.parametrize(
    ("degrees", "message"),
    [(45, "no multiple of the spacing.*30 degrees"), (0, "no multiple")],
)
def test_bad_intervals(degrees, message):
    with pytest.raises(UserError, match=message):
        mse_against_truth(interpolation.lerp, turntable(), "angle", degrees)


@pytest.mark.parametrize(
    ("degrees", "expected"), [(15, 0.0017), (40, 0.0054), (80, 0.0116)]
)
def test_pixel_blend_of_object_12(coil100_dir, degrees, expected):
    poses = image_set.load("coil100/12", 64, seed=0, coil100_dir=coil100_dir)
    errors = mse_against_truth(interpolation.lerp, poses, "angle", degrees)
    assert errors.shape == (72, degrees // 5 + 1)
    assert errors[:, 1:-1].mean() == pytest.approx(expected, rel=0.05)


def seen(errors):
    errors = np.array(errors)
    paths = np.arange(errors.size).reshape(errors.shape)
    run = np.zeros(len(errors), int)
    held_out = np.zeros(len(errors), bool)
    return Observations({"angle": 20}, paths, run, held_out, {"error": errors})


def test_three_numbers_an_interval():
    found = measure.vs_interval(seen([[1, 2, 7, 4, 5], [3, 4, 9, 6, 7]]))
    values = {name: number["value"] for name, number in found.items()}
    assert values == pytest.approx(
        {"mean_in_between": (13 + 19) / 6, "mean_all": 4.8, "middle": 8}
    )
    # Two start poses, so that a draw may have either alone.
    assert found["middle"]["low"] == 7
    assert found["middle"]["high"] == 9


def test_without_a_pose_in_the_middle_it_is_between_the_two_beside_it():
    found = measure.vs_interval(seen([[0, 1, 3, 9], [0, 1, 3, 9]]))
    assert found["middle"]["value"] == 2


def test_curves_are_means_and_standard_deviations_over_starts():
    found = measure.vs_alpha(seen([[1, 2, 7], [3, 6, 7]]))
    assert found == {
        "alpha": [0, 0.5, 1],
        "mean": [2, 4, 7],
        "std": [1, 2, 0],
    }


def test_perfect_latents_have_no_error_at_any_interval():
    observer = Observer(sets.Bar(), sets.line(), "bar")
    found = sets.measure(observer)["mse_vs_interval"]["all_pairs"]
    assert len(found) == 14
    for numbers in found.values():
        assert numbers["mean_all"]["high"] < 1e-9
