"""The alpha-derivative alone, against the plain decoder."""

import tensorflow as tf

from aeai_tf import interpolation, runs
from aeai_tf.bench.settings import load_config

DECODER = "decoder"


def prepare(settings: dict):
    """Compiles each mode with and without XLA; for `turns.Held`.

    Each computes a value and the gradients, into the decoder's weights and
    the latents, of the mean of its square: of what the decoder decodes, and of
    its derivative along a direction, as AEAI takes it for its smoothness.

    Args:
        settings: as of `settings.load_config`.

    Returns:
        `decoder`, `forward`, ... and with `_xla` behind the name; "names" of
        these, and "failed": of those that cannot be had, why not.
    """
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
    tf.get_logger().setLevel("ERROR")  # It warns of many traces.
    config = load_config("aeai", settings)
    shape = [config.batch_size, config.latent_dim]
    point = tf.random.stateless_normal(shape, [0, 1])
    direction = tf.random.stateless_normal(shape, [0, 2])
    config.num_alphas = 1
    model = runs.build_model(config)
    decoder = model.decoder

    def gradients(mode: str):
        model.derivative = mode
        with tf.GradientTape() as tape:
            tape.watch([point, direction])
            if mode == DECODER:
                value = wanted = decoder(point, training=True)
            else:
                value, wanted = model._decode_line(point, direction, True)
            objective = tf.reduce_mean(tf.square(wanted))
        sources = [point, direction, *decoder.trainable_variables]
        return value, tape.gradient(objective, sources)

    offers, failed = {}, {}
    for mode in (DECODER, *interpolation.MODES):
        for xla in (False, True):
            name = f"{mode}_xla" if xla else mode
            offer = _offer(tf.function(gradients, jit_compile=xla), mode)
            try:
                offer()
            except (tf.errors.OpError, ValueError) as error:
                # Tracing puts where it happened in front.
                last = str(error).strip().rpartition("\n")[2].strip()
                failed[name] = f"failed: {last}"
            else:
                offers[name] = offer
    return offers, {"names": [*offers], "failed": failed}


def _offer(compiled, mode: str):
    def run():
        compiled(mode)
        tf.test.experimental.sync_devices()

    return run
