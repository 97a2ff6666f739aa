"""Parameter distance: how evenly interpolations move through the factors.

AEAI paper, section 4.3 and figure 8, for sets with several factors: each
interpolated image is given the factors of the nearest image in mean squared
error, and its distance to the source's and to the target's factors is taken,
L2 in degrees, differences of periodic factors the shorter way round. A
perfect interpolator leaves the source, and nears the target, in proportion to
alpha: along straight lines.

The paths are of many lengths along either factor and along both at once.
"""

from collections.abc import Sequence

import numpy as np

from aeai_tf.evaluation import bootstrap
from aeai_tf.evaluation.observations import Observations

# Paths have images at their own alphas; the curves are read here.
ALPHAS = np.linspace(0.0, 1.0, 17)


def distance(image_set, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Distance between the factors of images, in degrees.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        source: indices of images, of any shape.
        target: indices, of a shape that goes with it.

    Returns:
        The L2 norm of all factors' differences, of the common shape.
    """
    differences = [
        image_set.difference(factor, source, target)
        for factor in image_set.factors
    ]
    return np.sqrt(np.sum(np.square(differences), axis=0))


def summary(kinds: Sequence[Observations], image_set) -> dict:
    """Curves over alpha and their deviation from straight lines.

    Args:
        kinds: one or more kinds of paths.
        image_set: an `aeai_tf.data.image_set.ImageSet`.

    Returns:
        "alpha", "to_source" and "to_target": degrees, averaged over all paths,
        each path read at these alphas by linear interpolation between its
        own; "end_to_end", degrees between source and target, averaged;
        "mean_deviation": the absolute deviation of a path's distances from its
        straight lines, divided by its end-to-end distance, averaged over its
        alphas, both lines and all paths; "curve_deviation": the same of the
        averaged curves, where errors of single paths cancel.
    """
    curves, deviations, lengths = [], [], []
    for seen in kinds:
        ends = seen.paths[:, :1], seen.paths[:, -1:]
        length = distance(image_set, *ends)
        ways = np.stack([distance(image_set, e, seen.nearest) for e in ends], 1)
        straight = np.stack([seen.alphas, 1 - seen.alphas]) * length[:, None]
        off = np.abs(ways - straight).mean(axis=(1, 2)) / length[:, 0]
        deviations.append(off)
        curves.append(_read(ways, seen.alphas))
        lengths.append(length[:, 0])
    run, start = (
        np.concatenate([getattr(seen, name) for seen in kinds])
        for name in ("run", "start")
    )
    curves, lengths = np.concatenate(curves), np.concatenate(lengths)
    to_source, to_target = curves.mean(axis=0)
    return {
        "alpha": ALPHAS.tolist(),
        "to_source": to_source.tolist(),
        "to_target": to_target.tolist(),
        "end_to_end": bootstrap.of_mean(lengths, run, start),
        "mean_deviation": bootstrap.of_mean(
            np.concatenate(deviations), run, start
        ),
        "curve_deviation": bootstrap.of_mean(
            np.concatenate([curves.reshape(len(run), -1), lengths[:, None]], 1),
            run,
            start,
            _curve_deviation,
        ),
    }


def _read(ways: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Reads `[paths, 2, steps + 1]` at `ALPHAS`: `[paths, 2, 17]`."""
    rows = ways.reshape(-1, len(alphas))
    read = np.stack([np.interp(ALPHAS, alphas, row) for row in rows])
    return read.reshape(*ways.shape[:2], len(ALPHAS))


def _curve_deviation(means: np.ndarray) -> np.ndarray:
    """From the averaged curves and length `[draws, 2 * 17 + 1]`."""
    curves, length = means[:, :-1], means[:, -1:]
    straight = np.concatenate([ALPHAS, 1 - ALPHAS]) * length
    return (np.abs(curves - straight) / length).mean(axis=1)
