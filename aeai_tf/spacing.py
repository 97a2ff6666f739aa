"""How far apart the training images are where a decoded image is."""

import numpy as np
import tensorflow as tf

from aeai_tf.data import neighbors


class Spacing:
    """Looks up the spacing of the training images near other images."""

    def __init__(self, images: np.ndarray, count: int = neighbors.NEIGHBORS):
        """Takes the training images.

        Args:
            images: `[n, height, width, channels]`.
            count: as of `neighbors.spacing`.

        Raises:
            UserError: there are too many (`neighbors.spacing`).
        """
        flat = np.reshape(images, [len(images), -1]).astype(np.float32)
        self.columns = tf.constant(flat.T)
        self.squares = tf.constant(np.sum(flat**2, 1))
        self.spacing = tf.constant(neighbors.spacing(images, count))
        self.neighbors = min(neighbors.NEIGHBORS, len(images))

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Returns the mean spacing of the training images nearest to each.

        Nothing is learned through it: an image cannot slow down by looking
        like others.

        Args:
            images: `[batch, height, width, channels]`.

        Returns:
            `[batch]`, of the type of the images; some 1 on average.
        """
        flat = tf.reshape(images, [tf.shape(images)[0], -1])
        flat = tf.cast(flat, self.columns.dtype)
        # Their own squares are the same for all.
        distances = self.squares - 2 * flat @ self.columns
        _, nearest = tf.math.top_k(-distances, self.neighbors)
        spacing = tf.reduce_mean(tf.gather(self.spacing, nearest), 1)
        return tf.cast(spacing, images.dtype)
