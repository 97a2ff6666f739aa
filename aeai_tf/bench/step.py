"""The training step of a method alone, on batches that lie ready."""

import itertools
import os
import time

import tensorflow as tf

from aeai_tf import runs
from aeai_tf.bench import operations
from aeai_tf.bench.settings import load_config, noise
from aeai_tf.data import pipeline

BATCHES = 4
WARM_UP = 2


def prepare(method: str, settings: dict):
    """Builds and compiles a method; for `turns.Held`.

    Args:
        method: as of `settings.load_config`.
        settings: as of `settings.load_config`.

    Returns:
        "step", and about it: "first_step_seconds" (with compilation),
        "operations" of a step, "rounds" (batches that it takes) and "device".
    """
    if not tf.config.list_physical_devices("GPU"):
        # As in training.
        tf.config.experimental.enable_op_determinism()
    config = load_config(method, settings)
    model = runs.build_model(config)
    images = noise(config.image_size)
    model.prepare(images)
    batches = list(
        pipeline.pairs(
            images,
            config.seed,
            config.batch_size,
            BATCHES,
            0,
            model.sample,
            model.rounds,
        )
    )
    compiled = tf.function(model.train_step, jit_compile=model.jit_compile)
    endless = itertools.cycle(batches)

    def step():
        compiled(next(endless))
        tf.test.experimental.sync_devices()

    began = time.perf_counter()
    step()
    first = time.perf_counter() - began
    for _ in range(WARM_UP):
        step()
    return {"step": step}, {
        "first_step_seconds": first,
        "operations": operations.count(
            compiled.get_concrete_function(batches[0])
        ),
        "rounds": model.rounds,
        "device": device(),
    }


def device() -> str:
    """What TensorFlow computes on."""
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return f"{os.cpu_count()} CPU cores"
    details = tf.config.experimental.get_device_details(gpus[0])
    return details.get("device_name", "GPU")
