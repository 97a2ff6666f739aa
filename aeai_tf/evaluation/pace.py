"""Why an interpolated image is not the true one: place, or path.

Beyond the AEAI paper. An image may be none of those on the way, such as a
cross-fade, or one of them, but of another moment. The squared error against
the nearest true image of the path measures the first, that image's place on
the path the second, along every interval of 80 degrees at 0 < a < 1.

The paper's smoothness asks for an even pace in pixels, and poses that are
evenly spaced are not evenly far apart in pixels. `of_even_pace` says what that
costs: the error of a path through the true images, at an even pace, in pixels
and in images passed (`pace` of `configs/aeai.py`).

Nor is a straight line even where latents are a circle: it is nearer to the
centre in its middle, where equal steps are larger angles. `of_a_circle` says
what that costs by itself.
"""

import numpy as np

from aeai_tf.data import neighbors
from aeai_tf.evaluation import admissibility
from aeai_tf.evaluation.mse_against_truth import (
    at_middle,
    in_between,
    squared_error,
)
from aeai_tf.evaluation.observations import Observations


def on_the_way(images: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Finds the nearest true image of the path.

    Args:
        images: `[batch, steps + 1, height, width, 3]`, [0, 1].
        truth: those of the paths, of the same shape.

    Returns:
        "beside", the squared error against that image, mean over pixels and
        channels, and "place", its alpha, both `[batch, steps + 1]`.
    """
    count = truth.shape[1]
    errors = np.stack(
        [squared_error(images, truth[:, k : k + 1]) for k in range(count)], -1
    )
    return {
        "beside": errors.min(-1),
        "place": errors.argmin(-1) / (count - 1),
    }


def summary(seen: Observations) -> dict[str, dict[str, float]]:
    """Means over images in between.

    Returns:
        "beside_the_way", as above, and "deviation", |place - a| in units of
        alpha.
    """
    off = np.abs(seen.place - seen.alphas)
    return {
        "beside_the_way": seen.mean(in_between(seen.beside)),
        "deviation": seen.mean(in_between(off)),
    }


def of_even_pace(image_set, paths: np.ndarray) -> dict[str, dict[str, float]]:
    """The error of the true images at an even pace.

    Between neighbouring images, which are taken to be a straight line apart,
    it shows their blend.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        paths: `[paths, steps + 1]`, indices of images.

    Returns:
        By what is even, "pixels" or "images" (distances over the spacing of
        the set's images there, `neighbors.spacing`; not of sets with too many
        images for that): "mean_in_between", over 0 < a < 1, and "middle", as
        of `mse_against_truth.vs_interval`.
    """
    images = image_set.images
    spacings = {"pixels": np.ones(len(images))}
    if len(images) <= neighbors.MOST:
        spacings["images"] = neighbors.spacing(images)
    return {
        unit: _means([_error(images[p], spacing[p]) for p in paths])
        for unit, spacing in spacings.items()
    }


def of_a_circle(image_set, paths: np.ndarray, turn: float) -> dict[str, float]:
    """The error of the true images at the pace of a chord of a circle.

    That of a perfect decoder, if latents lie on a circle at even angles and it
    shows of every point the image whose latent is nearest.

    Args:
        image_set: as of `of_even_pace`.
        paths: `[paths, steps + 1]`, indices of images.
        turn: what share of the circle a path is, below a half.

    Returns:
        "mean_in_between" and "middle", as of `of_even_pace`.
    """
    half, count = np.pi * turn, paths.shape[1]
    angles = np.arctan(np.linspace(-1, 1, count) * np.tan(half))
    place = (count - 1) * (angles / half + 1) / 2
    return _means([_at(image_set.images[path], place) for path in paths])


def _error(truth: np.ndarray, spacing: np.ndarray) -> np.ndarray:
    """Of one path, `[steps + 1, height, width, 3]`; returns `[steps + 1]`."""
    count = len(truth)
    steps = admissibility.rms(truth[1:], truth[:-1])
    way = np.zeros(count)
    np.cumsum(2 * steps / (spacing[1:] + spacing[:-1]), out=way[1:])
    if not way[-1]:
        return np.zeros(count)
    even = np.linspace(0, way[-1], count)
    return _at(truth, np.interp(even, way, np.arange(count)))


def _at(truth: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Error of the true images `place`, `[steps + 1]`, in steps of the path."""
    before = np.clip(place.astype(int), 0, len(truth) - 2)
    share = (place - before)[:, None, None, None]
    shown = (1 - share) * truth[before] + share * truth[before + 1]
    return squared_error(shown, truth)


def _means(errors) -> dict[str, float]:
    errors = np.array(errors)
    return {
        "mean_in_between": in_between(errors).mean(),
        "middle": at_middle(errors).mean(),
    }
