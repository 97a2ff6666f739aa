import numpy as np
import pytest

from aeai_tf.evaluation import observe
from tests.evaluation import sets


def test_truth_lies_on_the_diagonal_also_across_zero():
    poses = sets.turntable()
    observer = sets.Scripted(poses, sets.truth(poses))
    found = sets.measure(observer)["alpha_retrieval"]["all_pairs"]
    assert found["degrees"] == 70
    assert found["pairs"] == 36
    np.testing.assert_allclose(found["alpha"], np.arange(8) / 7, atol=1e-6)
    for curve in ("median", "q25", "q75"):
        np.testing.assert_allclose(found[curve], found["alpha"], atol=1e-6)
    assert found["mean_absolute_error"]["high"] < 1e-6
    assert found["mean_iqr"]["high"] < 1e-6


def test_blend_shows_the_nearer_end():
    poses = sets.turntable()
    observer = observe.Observer(sets.Pixels(poses), poses, "blend")
    found = sets.measure(observer)["alpha_retrieval"]["all_pairs"]
    # In noise no other image is nearer than the end that is blended in most.
    np.testing.assert_allclose(found["median"], [0] * 4 + [1] * 4, atol=1e-6)
    # Of 1/7, 2/7 and 3/7, twice, in 8 places.
    error = found["mean_absolute_error"]["value"]
    assert error == pytest.approx(12 / 7 / 8)
    assert found["mean_iqr"]["value"] == 0


def test_spread_over_starts_is_the_iqr():
    poses = sets.turntable()

    def draw(paths):
        # A third of the starts is one pose ahead at every other alpha.
        ahead = (paths[:, :1] % 3 == 0) & (np.arange(8) % 2 == 1)
        return poses.images[(paths + ahead[:, : paths.shape[1]]) % 36]

    measured = sets.measure(sets.Scripted(poses, draw), [70])
    found = measured["alpha_retrieval"]["all_pairs"]
    assert found["mean_iqr"]["value"] == pytest.approx(1 / 7 / 2)
    assert found["mean_absolute_error"]["value"] == pytest.approx(1 / 21 / 2)


def test_the_way_back_is_negative():
    poses = sets.turntable()
    script = sets.at(poses, lambda steps: np.zeros(steps + 1, int))
    behind = sets.Scripted(poses, lambda p: script((p - 2) % 36))
    found = sets.measure(behind)["alpha_retrieval"]["all_pairs"]
    np.testing.assert_allclose(found["median"], -2 / 7, atol=1e-6)
