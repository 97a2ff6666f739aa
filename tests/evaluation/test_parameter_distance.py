import numpy as np
import pytest

from aeai_tf.evaluation import parameter_distance
from tests.evaluation import sets


def test_distance_wraps_the_azimuth():
    dome = sets.dome()
    # Altitude 20, azimuth 345, and altitude 50, azimuth 30: 30 and 45 apart.
    found = parameter_distance.distance(dome, np.array(23), np.array(50))
    assert dome.factors["altitude"][50] == 50
    assert dome.factors["azimuth"][50] == 30
    assert found == pytest.approx(np.hypot(30, 45))


def test_truth_is_straight():
    dome = sets.dome()
    measured = sets.measure(sets.Scripted(dome, sets.truth(dome)), [30, 45])
    found = measured["parameter_distance"]["all_pairs"]
    length = found["end_to_end"]["value"]
    alpha = np.array(found["alpha"])
    np.testing.assert_allclose(found["to_source"], alpha * length, rtol=1e-5)
    np.testing.assert_allclose(
        found["to_target"], (1 - alpha) * length, rtol=1e-5, atol=1e-4
    )
    assert found["mean_deviation"]["high"] < 1e-5
    assert found["curve_deviation"]["high"] < 1e-5


def test_paths_lead_along_either_factor_and_both():
    dome = sets.dome()
    measured = sets.measure(sets.Scripted(dome, sets.truth(dome)), [30, 45])
    found = measured["parameter_distance"]["all_pairs"]
    # 5 altitudes, of which 3 and 2 start paths; both: 4 ways each.
    starts = 24 * np.array([5, 5, 3, 2, 4 * 3, 4 * 2])
    ways = [30, 45, 30, 45, None, None]
    ways[4] = np.mean([np.hypot(30, 30), np.hypot(30, 60)])
    ways[5] = np.mean([np.hypot(45, 45), np.hypot(45, 90)])
    assert found["pairs"] == starts.sum()
    expected = np.sum(starts * ways) / starts.sum()
    assert found["end_to_end"]["value"] == pytest.approx(expected)


def test_a_jump_is_off_by_a_quarter_on_average():
    dome = sets.dome()
    jump = sets.at(dome, lambda n: n * (np.arange(n + 1) * 2 > n))
    measured = sets.measure(sets.Scripted(dome, jump), [60])
    found = measured["parameter_distance"]["all_pairs"]
    # Four steps: off by 0, 1/4, 1/2, 1/4 and 0, to either end.
    assert found["mean_deviation"]["value"] == pytest.approx(0.2)
    # Read at every sixteenth on the lines between these.
    assert found["curve_deviation"]["value"] == pytest.approx(
        np.mean(
            np.abs(
                np.interp(np.arange(17) / 16, np.arange(5) / 4, [0, 0, 0, 1, 1])
                - np.arange(17) / 16
            )
        )
    )


def test_errors_of_single_paths_cancel_in_the_curve():
    dome = sets.dome()

    def draw(paths):
        # Half the starts lag behind by a step, half are ahead by one.
        steps = paths.shape[1] - 1
        late = np.clip(np.arange(steps + 1) - 1, 0, steps)
        early = np.clip(np.arange(steps + 1) + 1, 0, steps)
        odd = paths[:, :1] % 2
        way = np.where(odd, late, early)
        return dome.images[np.take_along_axis(paths, way, axis=1)]

    measured = sets.measure(sets.Scripted(dome, draw), [75])
    found = measured["parameter_distance"]["all_pairs"]
    assert found["mean_deviation"]["value"] > 0.1
    assert (
        found["curve_deviation"]["value"] < found["mean_deviation"]["value"] / 2
    )


def test_absent_where_there_is_one_factor():
    poses = sets.turntable()
    measured = sets.measure(sets.Scripted(poses, sets.truth(poses)))
    assert "parameter_distance" not in measured
