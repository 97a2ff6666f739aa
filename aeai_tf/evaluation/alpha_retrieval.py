"""Alpha retrieval: which alpha an interpolated image looks like.

AEAI paper, section 4.3 and figures 7 and 15: along every interval of 70
degrees each interpolated image is compared with all images of the set. The
predicted alpha is the signed angle from the start to the nearest image in L2,
the shorter way round, (-180, 180] degrees, divided by the interval. A perfect
interpolator predicts alpha itself.
"""

import numpy as np

from aeai_tf.evaluation import bootstrap
from aeai_tf.evaluation.observations import Observations


def predicted_alpha(seen: Observations, image_set) -> np.ndarray:
    """Returns the predictions, `[paths, steps + 1]`."""
    ((factor, degrees),) = seen.change.items()
    way = image_set.difference(factor, seen.start[:, None], seen.nearest)
    return way / degrees


def summary(seen: Observations, image_set) -> dict:
    """Curves over alpha and two numbers.

    Returns:
        "degrees" of the interval; "alpha", "median", "q25" and "q75" of the
        predictions, lists of `steps + 1` numbers; "mean_absolute_error", of
        all predictions against alpha, and "mean_iqr", the inter-quartile
        range averaged over alpha, both in units of alpha.
    """
    predicted = predicted_alpha(seen, image_set)
    q25, median, q75 = np.quantile(predicted, [0.25, 0.5, 0.75], axis=0)
    return {
        "degrees": sum(seen.change.values()),
        "alpha": seen.alphas.tolist(),
        "median": median.tolist(),
        "q25": q25.tolist(),
        "q75": q75.tolist(),
        "mean_absolute_error": seen.mean(
            np.abs(predicted - seen.alphas).mean(axis=1)
        ),
        "mean_iqr": bootstrap.of_sample(
            predicted, seen.run, seen.start, _mean_iqr
        ),
    }


def _mean_iqr(predicted: np.ndarray) -> float:
    q25, q75 = np.quantile(predicted, [0.25, 0.75], axis=0)
    return float(np.mean(q75 - q25))
