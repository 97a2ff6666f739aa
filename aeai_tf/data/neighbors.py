"""Which images are near to which, as the manifold of images goes.

Two images of an object that was turned by 60 degrees differ no more than two
that were turned by 120: beyond a few degrees the distance of pixels says
little. Paths from image to near image do (J. Tenenbaum et al., "A Global
Geometric Framework for Nonlinear Dimensionality Reduction", Science 2000).
"""

import numpy as np
import scipy.sparse
from scipy.sparse import csgraph

from aeai_tf.errors import UserError

# Images that are one step from an image; and of how many images all distances
# are kept (800 MB).
NEIGHBORS = 4
MOST = 10_000
# Of images that were taken several times.
LEAST_SPACING = 0.1


def nearest(images: np.ndarray, share: float) -> np.ndarray:
    """Finds the images that are nearest to each.

    Distances are lengths of the shortest paths, each step of which goes from
    an image to one of the `NEIGHBORS` nearest to it or back. Images that no
    path leads to come last, by their direct distance.

    Args:
        images: `[n, height, width, channels]`.
        share: of the images, in (0, 1]; at least one more than the image
            itself is taken, if there is one.

    Returns:
        int32 `[n, k]`, k = share * n, rounded: indices, nearest first, which
        is the image itself.

    Raises:
        UserError: there are more than `MOST` images.
    """
    count = len(images)
    direct = _distances(images, f"pair_share={share}", "pair_share=1")
    steps = np.argsort(direct, 1, kind="stable")[:, 1 : NEIGHBORS + 1]
    rows = np.repeat(np.arange(count), steps.shape[1])
    # Images that are the same are a step apart, not none.
    lengths = np.maximum(direct[rows, steps.ravel()], 1e-6)
    graph = scipy.sparse.csr_array(
        (lengths, (rows, steps.ravel())), shape=(count, count)
    )
    along = csgraph.dijkstra(graph, directed=False)
    kept = min(count, max(2, round(share * count)))
    order = [np.lexsort((direct[k], along[k]))[:kept] for k in range(count)]
    return np.array(order, np.int32)


def spacing(images: np.ndarray, count: int = NEIGHBORS) -> np.ndarray:
    """How far apart images are around each.

    If the conditions behind the images are spread evenly, a way of so many
    spacings is as long in conditions wherever it is, which a distance of
    pixels is not. At the end of an open line, where all neighbours are on one
    side, the spacing is up to 1.7 times too large.

    Args:
        images: `[n, height, width, channels]`.
        count: how many neighbours of an image say how far apart images are
            around it. One is not misled by a gap on its other side.

    Returns:
        float32 `[n]`: the mean distance to the `count` nearest, over its
        mean, and at least `LEAST_SPACING`; 1 if all images are the same.

    Raises:
        UserError: there are more than `MOST` images.
    """
    distances = _distances(images, "pace='images'", "pace=pixels")
    mean = np.sort(distances, 1)[:, 1 : count + 1].sum(1) / count
    if not mean.any():
        return np.ones(len(images), np.float32)
    return np.maximum(mean / mean.mean(), LEAST_SPACING).astype(np.float32)


def _distances(images: np.ndarray, setting: str, instead: str) -> np.ndarray:
    """Of all images; `setting` needs them, and `instead` does not."""
    if len(images) > MOST:
        raise UserError(
            f"{setting} needs the distances between all images, and "
            f"{len(images)} training images are too many for that (at most "
            f"{MOST}): set --config.{instead}"
        )
    flat = np.reshape(images, [len(images), -1]).astype(np.float32)
    squares = np.sum(flat**2, 1)
    distances = np.sqrt(
        np.maximum(squares[:, None] + squares - 2 * flat @ flat.T, 0)
    )
    np.fill_diagonal(distances, 0)
    return distances
