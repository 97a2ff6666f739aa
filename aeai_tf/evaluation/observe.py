"""Interpolates along paths and measures every image while it is at hand.

The set is encoded, and decoded again, once a model; every other interpolation
is decoded once, in batches, and all measures are fed from it.
"""

from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from aeai_tf import interpolation
from aeai_tf.errors import UserError
from aeai_tf.evaluation import admissibility, mse_against_truth, pace, quality
from aeai_tf.evaluation.acai_scores import NearestByCosine
from aeai_tf.evaluation.nearest_image import NearestImage

IMAGES_IN_BATCH = 128


class Observer:
    """Looks at one model's interpolations within one data set.

    Attributes:
        latents: of all images of the set, `[n, latent_dim]`.
        reconstructions: of all images, `[n, height, width, 3]`, [0, 1].
    """

    def __init__(self, model, image_set, name: str):
        """Encodes and decodes the set.

        Args:
            model: an `aeai_tf.methods.base.InterpolationModel`.
            image_set: an `aeai_tf.data.image_set.ImageSet`.
            name: of the model, for messages.

        Raises:
            UserError: the model's numbers are not finite.
        """
        self.image_set = image_set
        self.name = name
        shape = image_set.images.shape[1:]
        self._encode = _compiled(model.encode, shape)
        self._decode = _compiled(model.decode, [model.latent_dim])
        self.latents = self._apply(self._encode, image_set.images)
        self.reconstructions = self._apply(self._decode, self.latents)
        self.nearest_image = NearestImage(image_set.images)
        self.nearest_by_cosine = NearestByCosine(image_set.images)

    def along(
        self,
        paths: np.ndarray,
        detailed: bool = False,
        progress: Callable[[int], None] = lambda count: None,
    ) -> dict[str, np.ndarray]:
        """Interpolates along paths of one length.

        Args:
            paths: `[paths, steps + 1]`, as `paths.along` finds them.
            detailed: whether to measure what the admissibility, pace, quality
                and ACAI's scores are about as well.
            progress: called with the number of paths done.

        Returns:
            Numbers `[paths, ...]` by name: "error", the mean squared error
            against the truth, and "nearest", the index of the nearest real
            image; if detailed, also those of `admissibility.distances` and
            `latent_distances`, `pace.on_the_way`, `quality.similarity` and
            `acai_scores.NearestByCosine.find`.

        Raises:
            UserError: the model's numbers are not finite.
        """
        parts = []
        for path, images in self._batches(paths):
            truth = self.image_set.images[path]
            nearest = self.nearest_image.find(images)
            numbers = {
                "error": mse_against_truth.squared_error(images, truth),
                "nearest": nearest,
            }
            if detailed:
                numbers |= admissibility.distances(
                    images, path, nearest, self.image_set
                )
                numbers |= admissibility.latent_distances(
                    self._encode_path(images),
                    self.latents[path[:, 0]],
                    self.latents[path[:, -1]],
                )
                numbers |= pace.on_the_way(images, truth)
                numbers |= quality.similarity(images, truth)
                numbers |= self.nearest_by_cosine.find(images)
            parts.append(numbers)
            progress(len(path))
        return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}

    def _batches(
        self, paths: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Paths and their images, `[batch, steps + 1, height, width, 3]`.

        The ends are reconstructions, which are known already.
        """
        count = paths.shape[1]
        alphas = np.linspace(0, 1, count, dtype=np.float32)[1:-1]
        size = max(1, IMAGES_IN_BATCH // len(alphas))
        for first in range(0, len(paths), size):
            path = paths[first : first + size]
            latents = interpolation.lerp(
                self.latents[path[:, 0]],
                self.latents[path[:, -1]],
                np.tile(alphas, [len(path), 1]),
            )
            flat = tf.reshape(latents, [-1, latents.shape[-1]])
            between = self._apply(self._decode, flat)
            between = between.reshape(
                len(path), len(alphas), *between.shape[1:]
            )
            ends = self.reconstructions[path[:, [0, -1]]]
            yield (
                path,
                np.concatenate([ends[:, :1], between, ends[:, 1:]], axis=1),
            )

    def _encode_path(self, images: np.ndarray) -> np.ndarray:
        flat = images.reshape(-1, *images.shape[2:])
        return self._apply(self._encode, flat).reshape(*images.shape[:2], -1)

    def _apply(self, function, inputs) -> np.ndarray:
        """Calls in batches, and refuses what is not finite."""
        outputs = np.concatenate(
            [
                function(inputs[first : first + IMAGES_IN_BATCH]).numpy()
                for first in range(0, len(inputs), IMAGES_IN_BATCH)
            ]
        )
        if not np.isfinite(outputs).all():
            raise UserError(
                f"{self.name} gives numbers that are not finite: its training "
                f"has diverged; leave it out, or train it again with a "
                f"smaller learning rate"
            )
        return outputs


def _compiled(function, shape):
    signature = tf.TensorSpec([None, *shape], tf.float32)
    return tf.function(function, input_signature=[signature])
