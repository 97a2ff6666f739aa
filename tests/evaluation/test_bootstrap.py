import numpy as np
import pytest

from aeai_tf.evaluation import bootstrap


def sample(count=200, seed=0):
    return np.random.default_rng(seed).normal(5, 1, count)


def test_interval_of_a_mean_is_that_of_statistics():
    values = sample()
    found = bootstrap.of_mean(values, np.zeros(200), np.arange(200))
    assert found["value"] == pytest.approx(values.mean())
    half = 1.96 * values.std() / np.sqrt(200)
    assert found["low"] == pytest.approx(values.mean() - half, abs=half / 8)
    assert found["high"] == pytest.approx(values.mean() + half, abs=half / 8)


def test_interval_of_any_statistic_is_that_of_statistics():
    values = sample()
    at = np.zeros(200), np.arange(200)
    of_mean = bootstrap.of_mean(values, *at)
    of_sample = bootstrap.of_sample(values, *at, np.mean)
    for key, number in of_mean.items():
        assert of_sample[key] == pytest.approx(number)


def test_the_same_measurements_give_the_same_interval():
    at = np.zeros(200), np.arange(200)
    once = bootstrap.of_mean(sample(), *at)
    bootstrap._draws.cache_clear()
    assert once == bootstrap.of_mean(sample(), *at)


def test_paths_from_one_start_are_drawn_together():
    # Two equal values a start say no more than one.
    values = sample(100)
    once = bootstrap.of_mean(values, np.zeros(100), np.arange(100))
    twice = bootstrap.of_mean(
        np.repeat(values, 2), np.zeros(200), np.repeat(np.arange(100), 2)
    )
    assert twice == pytest.approx(once)


def test_unlike_seeds_widen_the_interval():
    starts = np.tile(np.arange(100), 3)
    run = np.repeat([0, 1, 2], 100)
    values = sample(300) / 10
    alike = bootstrap.of_mean(values, run, starts)
    unlike = bootstrap.of_mean(values + run, run, starts)
    assert alike["high"] - alike["low"] < 0.1
    # Of 27 draws of three runs one has the first only, and one the last.
    assert unlike["high"] - unlike["low"] > 1.9
    same = bootstrap.of_sample(values + run, run, starts, np.mean)
    assert same == pytest.approx(unlike)


def test_runs_may_have_other_starts():
    # As held-out pairs: no start is measured with both runs.
    values = np.array([1.0, 1.0, 3.0, 3.0])
    run, start = np.array([0, 0, 1, 1]), np.array([10, 20, 30, 40])
    found = bootstrap.of_mean(values, run, start)
    assert found == {"value": 2.0, "low": 1.0, "high": 3.0}
    assert bootstrap.of_sample(values, run, start, np.mean) == found


def test_functions_of_several_means():
    values = np.stack([sample(), 2 * sample()], axis=1)
    found = bootstrap.of_mean(
        values,
        np.zeros(200),
        np.arange(200),
        lambda means: means[:, 1] / means[:, 0],
    )
    assert found == pytest.approx({"value": 2, "low": 2, "high": 2})
