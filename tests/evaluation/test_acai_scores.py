import numpy as np
import pytest

from aeai_tf.evaluation import acai_scores
from tests.evaluation import sets


def scores(draw):
    dome = sets.dome()
    return sets.measure(sets.Scripted(dome, draw(dome)), [60])["quality"][
        "all_pairs"
    ]


def test_truth_is_perfect():
    found = scores(sets.truth)
    assert found["acai_mean_distance"]["high"] < 1e-6
    assert found["acai_smoothness"]["high"] < 1e-6


def test_a_jump_takes_the_whole_way_in_one_of_four_steps():
    found = scores(
        lambda dome: sets.at(dome, lambda n: n * (np.arange(n + 1) * 2 > n))
    )
    assert found["acai_smoothness"]["value"] == pytest.approx(1 - 1 / 4)
    assert found["acai_mean_distance"]["value"] < 1e-6


def test_what_shows_one_pose_has_no_smoothness():
    found = scores(lambda dome: sets.at(dome, lambda n: np.zeros(n + 1, int)))
    assert "acai_smoothness" not in found
    assert "acai_mean_distance" in found


def test_distance_by_hand():
    images = np.zeros([2, 1, 1, 3], np.float32)
    images[0, 0, 0], images[1, 0, 0] = (1, 0, 0), (0, 1, 0)
    query = np.float32([3, 4, 0]).reshape(1, 1, 1, 3)
    found = acai_scores.NearestByCosine(images).find(query)
    # Brightness does not count; the cosines are 0.6 and 0.8.
    assert found["cosine_nearest"] == [1]
    np.testing.assert_allclose(found["cosine_distance"], [0.2], rtol=1e-5)


def test_black_images_have_a_distance():
    images = np.zeros([2, 1, 1, 3], np.float32)
    found = acai_scores.NearestByCosine(images).find(images)
    assert np.isfinite(found["cosine_distance"]).all()


def test_absent_where_nothing_can_be_rendered():
    poses = sets.turntable()
    found = sets.measure(sets.Scripted(poses, sets.truth(poses)))["quality"]
    assert set(found["all_pairs"]) == {"ssim", "psnr", "pairs"}
