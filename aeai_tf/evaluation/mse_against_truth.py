"""Error of interpolated images against the true ones (AEAI paper, figure 6)."""

from collections.abc import Callable

import numpy as np

from aeai_tf.errors import UserError

STARTS_IN_BATCH = 16


def mse_against_truth(
    interpolate: Callable, image_set, factor: str, degrees: float
) -> np.ndarray:
    """Interpolates from every image to the one some degrees further.

    Args:
        interpolate: from sources and targets `[batch, height, width, 3]` and
            alphas `[batch, steps]` to `[batch, steps, height, width, 3]`.
        image_set: an `aeai_tf.data.image_set.ImageSet` whose values of
            `factor` are evenly spaced.
        factor: the one that changes; the others stay.
        degrees: length of the interval, a multiple of the spacing.

    Returns:
        `[starts, steps]`: mean squared error over pixels and channels, images
        in [0, 1], at alpha = 0, ..., 1 in steps of one spacing, for every
        start whose whole path is in the set.

    Raises:
        UserError: no path of that length is in the set.
    """
    paths = _paths(image_set, factor, degrees)
    alphas = np.linspace(0, 1, paths.shape[1], dtype=np.float32)
    errors = []
    for start in range(0, len(paths), STARTS_IN_BATCH):
        path = paths[start : start + STARTS_IN_BATCH]
        images = interpolate(
            image_set.images[path[:, 0]],
            image_set.images[path[:, -1]],
            np.tile(alphas, [len(path), 1]),
        )
        difference = np.asarray(images) - image_set.images[path]
        errors.append(np.mean(difference**2, axis=(2, 3, 4)))
    return np.concatenate(errors)


def _paths(image_set, factor: str, degrees: float) -> np.ndarray:
    """Indices of the images along every path, `[starts, steps]`."""
    spacing = np.diff(np.unique(image_set.factors[factor])).min(initial=np.inf)
    steps = degrees / spacing
    if steps != round(steps) or steps < 1:
        raise UserError(
            f"an interval of {degrees:g} degrees is no multiple of the "
            f"spacing of {factor!r} in {image_set.name}, {spacing:g} degrees"
        )
    period = image_set.periods[factor]
    names = list(image_set.factors)
    index = {
        tuple(map(float, values)): k
        for k, values in enumerate(
            zip(*image_set.factors.values(), strict=True)
        )
    }
    paths = []
    for values in index:
        point = dict(zip(names, values, strict=True))
        path = []
        for step in range(round(steps) + 1):
            value = point[factor] + step * float(spacing)
            value = value % period if period else value
            path.append(index.get(tuple((point | {factor: value}).values())))
        if None not in path:
            paths.append(path)
    if not paths:
        raise UserError(
            f"{image_set.name} has no path of {degrees:g} degrees along "
            f"{factor!r} with all its images"
        )
    return np.array(paths)
