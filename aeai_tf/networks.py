"""The networks that every method shares, so that only objectives differ.

"VGG-inspired" (AEAI paper, section 2.3): blocks of 3x3 convolutions with 16,
32, 64 and 128 feature maps, and 128 again in further blocks of larger images
(`block_filters`), each block followed by max-pooling, then fully connected
layers down to the latent; normalisation and ReLU after each learned layer. The
decoder has the same blocks in reverse, each after doubling height and width,
and a 3x3 convolution to the three channels at the end. The discriminator has
the encoder's shape and one output.

Normalisation "spectral" is of the weights, not of what flows through: every
learned layer, the head included, has a bias and is divided by its largest
singular value (`aeai_tf.spectral`). It is meant for discriminators.
"""

import keras

from aeai_tf import layers, spectral

BLOCK_FILTERS = (16, 32, 64, 128)
DENSE_UNITS = 512
GROUP_SIZE = 8
SMALL_SIDE = 2


def block_filters(image_size: int, num_blocks: int = 0) -> tuple[int, ...]:
    """Returns the feature maps of each block of the encoder, first to last.

    Args:
        image_size: height and width.
        num_blocks: how many blocks there are. 0: four, and more while height
            and width can be halved and are above 2, so that images of every
            size end as maps of about the same.
    """
    if not num_blocks:
        num_blocks = len(BLOCK_FILTERS)
        side = image_size // 2**num_blocks
        while side > SMALL_SIDE and side % 2 == 0:
            num_blocks, side = num_blocks + 1, side // 2
    further = num_blocks - len(BLOCK_FILTERS)
    return BLOCK_FILTERS[:num_blocks] + BLOCK_FILTERS[-1:] * further


def encoder(
    image_size: int,
    latent_dim: int,
    *,
    num_blocks: int = 0,
    convs_per_block: int = 2,
    normalization: str = "batch",
    downsampling: str = "max_pooling",
    name: str = "encoder",
    **options,
) -> keras.Model:
    """Builds f: images to latents.

    Args:
        image_size: height and width, which each block halves.
        latent_dim: length of a latent; it has neither normalisation nor
            activation.
        num_blocks: as of `block_filters`.
        convs_per_block: 3x3 convolutions before each pooling.
        normalization: "batch", "group", "none" or "spectral".
        downsampling: "max_pooling" after each block, or "stride": the last
            convolution of each block takes every other pixel. Max-pooling
            hands gradients to one pixel in four.
        name: of the model.
        **options: for every layer, such as `dtype="float64"`.

    Returns:
        A model from `[batch, image_size, image_size, 3]`, [0, 1], to
        `[batch, latent_dim]`.
    """
    if downsampling not in ("max_pooling", "stride"):
        raise ValueError(
            f"downsampling must be 'max_pooling' or 'stride', not "
            f"{downsampling!r}"
        )
    strided = downsampling == "stride"
    images = keras.Input([image_size, image_size, 3], name="images", **options)
    x = images
    for filters in block_filters(image_size, num_blocks):
        for _ in range(convs_per_block - strided):
            x = _conv(x, filters, normalization, options)
        if strided:
            x = _conv(x, filters, normalization, options, strides=2)
        else:
            x = keras.layers.MaxPooling2D(**options)(x)
    x = keras.layers.Flatten(**options)(x)
    x = _dense(x, DENSE_UNITS, normalization, options)
    _, dense = _learned_layers(normalization)
    x = dense(latent_dim, name="head", **options)(x)
    return keras.Model(images, x, name=name)


def decoder(
    image_size: int,
    latent_dim: int,
    *,
    num_blocks: int = 0,
    convs_per_block: int = 2,
    normalization: str = "batch",
    name: str = "decoder",
    **options,
) -> keras.Model:
    """Builds g: latents to images, by the blocks of `encoder` in reverse.

    Args: as in `encoder`.

    Returns:
        A model from `[batch, latent_dim]` to `[batch, image_size, image_size,
        3]`; a sigmoid keeps it in (0, 1).
    """
    latents = keras.Input([latent_dim], name="latents", **options)
    blocks = block_filters(image_size, num_blocks)
    side = image_size // 2 ** len(blocks)
    x = _dense(latents, DENSE_UNITS, normalization, options)
    x = _dense(x, side * side * blocks[-1], normalization, options)
    x = keras.layers.Reshape([side, side, blocks[-1]], **options)(x)
    for filters in reversed(blocks):
        for number in range(convs_per_block):
            x = _conv(x, filters, normalization, options, upsampled=number == 0)
    convolution, _ = _learned_layers(normalization)
    x = convolution(3, 3, padding="same", name="head", **options)(x)
    x = keras.layers.Activation("sigmoid", **options)(x)
    return keras.Model(latents, x, name=name)


def discriminator(
    image_size: int,
    *,
    num_blocks: int = 0,
    convs_per_block: int = 2,
    normalization: str = "batch",
    downsampling: str = "max_pooling",
    **options,
) -> keras.Model:
    """Builds D: images to one logit each, `[batch, 1]`; real is positive.

    Args: as in `encoder`.
    """
    return encoder(
        image_size,
        1,
        num_blocks=num_blocks,
        convs_per_block=convs_per_block,
        normalization=normalization,
        downsampling=downsampling,
        name="discriminator",
        **options,
    )


def autoencoder(config) -> tuple[keras.Model, keras.Model]:
    """Builds f and g as a run configuration says (`configs/common.py`)."""
    options = shape(config) | {"normalization": config.normalization}
    sizes = (config.image_size, config.latent_dim)
    return encoder(*sizes, **options), decoder(*sizes, **options)


def shape(config) -> dict[str, int]:
    """What a run configuration says of the blocks of every network."""
    return {
        # Runs of before there was a choice do not have it.
        "num_blocks": config.get("num_blocks", len(BLOCK_FILTERS)),
        "convs_per_block": config.convs_per_block,
    }


def _learned_layers(normalization: str, upsampled: bool = False):
    """Classes of convolutions and of fully connected layers."""
    if normalization == "spectral":
        convolutions = spectral.SpectralConv2D, spectral.UpsampledSpectralConv2D
        return convolutions[upsampled], spectral.SpectralDense
    convolutions = keras.layers.Conv2D, layers.UpsampledConv2D
    return convolutions[upsampled], keras.layers.Dense


def _conv(
    x,
    filters: int,
    normalization: str,
    options: dict,
    *,
    strides: int = 1,
    upsampled: bool = False,
):
    convolution, _ = _learned_layers(normalization, upsampled)
    x = convolution(
        filters,
        3,
        strides,
        padding="same",
        use_bias=normalization in ("none", "spectral"),
        kernel_initializer="he_normal",
        **options,
    )(x)
    return _normalize_and_activate(x, normalization, options)


def _dense(x, units: int, normalization: str, options: dict):
    _, dense = _learned_layers(normalization)
    x = dense(
        units,
        use_bias=normalization in ("none", "spectral"),
        kernel_initializer="he_normal",
        **options,
    )(x)
    return _normalize_and_activate(x, normalization, options)


def _normalize_and_activate(x, normalization: str, options: dict):
    if normalization == "batch":
        x = layers.BatchNormalization(**options)(x)
    elif normalization == "group":
        groups = max(1, x.shape[-1] // GROUP_SIZE)
        x = layers.GroupNormalization(groups, **options)(x)
    elif normalization not in ("none", "spectral"):
        raise ValueError(
            f"normalization must be 'batch', 'group', 'none' or 'spectral', "
            f"not {normalization!r}"
        )
    return keras.layers.ReLU(**options)(x)
