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
    ae, batch = _model("ae", settings)
    without, own_batch = _model("aeai_no_smoothness", settings)
    config = load_config("aeai", settings)
    count = config.batch_size * config.num_alphas
    latents = tf.zeros([count, without.latent_dim])

    def decode_and_back():
        with tf.GradientTape() as tape:
            tape.watch(latents)
            images = without.decoder(latents, training=True)
        sources = [latents, *without.decoder.trainable_variables]
        return tape.gradient(images, sources)

    return {}, {
        "ae": _count(ae.train_step, batch),
        "aeai": _count(without.train_step, own_batch) + _count(decode_and_back),
    }


def _model(method: str, settings: dict):
    config = load_config(method, settings)
    model = runs.build_model(config)
    batches = pipeline.pairs(
        noise(config.image_size),
        config.seed,
        config.batch_size,
        1,
        sample=model.sample,
    )
    return model, next(iter(batches))


def _count(function, *arguments) -> int:
    compiled = tf.function(function)
    return operations.count(compiled.get_concrete_function(*arguments))
