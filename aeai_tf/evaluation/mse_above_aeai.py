"""By how much a method's error is above AEAI's, path by path.

Two methods' errors may have intervals that overlap while one is worse on
nearly every path. Here AEAI's error is subtracted first: that of the same
path, by the run of the same seed, which has the same split. An interval that
excludes 0 tells the two apart.
"""

from collections.abc import Mapping

import numpy as np

from aeai_tf.evaluation import bootstrap, mse_against_truth
from aeai_tf.evaluation.observations import Observations
from aeai_tf.evaluation.summary import FEWEST


def summary(
    seen: Mapping[str, Observations], reference: Mapping[str, Observations]
) -> dict[str, dict]:
    """Subtracts AEAI's errors from a method's.

    Args:
        seen: the method's observations, by degrees of the interval. Their
            `run` is the run's seed.
        reference: AEAI's, along the same paths.

    Returns:
        By PAIRS and degrees: "mean_in_between" and "middle" as of
        `mse_against_truth.vs_interval`, positive where the method is worse,
        each with its interval, and "pairs", how many were compared. Empty
        if the two have no seed in common.
    """
    found = {}
    for degrees, ours in seen.items():
        for pairs in ("all_pairs", "held_out"):
            numbers = _numbers(ours, reference[degrees], pairs)
            if numbers:
                found.setdefault(pairs, {})[degrees] = numbers
    return found


def _numbers(ours: Observations, theirs: Observations, pairs: str) -> dict:
    shared = np.intersect1d(ours.run, theirs.run)
    parts = [
        [x.where(x.run == seed) for x in (ours, theirs)] for seed in shared
    ]
    if pairs == "held_out":
        parts = [[x.where(x.held_out) for x in both] for both in parts]
    count = sum(len(mine) for mine, _ in parts)
    if count < FEWEST:
        return {}
    run, start = (
        np.concatenate([getattr(mine, name) for mine, _ in parts])
        for name in ("run", "start")
    )
    numbers = {
        name: bootstrap.of_mean(
            np.concatenate(
                [part(mine.error) - part(other.error) for mine, other in parts]
            ),
            run,
            start,
        )
        for name, part in {
            "mean_in_between": mse_against_truth.in_between,
            "middle": mse_against_truth.at_middle,
        }.items()
    }
    return numbers | {"pairs": count}
