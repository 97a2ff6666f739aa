"""What a step of AEAI needs at the least, in operations and in time."""

import tensorflow as tf

from aeai_tf import runs
from aeai_tf.bench import operations
from aeai_tf.bench.settings import load_config, noise
from aeai_tf.data import pipeline


def prepare(settings: dict):
    """Counts what steps need; for `turns.Held`, nothing to time.

    AEAI needs what it does without smoothness, and for the smoothness what a
    decoder does forward and backward once more: the derivative goes through
    the same layers as the image, whose gradients it has already. How the
    derivative is taken may add operations to that.

    Args:
        settings: as of `settings.load_config`.

    Returns:
        Nothing, and the operations by method: "ae" and "aeai".
    """
    ae, batch = model("ae", settings)
    without, own_batch = model("aeai_no_smoothness", settings)
    config = load_config("aeai", settings)
    points = config.batch_size * config.num_alphas
    latents = tf.zeros([points, without.latent_dim])

    def decode_and_back():
        with tf.GradientTape() as tape:
            tape.watch(latents)
            images = without.decoder(latents, training=True)
        sources = [latents, *without.decoder.trainable_variables]
        return tape.gradient(images, sources)

    return {}, {
        "ae": count(ae.train_step, batch),
        "aeai": count(without.train_step, own_batch) + count(decode_and_back),
    }


def model(method: str, settings: dict):
    """Builds the model of a method, and makes a batch for it."""
    config = load_config(method, settings)
    built = runs.build_model(config)
    images = noise(config.image_size)
    built.prepare(images)
    batches = pipeline.pairs(
        images,
        config.seed,
        config.batch_size,
        1,
        sample=built.sample,
    )
    return built, next(iter(batches))


def count(function, *arguments) -> int:
    """Counts the operations of a call, compiled."""
    compiled = tf.function(function)
    return operations.count(compiled.get_concrete_function(*arguments))
