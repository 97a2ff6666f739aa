"""Which samples look like real images: AEAI paper, section 2, credibility.

As in `aeai_tf.evaluation.admissibility` it is the distance to the nearest real
image, the root mean square over pixels and channels, of images in [0, 1]. Here
only training images count as real, since what is held out is not to shape what
others train on; and the unit, that of neighbouring real images, is the median
distance of a training image to the one nearest to it, which needs no factors.
"""

import numpy as np

from aeai_tf.errors import UserError
from aeai_tf.evaluation import admissibility, nearest_image

# Of the real images' own distances: the threshold if none is given.
QUANTILE = 0.95
SAMPLE = 1000  # Real images whose own distances are taken, of more.
ROWS = 64  # Compared at a time.


class Credibility:
    """Measures how far images are from real ones.

    Attributes:
        unit: root mean square of pixels in [0, 1].
        threshold: in units: so far from their nearest are 95 % of the real
            images at most.
    """

    def __init__(self, images: np.ndarray):
        """Takes the real images.

        Args:
            images: `[n, height, width, 3]`, [0, 1], n at least 2.

        Raises:
            UserError: they are all the same.
        """
        self.images = images
        self.nearest = nearest_image.NearestImage(images)
        apart = self._apart()
        if not apart.any():
            raise UserError(
                "the training images are all alike, so that no distance to "
                "them can be judged: look at the images"
            )
        # Of an image that is there twice the distance says nothing.
        apart = apart[apart > 0]
        self.unit = float(np.median(apart))
        self.threshold = float(np.quantile(apart, QUANTILE)) / self.unit

    def distance(self, images: np.ndarray) -> np.ndarray:
        """Distance to the nearest real image, in units.

        Args:
            images: `[batch, height, width, 3]`, [0, 1].

        Returns:
            `[batch]`.
        """
        nearest = self.images[self.nearest.find(images)]
        return admissibility.rms(images, nearest) / self.unit

    def _apart(self) -> np.ndarray:
        """Distances of real images to the other one nearest to them."""
        count = len(self.images)
        step = -(-count // SAMPLE)
        chosen = np.arange(0, count, step)
        apart = []
        for first in range(0, len(chosen), ROWS):
            here = chosen[first : first + ROWS]
            squares = self.nearest.squares - 2 * nearest_image.products(
                self.nearest.columns.T[here], self.nearest.columns
            )
            squares[np.arange(len(here)), here] = np.inf
            other = self.images[np.argmin(squares, axis=1)]
            apart.append(admissibility.rms(self.images[here], other))
        return np.concatenate(apart)
