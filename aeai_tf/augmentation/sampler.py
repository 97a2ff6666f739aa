"""Draws samples, decodes and judges them, one block after the other.

What a decoder makes of a latent may depend, in its last bits, on how many are
decoded at once. Blocks are therefore always of one size and begin at the same
attempts, whatever part of them is wanted.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from aeai_tf.augmentation import recipe as recipes
from aeai_tf.augmentation.credibility import Credibility
from aeai_tf.errors import UserError

BLOCK = 64
DIVERGED = (
    "the model gives numbers that are not finite: its training has diverged; "
    "train it again with a smaller learning rate"
)


@dataclasses.dataclass(frozen=True)
class Sample:
    """An interpolated image and where it comes from.

    Attributes:
        attempt: its number.
        image: uint8 `[height, width, 3]`.
        sources: indices of the set, `[ways]`.
        weights: of the sources, `[ways]`; their sum is 1.
        distance: to the nearest training image, in units of
            `credibility.Credibility`.
        factors: by name, see `recipe.mixed_factors`.
    """

    attempt: int
    image: np.ndarray
    sources: np.ndarray
    weights: np.ndarray
    distance: float
    factors: dict[str, float | None]


class Sampler:
    """Makes samples of one model and data set.

    It holds the training images, their latents and a block of samples.

    Attributes:
        credibility: of images, by the training images.
        reconstruction: median distance of the reconstructed training images to
            the nearest real one, in units: what the model can do at best.
    """

    def __init__(self, model, image_set, recipe: recipes.Recipe):
        """Encodes the training images.

        Args:
            model: an `aeai_tf.methods.base.InterpolationModel`.
            image_set: an `aeai_tf.data.image_set.ImageSet`.
            recipe: how to draw.

        Raises:
            UserError: a recipe that does not fit the set, images that are all
                alike, or a diverged model.
        """
        self.image_set = image_set
        self.recipe = recipe
        images = image_set.images[image_set.train]
        encode = _compiled(model.encode, images.shape[1:])
        self._decode = _compiled(model.decode, [model.latent_dim])
        latents = _in_blocks(encode, images)
        if not np.isfinite(latents).all():
            raise UserError(DIVERGED)
        self.groups = recipes.Groups(recipe, image_set, latents)
        self.credibility = Credibility(images)
        # By the index in the whole set, as sources are.
        self.latents = np.zeros(
            [len(image_set.images), latents.shape[1]], np.float32
        )
        self.latents[image_set.train] = latents
        few = latents[np.linspace(0, len(latents) - 1, BLOCK).astype(int)]
        self.reconstruction = float(
            np.median(self.credibility.distance(_in_one(self._draw(few))))
        )

    def samples(self, first: int = 0) -> Iterator[Sample]:
        """Makes one sample after the other, without end.

        Args:
            first: number of the attempt to begin with.
        """
        for start in range(
            first - first % BLOCK, np.iinfo(np.int64).max, BLOCK
        ):
            for sample in self._block(start):
                if sample.attempt >= first:
                    yield sample

    def _block(self, start: int) -> list[Sample]:
        sources, weights = [], []
        for attempt in range(start, start + BLOCK):
            random = np.random.default_rng([self.recipe.seed, attempt])
            sources.append(self.groups.draw(random, attempt))
            weights.append(self.recipe.weights(random))
        mixed = np.sum(
            self.latents[np.array(sources)]
            * np.array(weights, np.float32)[..., None],
            axis=1,
        )
        images = self._draw(mixed)
        distances = self.credibility.distance(_in_one(images))
        return [
            Sample(
                start + k,
                images[k],
                sources[k],
                weights[k],
                float(distances[k]),
                recipes.mixed_factors(self.image_set, sources[k], weights[k]),
            )
            for k in range(BLOCK)
        ]

    def _draw(self, latents: np.ndarray) -> np.ndarray:
        images = self._decode(latents).numpy()
        if not np.isfinite(images).all():
            raise UserError(DIVERGED)
        return np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)


def _in_one(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / 255


def _in_blocks(function, inputs: np.ndarray) -> np.ndarray:
    return np.concatenate(
        [
            function(inputs[first : first + BLOCK]).numpy()
            for first in range(0, len(inputs), BLOCK)
        ]
    )


def _compiled(function, shape):
    signature = tf.TensorSpec([None, *shape], tf.float32)
    return tf.function(function, input_signature=[signature])
