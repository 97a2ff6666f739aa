"""Sets of many images: loading them, and training steps with their pipeline."""

import tempfile
import time

import numpy as np
import tensorflow as tf

from aeai_tf import runs
from aeai_tf.bench.settings import IMAGES, load_config, save_noise
from aeai_tf.data import coil100, pipeline


def prepare(settings: dict, count: int):
    """Loads images as training does, and trains on them; for `turns.Held`.

    Args:
        settings: as of `settings.load_config`.
        count: of images, a multiple of 72: the objects of COIL-100.

    Returns:
        "step", with its share of the input pipeline; and about it
        "load_seconds" and "first_batch_seconds".
    """
    config = load_config("aeai", settings)
    model = runs.build_model(config)
    with tempfile.TemporaryDirectory() as folder:
        save_noise(folder, config.image_size, count // IMAGES)
        began = time.perf_counter()
        images = np.concatenate(
            [
                coil100.load(config.image_size, number + 1, folder)[0]
                for number in range(count // IMAGES)
            ]
        )
        loaded = time.perf_counter() - began
    model.prepare(images)
    began = time.perf_counter()
    batches = iter(
        pipeline.pairs(images, 0, config.batch_size, 2**31, sample=model.sample)
    )
    next(batches)
    first = time.perf_counter() - began
    compiled = tf.function(model.train_step, jit_compile=model.jit_compile)

    def take():
        compiled(next(batches))
        tf.test.experimental.sync_devices()

    take()
    return {"step": take}, {
        "load_seconds": loaded,
        "first_batch_seconds": first,
    }
