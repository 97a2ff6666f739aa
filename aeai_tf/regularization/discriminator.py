"""The discriminator for data of any shape."""

import keras

from aeai_tf import layers
from aeai_tf.errors import UserError
from aeai_tf.networks import BLOCK_FILTERS, GROUP_SIZE

DENSE_UNITS = 128
# Sides of feature maps that are pooled no further.
SMALL_SIDE = 4


def default_discriminator(shape) -> keras.Model:
    """Builds D: data to one logit each, `[batch, 1]`; real is positive.

    Sequences, images and volumes, channels last, go through blocks as those of
    `aeai_tf.networks`, with one convolution each, until no side is longer than
    4; vectors, and data with more axes, through two fully connected layers.
    Each item is normalised by itself, in groups of features, so that the range
    of the data does not matter, nor how many there are in a batch.

    Args:
        shape: of one item, such as `(28, 28, 1)`. Sides may be None.

    Raises:
        UserError: the last axis is not known, or a vector's length.
    """
    shape = tuple(shape)
    if not shape or shape[-1] is None:
        raise UserError(
            f"no discriminator can be built for data of shape {shape}: give "
            "one of your own, or set lambda_adversarial=0"
        )
    inputs = keras.Input(shape, name="data")
    x, rank = inputs, len(shape) - 1
    convolved = 1 <= rank <= 3
    x = _convolve(x, rank) if convolved else keras.layers.Flatten()(x)
    for _ in range(1 if convolved else 2):
        x = keras.layers.Dense(DENSE_UNITS)(x)
        x = layers.GroupNormalization(1)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Dense(1, name="head")(x)
    return keras.Model(inputs, x, name="discriminator")


def _convolve(x, rank: int):
    """Feature maps `[batch, ..., channels]` to features `[batch, n]`."""
    convolution, pooling, average = (
        getattr(keras.layers, f"{name}{rank}D")
        for name in ("Conv", "MaxPooling", "GlobalAveragePooling")
    )
    known = None not in x.shape[1:-1]
    block = 0
    while (
        max(x.shape[1:-1]) > SMALL_SIDE if known else block < len(BLOCK_FILTERS)
    ):
        filters = BLOCK_FILTERS[min(block, len(BLOCK_FILTERS) - 1)]
        x = convolution(filters, 3, padding="same")(x)
        x = layers.GroupNormalization(max(1, filters // GROUP_SIZE))(x)
        x = keras.layers.ReLU()(x)
        x = pooling(2, padding="same")(x)
        block += 1
    return keras.layers.Flatten()(x) if known else average()(x)
