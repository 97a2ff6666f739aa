"""Intervals around measured numbers: the bootstrap over starts and seeds.

A number measured on 72 images, or with one seed, would come out otherwise on
others. Its interval says how far: the start poses and the runs (seeds) of a
method are drawn anew, with replacement and independently of each other, as in
the pigeonhole bootstrap for crossed factors (A. B. Owen, "The pigeonhole
bootstrap", Annals of Applied Statistics 1, 2007); a path counts as often as
its start pose was drawn times as often as its run was. The interval runs from
the 2.5th to the 97.5th percentile of `DRAWS` such draws. With one run it says
nothing of other seeds. Paths from neighbouring poses share most of their
images and resemble each other, so intervals are rather too narrow.

Everything is drawn from `SEED`: the same measurements give the same interval.
"""

import functools
from collections.abc import Callable

import numpy as np

DRAWS = 1000
LEVEL = 0.95
SEED = 0


def of_mean(
    values: np.ndarray,
    run: np.ndarray,
    start: np.ndarray,
    function: Callable[[np.ndarray], np.ndarray] = lambda mean: mean,
) -> dict[str, float]:
    """The mean over paths with its interval.

    Args:
        values: `[paths]`, or `[paths, ...]` if a function makes one number
            of their means.
        run: `[paths]`, which run a path was measured with.
        start: `[paths]`, the index of its first image.
        function: from means `[draws, ...]` to numbers `[draws]`.

    Returns:
        "value", "low" and "high".
    """
    values = np.asarray(values, np.float64)
    runs, run = np.unique(run, return_inverse=True)
    starts, start = np.unique(start, return_inverse=True)
    sums = np.zeros([len(runs), len(starts), *values.shape[1:]])
    np.add.at(sums, (run, start), values)
    counts = np.zeros([len(runs), len(starts)])
    np.add.at(counts, (run, start), 1)
    of_runs, of_starts = _draws(len(runs), len(starts))
    total = np.einsum(
        "dr,ds,rs...->d...", of_runs, of_starts, sums, optimize=True
    )
    count = np.einsum("dr,ds,rs->d", of_runs, of_starts, counts, optimize=True)
    drawn = count > 0
    count = count[drawn].reshape([-1] + [1] * (values.ndim - 1))
    value = function(values.mean(axis=0, keepdims=True))
    return _interval(value.item(), function(total[drawn] / count))


def of_sample(
    values: np.ndarray,
    run: np.ndarray,
    start: np.ndarray,
    statistic: Callable[[np.ndarray], float],
) -> dict[str, float]:
    """Any number made of all paths, such as a quantile, with its interval.

    Args:
        values: `[paths, ...]`.
        run: as in `of_mean`.
        start: as in `of_mean`.
        statistic: from such values, of any number of paths, to a number.

    Returns:
        "value", "low" and "high".
    """
    runs, run = np.unique(run, return_inverse=True)
    starts, start = np.unique(start, return_inverse=True)
    numbers = []
    for of_runs, of_starts in zip(*_draws(len(runs), len(starts)), strict=True):
        sample = np.repeat(values, of_runs[run] * of_starts[start], axis=0)
        if len(sample):
            numbers.append(statistic(sample))
    return _interval(statistic(values), np.array(numbers))


@functools.cache
def _draws(runs: int, starts: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each run and each start is drawn, `[draws, runs or starts]`."""
    random = np.random.default_rng(SEED)
    return tuple(
        random.multinomial(count, np.full(count, 1 / count), size=DRAWS)
        for count in (runs, starts)
    )


def _interval(value: float, draws: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"value": float(value), "low": float(low), "high": float(high)}
