import numpy as np
import pytest

from aeai_tf.evaluation import admissibility
from aeai_tf.evaluation.observations import Observations
from aeai_tf.evaluation.observe import Observer
from tests.evaluation import sets


@pytest.fixture(scope="module")
def line():
    return sets.line()


def report(observer):
    measured = sets.measure(observer)["admissibility"]["all_pairs"]
    return {
        (condition, name): number["value"]
        for condition, numbers in measured.items()
        if condition != "pairs"
        for name, number in numbers.items()
    }


def test_a_perfect_interpolator_is_admissible(line):
    found = report(Observer(sets.Bar(), line, "bar"))
    assert found["boundary", "mse_at_source"] < 1e-9
    assert found["boundary", "mse_at_target"] < 1e-9
    for space in ("latent", "pixel", "factor"):
        assert found["monotonicity", space] == 0
    assert found["smoothness", "ratio"] == pytest.approx(1, abs=2e-3)
    assert found["credibility", "relative_distance"] < 1e-3
    assert found["credibility", "share_beyond"] == 0


def test_a_jump_has_all_its_speed_in_one_step(line):
    jump = sets.at(line, lambda n: n * (np.arange(n + 1) * 2 > n))
    found = report(sets.Scripted(line, jump))
    assert found["smoothness", "ratio"] == pytest.approx(16)
    whole = admissibility.rms(line.images[16], line.images[0])
    assert found["smoothness", "largest"] == pytest.approx(16 * whole, rel=1e-3)
    assert found["smoothness", "mean"] == pytest.approx(whole, rel=1e-3)
    # It never goes back, and shows real images only.
    assert found["monotonicity", "pixel"] == 0
    assert found["credibility", "relative_distance"] == 0


def test_a_jump_ahead_and_back_is_not_monotone(line):
    def way(steps):
        alphas = np.arange(steps + 1)
        return np.where(alphas == steps // 2, steps, alphas)

    found = report(sets.Scripted(line, sets.at(line, way)))
    # One of 16 steps goes back, in every space.
    for space in ("latent", "pixel", "factor"):
        assert found["monotonicity", space] == pytest.approx(1 / 16)
    assert found["smoothness", "ratio"] > 4


def test_exchanged_ends_break_the_boundary(line):
    back = sets.at(line, lambda n: n - np.arange(n + 1))
    found = report(sets.Scripted(line, back))
    whole = admissibility.rms(line.images[16], line.images[0]) ** 2
    assert found["boundary", "mse_at_source"] == pytest.approx(whole, rel=1e-3)
    assert found["boundary", "mse_at_target"] == pytest.approx(whole, rel=1e-3)
    assert found["monotonicity", "pixel"] == 1


def test_the_blend_leaves_the_real_images(line):
    found = report(Observer(sets.Pixels(line), line, "blend"))
    assert found["boundary", "mse_at_source"] == 0
    assert found["smoothness", "ratio"] == pytest.approx(1, abs=1e-5)
    assert found["monotonicity", "pixel"] == 0
    # At alpha = 1/16 it is 1/16 of the whole way from the source.
    assert found["credibility", "relative_distance"] > 1
    assert 0.5 < found["credibility", "share_beyond"] < 1


def test_distances_are_in_units_of_neighbours(line):
    beside = np.array(line.images[1])
    apart = admissibility.rms(beside, line.images[0])
    assert admissibility.neighbour_distance(line) == pytest.approx(
        apart, rel=1e-3
    )


def test_what_does_not_move_has_no_ratio(line):
    still = sets.at(line, lambda n: np.zeros(n + 1, int))
    measured = sets.measure(sets.Scripted(line, still))["admissibility"]
    whole = admissibility.rms(line.images[16], line.images[0]) ** 2
    boundary = measured["all_pairs"]["boundary"]
    assert boundary["mse_at_source"]["value"] == 0
    assert boundary["mse_at_target"]["value"] == pytest.approx(whole, rel=1e-3)
    smoothness = measured["all_pairs"]["smoothness"]
    assert smoothness["mean"]["value"] == 0
    assert "ratio" not in smoothness


def test_conditions_by_hand(line):
    unit = admissibility.neighbour_distance(line)
    path = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
    one = {
        "error": [1, 0, 0, 2],
        "nearest": [0, 2, 2, 3],
        # Once the source comes nearer; the target never goes away.
        "latent_to_source": [0, 2, 1, 3],
        "latent_to_target": [3, 2, 1, 0],
        # Once the target goes away; the source never comes nearer.
        "to_source": [0, 1, 1, 3],
        "to_target": [3, 1, 2, 0],
        # The ends do not count.
        "to_nearest": [9 * unit, 0.5 * unit, 1.5 * unit, 9 * unit],
    }
    numbers = {name: np.array([row, row]) for name, row in one.items()}
    numbers["nearest"] += [[0], [1]]
    numbers["speed"] = np.array([[1, 2, 3], [4, 4, 4]])
    seen = Observations(
        {"angle": 15}, path, np.zeros(2, int), np.zeros(2, bool), numbers
    )
    found = admissibility.summary(seen, line)
    values = {
        name: number["value"]
        for part in found.values()
        for name, number in part.items()
    }
    assert values == pytest.approx(
        {
            "mse_at_source": 1,
            "mse_at_target": 2,
            "latent": 1 / 3,
            "pixel": 1 / 3,
            "factor": 0,
            "largest": 3.5,
            "mean": 3,
            "ratio": 1.25,
            "relative_distance": 1,
            "share_beyond": 0.5,
        }
    )
