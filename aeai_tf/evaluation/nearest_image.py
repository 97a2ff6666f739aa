"""The real image nearest to an interpolated one, in L2.

The AEAI paper reads off it which pose an interpolated image shows: figures 7
and 15 in L2, figure 8 in mean squared error, which orders images alike. The
images searched are all of the set's, trained on or not.
"""

import numpy as np
import tensorflow as tf


class NearestImage:
    """Searches the images of a set."""

    def __init__(self, images: np.ndarray):
        """Takes them, `[n, height, width, 3]`."""
        flat = images.reshape(len(images), -1)
        # |x - y|^2 = |x|^2 - 2 x y + |y|^2 loses least digits near the origin.
        self.centre = flat.mean(axis=0)
        flat = flat - self.centre
        self.squares = np.sum(np.square(flat), axis=1)
        self.columns = np.ascontiguousarray(flat.T)

    def find(self, images: np.ndarray) -> np.ndarray:
        """Returns the indices of the nearest images.

        Args:
            images: `[..., height, width, 3]`.

        Returns:
            `[...]`, int64. Of several equally near ones the first.
        """
        flat = images.reshape(-1, len(self.columns)) - self.centre
        nearest = np.argmin(
            self.squares - 2 * products(flat, self.columns), axis=1
        )
        return nearest.reshape(images.shape[:-3])


def products(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Multiplies float32 matrices, `[m, k]` and `[k, n]`, to `[m, n]`."""
    # Not on a GPU, which may round to 10 bits. And not by NumPy, whose BLAS
    # waits for its threads by spinning: five times slower on a busy machine.
    with tf.device("CPU"):
        return tf.linalg.matmul(rows, columns).numpy()
