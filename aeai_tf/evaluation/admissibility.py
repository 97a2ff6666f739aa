"""How far interpolations are admissible: AEAI paper, section 2.

A number on each of the four conditions that make an interpolation x(a)
between the images x_i and x_j admissible, along every interval of 80 degrees:

1. boundary: x(0) = x_i and x(1) = x_j;
2. monotonicity: with rising alpha the distance to x_i never falls and that to
   x_j never rises, in latent, pixel and factor space;
3. smoothness: x is Lipschitz continuous in alpha;
4. credibility: x(a) belongs to the set of real images.

Distances between images are root mean squares over pixels and channels, of
images in [0, 1].
"""

import numpy as np

from aeai_tf.evaluation import mse_against_truth, parameter_distance, paths
from aeai_tf.evaluation.observations import Observations

# Of the distance between the ends; smaller movements are rounding.
TOLERANCE = 1e-6


def distances(
    images: np.ndarray, path: np.ndarray, nearest: np.ndarray, image_set
) -> dict[str, np.ndarray]:
    """Measures what the conditions are about, in pixel space.

    Args:
        images: interpolated, `[batch, steps + 1, height, width, 3]`, [0, 1].
        path: `[batch, steps + 1]`, indices of the true images.
        nearest: of the same shape, indices of the nearest real images.
        image_set: an `aeai_tf.data.image_set.ImageSet`.

    Returns:
        "to_source", "to_target" and "to_nearest", `[batch, steps + 1]`, and
        "speed", `|x(a + t) - x(a)| / t`, `[batch, steps]`.
    """
    real = image_set.images
    return {
        "to_source": rms(images, real[path[:, :1]]),
        "to_target": rms(images, real[path[:, -1:]]),
        "to_nearest": rms(images, real[nearest]),
        "speed": rms(images[:, 1:], images[:, :-1]) * (path.shape[1] - 1),
    }


def latent_distances(
    latents: np.ndarray, source: np.ndarray, target: np.ndarray
) -> dict[str, np.ndarray]:
    """The same to source and target in latent space.

    There the images of the straight line are encoded again, `f(g(z_a))`: z_a
    itself is monotone by construction.

    Args:
        latents: of the interpolated images, `[batch, steps + 1, latent_dim]`.
        source: latents of the sources, `[batch, latent_dim]`.
        target: of the targets.

    Returns:
        "latent_to_source" and "latent_to_target", `[batch, steps + 1]`.
    """
    return {
        f"latent_to_{name}": np.linalg.norm(latents - end[:, None], axis=-1)
        for name, end in (("source", source), ("target", target))
    }


def rms(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of images `[..., height, width, 3]`, `[...]`."""
    return np.sqrt(mse_against_truth.squared_error(images, others))


def neighbour_distance(image_set) -> float:
    """The typical distance of neighbouring real images: the median."""
    one, other = image_set.images[paths.neighbours(image_set)].swapaxes(0, 1)
    return float(np.median(rms(one, other)))


def summary(seen: Observations, image_set) -> dict:
    """The four conditions in numbers; 0 is perfect unless said otherwise.

    Returns:
        "boundary": "mse_at_source" and "mse_at_target", the mean squared error
        at a = 0 and 1.
        "monotonicity": "latent", "pixel" and "factor", the share of steps in
        alpha at which the distance to the source falls or that to the target
        rises; in factor space that of the nearest real image, in degrees.
        "smoothness": "largest" and "mean" speed `|x(a + t) - x(a)| / t` of a
        path, and their "ratio", of which 1 is constant speed; paths that do
        not move at all have none.
        "credibility": "relative_distance", the distance of an image in
        between to the nearest real one, in units of the typical distance of
        neighbouring real images, and "share_beyond", of those further than
        that.
    """
    ends = seen.start[:, None], seen.paths[:, -1:]
    factor = [
        parameter_distance.distance(image_set, end, seen.nearest)
        for end in ends
    ]
    credible = seen.to_nearest[:, 1:-1] / neighbour_distance(image_set)
    return {
        "boundary": {
            "mse_at_source": seen.mean(seen.error[:, 0]),
            "mse_at_target": seen.mean(seen.error[:, -1]),
        },
        "monotonicity": {
            "latent": seen.mean(
                _backward(seen.latent_to_source, seen.latent_to_target)
            ),
            "pixel": seen.mean(_backward(seen.to_source, seen.to_target)),
            "factor": seen.mean(_backward(*factor)),
        },
        "smoothness": _smoothness(seen),
        "credibility": {
            "relative_distance": seen.mean(credible.mean(axis=1)),
            "share_beyond": seen.mean((credible > 1).mean(axis=1)),
        },
    }


def _backward(to_source: np.ndarray, to_target: np.ndarray) -> np.ndarray:
    """Share of the steps of a path that go the wrong way, `[paths]`."""
    slack = TOLERANCE * (to_source[:, -1:] + to_target[:, :1])
    falls = np.diff(to_source) < -slack
    rises = np.diff(to_target) > slack
    return np.mean(falls | rises, axis=1)


def _smoothness(seen: Observations) -> dict:
    largest, mean = seen.speed.max(axis=1), seen.speed.mean(axis=1)
    numbers = {"largest": seen.mean(largest), "mean": seen.mean(mean)}
    moves = mean > 0
    if moves.any():
        ratio = largest[moves] / mean[moves]
        numbers["ratio"] = seen.where(moves).mean(ratio)
    return numbers
