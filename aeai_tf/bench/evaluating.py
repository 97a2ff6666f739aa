"""What it takes to measure a model along many paths."""

import time

import numpy as np

from aeai_tf import runs
from aeai_tf.bench.settings import IMAGES, load_config, noise
from aeai_tf.data import image_set
from aeai_tf.evaluation import observe

PATH = 17  # Images on a path from one end to the other.


def prepare(settings: dict, count: int):
    """Evaluates that many paths once; for `turns.Held`.

    Args:
        settings: as of `settings.load_config`.
        count: of paths, of 17 images each.

    Returns:
        Nothing to time, and "seconds" and "detailed_seconds".
    """
    config = load_config("aeai", settings)
    indices = np.arange(IMAGES)
    images = image_set.ImageSet(
        name="noise",
        images=noise(config.image_size),
        factors={"angle": np.float32(5 * indices)},
        periods={"angle": 360.0},
        train=indices,
        held_out=indices[:0],
    )
    observer = observe.Observer(runs.build_model(config), images, "aeai")
    starts = np.arange(count)[:, np.newaxis]
    paths = (starts + np.arange(PATH)) % IMAGES
    found = {}
    for name, detailed in (("seconds", False), ("detailed_seconds", True)):
        observer.along(paths[:8], detailed)  # Compiles.
        began = time.perf_counter()
        observer.along(paths, detailed)
        found[name] = time.perf_counter() - began
    return {}, found
