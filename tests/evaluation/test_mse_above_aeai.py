import numpy as np
import pytest

from aeai_tf.evaluation import mse_above_aeai, observations, plan
from tests.evaluation import sets

POSES = sets.turntable(held_out=[0, 3, 6])


def seen(error, seeds):
    """Observations of 30 degrees, errors a function of seed and start."""
    planned = plan.make(POSES, [30])
    parts = [
        part
        for seed in seeds
        for part in sets.observe_all(
            sets.Scripted(POSES, sets.truth(POSES)), planned, seed
        )
    ]
    pooled = observations.pool(parts)
    errors = error(pooled.run, pooled.start)
    inside = np.array([0, 1, 3, 0])  # The middle is the mean of both.
    pooled.numbers["error"][:] = errors[:, None] * inside
    return {"30": pooled}


def test_the_same_path_and_seed_is_subtracted():
    # Larger by 1 on every path, though paths differ by up to 350.
    found = mse_above_aeai.summary(
        seen(lambda run, start: 10.0 * start + run + 1, [0, 1]),
        seen(lambda run, start: 10.0 * start + run, [1, 0]),
    )
    for pairs, count in (("all_pairs", 72), ("held_out", 4)):
        numbers = found[pairs]["30"]
        assert numbers["pairs"] == count
        for name in ("mean_in_between", "middle"):
            assert numbers[name] == pytest.approx(
                {"value": 2, "low": 2, "high": 2}
            )


def test_seeds_that_only_one_has_do_not_count():
    ours = seen(lambda run, start: 1.0 + 100 * (run == 2), [0, 2])
    theirs = seen(lambda run, start: 0.0 * run, [0, 1])
    numbers = mse_above_aeai.summary(ours, theirs)["all_pairs"]["30"]
    assert numbers["pairs"] == 36
    assert numbers["mean_in_between"]["value"] == pytest.approx(2)
    only = {"30": ours["30"].where(ours["30"].run == 2)}
    assert not mse_above_aeai.summary(only, theirs)


def test_worse_on_some_paths_and_better_on_others_is_no_difference():
    found = mse_above_aeai.summary(
        seen(lambda run, start: 3.0 + (-1.0) ** start, [0, 1, 2]),
        seen(lambda run, start: 3.0 + 0 * start, [0, 1, 2]),
    )
    number = found["all_pairs"]["30"]["mean_in_between"]
    assert number["low"] < 0 < number["high"]
