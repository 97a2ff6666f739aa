"""The real image nearest to an interpolated one, in L2.

The AEAI paper reads off it which pose an interpolated image shows: figures 7
and 15 in L2, figure 8 in mean squared error, which orders images alike. The
images searched are all of the set's, trained on or not.
"""

import numpy as np


class NearestImage:
    """Searches the images of a set."""

    def __init__(self, images: np.ndarray):
        """Takes them, `[n, height, width, 3]`."""
        flat = images.reshape(len(images), -1)
        # |x - y|^2 = |x|^2 - 2 x y + |y|^2 loses least digits near the origin.
        self.centre = flat.mean(axis=0)
        self.flat = flat - self.centre
        self.squares = np.sum(np.square(self.flat), axis=1)

    def find(self, images: np.ndarray) -> np.ndarray:
        """Returns the indices of the nearest images.

        Args:
            images: `[..., height, width, 3]`.

        Returns:
            `[...]`, int64. Of several equally near ones the first.
        """
        flat = images.reshape(-1, self.flat.shape[1]) - self.centre
        nearest = np.argmin(self.squares - 2 * flat @ self.flat.T, axis=1)
        return nearest.reshape(images.shape[:-3])
