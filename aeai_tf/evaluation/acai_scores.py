"""Mean distance and smoothness, as ACAI's paper measures interpolations.

D. Berthelot, C. Raffel, A. Roy, I. Goodfellow, "Understanding and Improving
Interpolation in Autoencoders via an Adversarial Regularizer",
arXiv:1807.07543, section 3, for sets whose true path is known: there lines
at 10,000 angles, here the images of the set.

* Mean distance: `1 / N sum_n min_q cos(x_n, D_q)`, the cosine distance,
  `1 - x y / (|x| |y|)`, of each interpolated image to the nearest real one.
* Smoothness: with v_n the angle of that nearest image,
  `max_n |v_(n+1) - v_n| / |v_N - v_1| - 1 / (N - 1)`; angles are unwrapped.

Both are 0 for a perfect interpolator, and both include the ends.
"""

import numpy as np

from aeai_tf.evaluation import nearest_image
from aeai_tf.evaluation.observations import Observations


class NearestByCosine:
    """Searches the images of a set by cosine distance."""

    def __init__(self, images: np.ndarray):
        """Takes them, `[n, height, width, 3]`."""
        self.directions = _directions(images)
        self.columns = np.ascontiguousarray(self.directions.T)

    def find(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the nearest images.

        Args:
            images: `[..., height, width, 3]`.

        Returns:
            "cosine_nearest", indices, and "cosine_distance", `[...]`.
        """
        directions = _directions(images)
        cosines = nearest_image.products(directions, self.columns)
        nearest = np.argmax(cosines, axis=1)
        # 1 - cosine is half the squared distance of the directions, and keeps
        # its digits where they coincide.
        apart = directions - self.directions[nearest]
        distance = np.sum(np.square(apart), axis=1) / 2
        shape = images.shape[:-3]
        return {
            "cosine_nearest": nearest.reshape(shape),
            "cosine_distance": distance.reshape(shape),
        }


def summary(seen: Observations, image_set) -> dict[str, dict[str, float]]:
    """Both scores.

    Returns:
        "acai_mean_distance" and "acai_smoothness". A path whose first and
        last image look alike has no smoothness; if that holds for all paths
        the score is absent.
    """
    (factor,) = seen.change
    nearest = seen.cosine_nearest
    steps = image_set.difference(factor, nearest[:, :-1], nearest[:, 1:])
    whole = np.abs(steps.sum(axis=1))
    scores = {
        "acai_mean_distance": seen.mean(seen.cosine_distance.mean(axis=1))
    }
    moves = whole > 0
    if moves.any():
        largest = np.abs(steps[moves]).max(axis=1) / whole[moves]
        scores["acai_smoothness"] = seen.where(moves).mean(
            largest - 1 / steps.shape[1]
        )
    return scores


def _directions(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(-1, np.prod(images.shape[-3:]))
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.maximum(lengths, np.finfo(np.float32).tiny)
