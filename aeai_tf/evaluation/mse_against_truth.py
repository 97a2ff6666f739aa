"""Error of interpolated images against the true ones.

AEAI paper, section 4.3 and figures 6 and 14: for every start pose and an
interval of L degrees, the mean squared error of g(z_a) against the true image
at a = 0, ..., 1 in steps of one pose. It is a mean over pixels and channels,
of images in [0, 1].
"""

import numpy as np

from aeai_tf.evaluation import paths
from aeai_tf.evaluation.observations import Observations

STARTS_IN_BATCH = 16


def squared_error(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Compares images `[..., height, width, 3]`; returns `[...]`."""
    return np.mean(np.square(images - truth), axis=(-3, -2, -1))


def vs_alpha(seen: Observations) -> dict[str, list[float]]:
    """Mean and standard deviation over paths, per alpha.

    Returns:
        "alpha", "mean" and "std", lists of `steps + 1` numbers.
    """
    return {
        "alpha": seen.alphas.tolist(),
        "mean": seen.error.mean(axis=0).tolist(),
        "std": seen.error.std(axis=0).tolist(),
    }


def vs_interval(seen: Observations) -> dict[str, dict[str, float]]:
    """The error of one length of interval, in three numbers.

    Returns:
        "mean_in_between", over 0 < a < 1; "mean_all", with both ends; and
        "middle", at a = 0.5, or where no pose lies there (15 degrees in steps
        of 5) the mean of the two alphas beside it.
    """
    return {
        "mean_in_between": seen.mean(in_between(seen.error)),
        "mean_all": seen.mean(seen.error.mean(axis=1)),
        "middle": seen.mean(at_middle(seen.error)),
    }


def in_between(error: np.ndarray) -> np.ndarray:
    """Of `[paths, steps + 1]`, the mean over 0 < a < 1, `[paths]`."""
    return error[:, 1:-1].mean(axis=1)


def at_middle(error: np.ndarray) -> np.ndarray:
    """The same in the middle, as of `vs_interval`, `[paths]`."""
    last = error.shape[1] - 1
    return error[:, [last // 2, (last + 1) // 2]].mean(axis=1)


def mse_against_truth(
    interpolate, image_set, factor: str, degrees: float
) -> np.ndarray:
    """Measures anything that interpolates, with or without latents.

    Args:
        interpolate: from sources and targets `[batch, height, width, 3]` and
            alphas `[batch, steps]` to `[batch, steps, height, width, 3]`.
        image_set: an `aeai_tf.data.image_set.ImageSet` whose values of
            `factor` are evenly spaced.
        factor: the one that changes; the others stay.
        degrees: length of the interval, a multiple of the spacing.

    Returns:
        `[starts, steps]`: the error at alpha = 0, ..., 1 in steps of one
        spacing, for every start whose whole path is in the set.

    Raises:
        UserError: no path of that length is in the set.
    """
    found = paths.along(image_set, {factor: degrees})
    alphas = np.linspace(0, 1, found.shape[1], dtype=np.float32)
    errors = []
    for start in range(0, len(found), STARTS_IN_BATCH):
        path = found[start : start + STARTS_IN_BATCH]
        images = interpolate(
            image_set.images[path[:, 0]],
            image_set.images[path[:, -1]],
            np.tile(alphas, [len(path), 1]),
        )
        errors.append(squared_error(np.asarray(images), image_set.images[path]))
    return np.concatenate(errors)
