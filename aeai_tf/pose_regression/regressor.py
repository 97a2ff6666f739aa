"""From an image to the angle of the turntable, by a small network.

Strided convolutions, which keep the place of what they see, as pooling over
the whole image would not; a dense layer; and the cosine and the sine of the
angle, so that 359 and 1 degrees are near. Mean squared error, Adam.
"""

import keras
import numpy as np
import tensorflow as tf

from aeai_tf.errors import UserError
from aeai_tf.pose_regression.samples import Batches

FILTERS = (16, 32, 64)
DENSE_UNITS = 64
LEARNING_RATE = 1e-3
_WEIGHTS = 0  # Tells these draws from others of the seed.


class Regressor:
    """One network, built and compiled once, that is trained again and again."""

    def __init__(self, image_size: int):
        """Builds it.

        Args:
            image_size: height and width of the images.
        """
        self.network = _network(image_size)
        self.optimizer = keras.optimizers.Adam(LEARNING_RATE)
        self.optimizer.build(self.network.trainable_variables)
        self._fresh = [v.numpy() for v in self.optimizer.variables]
        image = [None, image_size, image_size, 3]
        batch = [None, None]
        self._steps = tf.function(
            self._train,
            autograph=False,
            input_signature=[
                tf.TensorSpec(image, tf.float32),
                tf.TensorSpec([None, 2], tf.float32),
                tf.TensorSpec(batch, tf.int64),
                tf.TensorSpec(batch, tf.int64),
                tf.TensorSpec(batch, tf.float32),
            ],
        )
        self._predict = tf.function(
            self.network,
            autograph=False,
            input_signature=[tf.TensorSpec(image, tf.float32)],
        )

    def train(
        self, images: np.ndarray, angles: np.ndarray, drawn: Batches, seed: int
    ) -> None:
        """Trains it from new weights.

        Args:
            images: `[n, image_size, image_size, 3]`, [0, 1].
            angles: `[n]`, degrees.
            drawn: one batch a step.
            seed: of the weights.
        """
        self._reset(seed)
        self._steps(
            tf.constant(images, tf.float32),
            tf.constant(unit_vectors(angles), tf.float32),
            tf.constant(drawn.first, tf.int64),
            tf.constant(drawn.second, tf.int64),
            tf.constant(drawn.weight, tf.float32),
        )

    def angles(self, images: np.ndarray) -> np.ndarray:
        """Predicts angles.

        Args:
            images: as for `train`.

        Returns:
            `[n]`, degrees, in (-180, 180].

        Raises:
            UserError: training has diverged.
        """
        vectors = self._predict(tf.constant(images, tf.float32)).numpy()
        if not np.isfinite(vectors).all():
            raise UserError("the regressor gives numbers that are not finite")
        return np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0]))

    def _reset(self, seed: int) -> None:
        """New weights, and an optimiser that has not seen any others."""
        random = np.random.default_rng([seed, _WEIGHTS])
        for variable in self.network.trainable_variables:
            shape = variable.shape
            # He et al. 2015: of what is summed up, by its number.
            scale = np.sqrt(2 / np.prod(shape[:-1])) if len(shape) > 1 else 0
            variable.assign(scale * random.standard_normal(shape))
        for variable, value in zip(
            self.optimizer.variables, self._fresh, strict=True
        ):
            variable.assign(value)

    def _train(self, images, vectors, first, second, weight):
        """Takes a step a row of `first`, `second` and `weight`."""

        def step(number):
            one, other = first[number], second[number]
            share = weight[number][:, tf.newaxis]
            truth = mix(vectors, one, other, share)
            seen = mix(images, one, other, share[..., tf.newaxis, tf.newaxis])
            with tf.GradientTape() as tape:
                shown = self.network(seen, training=True)
                loss = tf.reduce_mean(tf.square(shown - truth))
            variables = self.network.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return number + 1

        tf.while_loop(
            lambda number: number < tf.shape(first)[0], step, [tf.constant(0)]
        )


def mix(values, first, second, share):
    """`share * values[first] + (1 - share) * values[second]`."""
    return share * tf.gather(values, first) + (1 - share) * tf.gather(
        values, second
    )


def unit_vectors(angles: np.ndarray) -> np.ndarray:
    """Cosine and sine of angles in degrees, `[n]` to `[n, 2]`."""
    radians = np.radians(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def errors(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How far angles are apart, the shorter way round the circle.

    Args:
        predicted: `[n]`, degrees.
        truth: `[n]`, degrees.

    Returns:
        `[n]`, in [0, 180].
    """
    return np.abs((predicted - truth + 180) % 360 - 180)


def _network(image_size: int) -> keras.Model:
    images = keras.Input([image_size, image_size, 3])
    x = keras.layers.Rescaling(2.0, -1.0)(images)
    for filters in FILTERS:
        x = keras.layers.Conv2D(
            filters, 3, strides=2, padding="same", activation="relu"
        )(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(DENSE_UNITS, activation="relu")(x)
    return keras.Model(images, keras.layers.Dense(2)(x))
