"""Sets and interpolators whose measures are known without training."""

import numpy as np
import tensorflow as tf

from aeai_tf.data.image_set import ImageSet
from aeai_tf.evaluation import observations, paths, plan, summary
from aeai_tf.evaluation.observe import Observer

SIZE = 24


def bump(position: np.ndarray) -> np.ndarray:
    """Images of a smooth vertical bar, `[n, 24, 24, 3]`.

    Equal shifts of the bar, 8 to 17 pixels from the left, are equally far
    apart in pixel space. The first pixel of all tells the position.
    """
    position = np.asarray(position, np.float32)[:, None]
    row = np.exp(-np.square((np.arange(SIZE) - position) / 2.5) / 2)
    images = np.tile(row[:, None, :, None], [1, SIZE, 1, 3])
    images[:, 0, 0, 0] = position[:, 0] / SIZE
    return images.astype(np.float32)


def line(poses: int = 19, held_out=()) -> ImageSet:
    """Poses 5 degrees apart on a line: the bar moves from 8 on."""
    held_out = np.array(held_out, np.int64)
    return ImageSet(
        name="line",
        images=bump(8 + np.arange(poses) / 2),
        factors={"angle": 5 * np.arange(poses, dtype=np.float32)},
        periods={"angle": None},
        train=np.setdiff1d(np.arange(poses), held_out),
        held_out=held_out,
    )


def turntable(poses: int = 36, held_out=()) -> ImageSet:
    """Poses round a circle, as unlike each other as noise."""
    images = np.random.default_rng(0).random([poses, 12, 12, 3], np.float32)
    held_out = np.array(held_out, np.int64)
    return ImageSet(
        name="turntable",
        images=images,
        factors={"angle": np.arange(poses, dtype=np.float32) * 360 / poses},
        periods={"angle": 360.0},
        train=np.setdiff1d(np.arange(poses), held_out),
        held_out=held_out,
    )


def dome() -> ImageSet:
    """A small pole set: 5 altitudes and 24 azimuths, in noise."""
    altitude, azimuth = np.meshgrid(
        range(20, 95, 15), range(0, 360, 15), indexing="ij"
    )
    count = altitude.size
    images = np.random.default_rng(0).random([count, 12, 12, 3], np.float32)
    return ImageSet(
        name="dome",
        images=images,
        factors={
            "altitude": altitude.ravel().astype(np.float32),
            "azimuth": azimuth.ravel().astype(np.float32),
        },
        periods={"altitude": None, "azimuth": 360.0},
        train=np.arange(count),
        held_out=np.arange(0),
        render=lambda **factors: None,
    )


class Bar:
    """Knows the bar: its latent is the position, at which it draws it."""

    latent_dim = 1

    def encode(self, images):
        return SIZE * images[:, 0, 0, :1]

    def decode(self, latents):
        return tf.numpy_function(lambda z: bump(z[:, 0]), [latents], tf.float32)


class Pixels:
    """The pixel blend: latents are pixels."""

    def __init__(self, image_set):
        self.shape = image_set.images.shape[1:]
        self.latent_dim = int(np.prod(self.shape))

    def encode(self, images):
        return tf.reshape(images, [-1, self.latent_dim])

    def decode(self, latents):
        return tf.reshape(latents, [-1, *self.shape])


class Scripted(Observer):
    """Sees interpolations that a function makes of paths."""

    def __init__(self, image_set, draw):
        super().__init__(Pixels(image_set), image_set, "scripted")
        self.draw = draw

    def _batches(self, paths):
        yield paths, self.draw(paths)


def truth(image_set):
    """A script: the true images."""
    return lambda paths: image_set.images[paths]


def at(image_set, way):
    """A script: of each path the true images at other places.

    Args:
        image_set: whose images.
        way: from the number of steps to which image of the path is shown at
            each alpha, `[steps + 1]`.
    """
    return lambda paths: image_set.images[paths[:, way(paths.shape[1] - 1)]]


def observe_all(observer, planned, run: int = 0):
    """What `comparison` collects of one run."""
    image_set = observer.image_set
    return [
        observations.Observations(
            kind.change,
            kind.paths,
            np.full(len(kind.paths), run),
            paths.held_out(image_set, kind.paths),
            observer.along(kind.paths, kind.detailed),
        )
        for kind in planned.kinds
    ]


def measure(observer, intervals=None) -> dict:
    """All measures of one run."""
    planned = plan.make(observer.image_set, intervals)
    seen = observe_all(observer, planned)
    return summary.of_method(seen, planned, observer.image_set)[0]
