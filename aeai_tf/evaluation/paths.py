"""Paths through a data set: two images and the true ones between them."""

import functools
import math
from collections.abc import Mapping

import numpy as np

from aeai_tf.errors import UserError

# Of factors, in degrees: what is nearer than that is the same.
PRECISION = 1e-3


def along(image_set, change: Mapping[str, float]) -> np.ndarray:
    """Finds every path on which factors change by so many degrees.

    All changing factors move evenly, in as many steps as lie on the set's
    grid; the others stay. Round a circle a path goes the way of the sign.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet` whose factors are
            evenly spaced; images may be missing.
        change: degrees by factor, such as `{"azimuth": 80.0}`; negative ones
            go back.

    Returns:
        `[paths, steps + 1]`, indices of images: one path from every image
        whose path is in the set with all its images.

    Raises:
        UserError: a change is no multiple of the factor's spacing, leaves no
            image between the ends, or no whole path is in the set.
    """
    counts = {f: _count(image_set, f, d) for f, d in change.items()}
    steps = functools.reduce(math.gcd, counts.values())
    what = " and ".join(f"{d:g} degrees of {f}" for f, d in change.items())
    if steps < 2:
        raise UserError(
            f"an interval of {what} has no image of {image_set.name} between "
            f"its ends, so that there is nothing to compare with: choose a "
            f"longer one"
        )
    paths = _walks(
        image_set, {f: change[f] / steps for f in change}, int(steps)
    )
    if not len(paths):
        raise UserError(
            f"{image_set.name} has no path over an interval of {what} with "
            f"all its images: choose a shorter one"
        )
    return paths


def neighbours(image_set) -> np.ndarray:
    """Finds the pairs of images that are one spacing of one factor apart.

    Returns:
        `[pairs, 2]`, indices of images.
    """
    pairs = [
        _walks(image_set, {factor: spacing(image_set, factor)}, 1)
        for factor in image_set.factors
    ]
    return np.concatenate(pairs)


def spacing(image_set, factor: str) -> float:
    """The smallest difference of two values of a factor, in degrees.

    Raises:
        UserError: there are fewer than 3 values, or two too near.
    """
    values = np.unique(image_set.factors[factor])
    if len(values) < 3:
        raise UserError(
            f"{image_set.name} has {len(values)} value"
            f"{'s' * (len(values) != 1)} of {factor}; interpolation is "
            f"measured between two images that have a third one in between, "
            f"so at least 3 are needed"
        )
    least = float(np.diff(values).min())
    if least < 2 * PRECISION:
        raise UserError(
            f"values of {factor} in {image_set.name} are {least:g} apart; what "
            f"is measured needs {2 * PRECISION:g} at least: give the factor in "
            f"smaller units"
        )
    return least


def held_out(image_set, paths: np.ndarray) -> np.ndarray:
    """Tells the paths neither of whose ends the model was trained on.

    Args:
        image_set: knows which images those are.
        paths: as `along` returns them.

    Returns:
        `[paths]`, bool.
    """
    return np.isin(paths[:, [0, -1]], image_set.held_out).all(axis=1)


def _count(image_set, factor: str, degrees: float) -> int:
    """Spacings in so many degrees, without sign."""
    unit = spacing(image_set, factor)
    count = round(degrees / unit)
    if not count or abs(degrees - count * unit) > PRECISION:
        raise UserError(
            f"an interval of {degrees:g} degrees is no multiple of the "
            f"spacing of {factor!r} in {image_set.name}, {unit:g} degrees"
        )
    return abs(count)


def _walks(image_set, step: Mapping[str, float], steps: int) -> np.ndarray:
    """Paths of so many equal steps, `[paths, steps + 1]`, maybe none."""
    names = list(image_set.factors)
    values = np.stack([image_set.factors[name] for name in names], axis=1)
    index = {_key(image_set, names, point): k for k, point in enumerate(values)}
    stride = np.array([step.get(name, 0.0) for name in names])
    walks = [
        [
            index.get(_key(image_set, names, point + k * stride))
            for k in range(steps + 1)
        ]
        for point in values.astype(np.float64)
    ]
    whole = [walk for walk in walks if None not in walk]
    return np.array(whole, np.int64).reshape(-1, steps + 1)


def _key(image_set, names, point) -> tuple[int, ...]:
    """The place of a point on a grid that is finer than the set's."""
    key = []
    for name, value in zip(names, point, strict=True):
        period = image_set.periods[name]
        place = round(float(value) / PRECISION)
        key.append(place % round(period / PRECISION) if period else place)
    return tuple(key)
