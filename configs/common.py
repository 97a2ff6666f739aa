"""The keys that every run has. Any of them: `--config.<key>=<value>`."""

import math

import ml_collections

NORMALIZATIONS = ("batch", "group", "none", "spectral")
PRESETS = ("tuned", "paper")
# What no paper says, as simple as can be: part of every preset "paper".
PAPER = {
    "num_blocks": 4,
    "normalization": "batch",
    "weight_averaging": 0.0,
    "adam_beta_1": 0.9,
    "adam_beta_2": 0.999,
}
# With it AEAI and ACAI find the loop of a turntable, and most methods the small
# shadows of the pole set, where with Keras' own they stay at the mean image.
SHORT_MEMORY = {"adam_beta_1": 0.5, "adam_beta_2": 0.99}
# What keys may be; a method's file has those of its own under the same names.
CHOICES = {
    "normalization": NORMALIZATIONS,
    "precision": ("float32", "mixed_bfloat16"),
    "reconstruction": ("mse", "l1", "bernoulli", "perceptual"),
}
NOT_NEGATIVE = RATE = (0, math.inf)
RANGES = {
    "steps": (1, math.inf),
    "batch_size": (1, math.inf),
    "latent_dim": (1, math.inf),
    "num_blocks": (0, math.inf),
    "convs_per_block": (1, math.inf),
    "log_every": (1, math.inf),
    "strip_every": (1, math.inf),
    "checkpoint_every": (1, math.inf),
    "seed": (0, math.inf),
    "pair_share": (0, 1),
    "learning_rate": RATE,
    "adam_beta_1": (0, 0.9999),
    "adam_beta_2": (0, 0.999999),
    "weight_averaging": (0, 0.999999),
}


def data_and_preset(text: str) -> tuple[str, str]:
    """Splits "pole,paper"; without a preset, "pole", it is "tuned".

    A preset that is unknown stays with the data set, which then is unknown:
    the sentence about it names both.
    """
    data, _, preset = text.partition(",")
    if preset in ("", *PRESETS):
        return data, preset or "tuned"
    return text, "tuned"


def images_config(method: str, data: str) -> ml_collections.ConfigDict:
    """Returns what a method that learns nothing needs to know: its images.

    Args:
        method: as in `aeai_tf/methods/`.
        data: "pole", "coil100/<object>", such as "coil100/12", or "folder",
            a folder of your own images.
    """
    config = ml_collections.ConfigDict()
    config.method = method
    # Everything random follows from it: split, weights, pairs, alphas.
    config.seed = 0

    config.data = ml_collections.ConfigDict()
    config.data.name = data
    (_own_images if data == "folder" else _known_images)(config.data)
    # The share of images to train on (AEAI paper, section 2.3).
    config.data.train_fraction = 0.8

    # Height and width in pixels, a multiple of 16.
    config.image_size = 64
    return config


def _known_images(data: ml_collections.ConfigDict) -> None:
    # Folder with the archive's PNGs, obj12__45.png and so on, whole or part
    # of them. Empty: TensorFlow Datasets downloads the archive.
    data.coil100_dir = ""
    # Where TensorFlow Datasets keeps prepared sets. Empty: its own default,
    # ~/tensorflow_datasets.
    data.data_dir = ""


def _own_images(data: ml_collections.ConfigDict) -> None:
    """Keys of `configs/<method>.py:folder`; docs/own_images.md has more."""
    # Folder of the images; those in its sub-folders belong to it.
    data.dir = ""
    # CSV file, names of files and the factors behind them. Empty: none.
    data.factors = ""
    # Which of its columns, such as "angle" or "angle,light". Empty: all.
    data.factor_columns = ""
    # Images that are not square: "crop", their middle, or "pad", all of it.
    data.fit = "crop"
    # Colour of what is padded, and behind what is transparent: #rrggbb, or a
    # name of CSS.
    data.background = "white"
    # Where decoded images are kept. Empty: ~/.cache/aeai_tf.
    data.cache_dir = ""


def get_config(method: str, data: str) -> ml_collections.ConfigDict:
    """Returns the defaults shared by all methods that learn.

    Args: as in `images_config`.
    """
    config = images_config(method, data)
    config.latent_dim = 256
    # Blocks of convolutions, each of which halves height and width. 0: four,
    # and more while they are above 2 and even: 5 for images of 64 pixels, 6
    # for 128.
    config.num_blocks = 0
    # VGG's two 3x3 convolutions before each pooling.
    config.convs_per_block = 2
    # "batch", "group", "none" or "spectral", in the encoder and the decoder.
    # With batch normalisation lines between images are cross-fades.
    config.normalization = "group"
    # In which networks compute while training: "float32", or "mixed_bfloat16"
    # (weights, batch statistics, outputs and terms stay float32).
    config.precision = "float32"
    # "mse", "l1", "bernoulli" (negative log-likelihood, images taken as
    # probabilities), or "perceptual" (features of VGG16).
    config.reconstruction = "mse"
    # Path of VGG16's weights without top. Empty: Keras downloads them.
    config.perceptual_weights = ""

    # Training steps, one batch each.
    config.steps = 3000
    # Pairs in a batch: a step sees twice as many images.
    config.batch_size = 32
    # The share of images that an image may be paired with: those nearest to
    # it, by paths from image to near image (`aeai_tf/data/neighbors.py`). 1:
    # any.
    config.pair_share = 1.0
    # Adam's, of every player that has none of its own.
    config.learning_rate = 1e-3
    # Adam's decay rates of the mean of the gradients and of their squares.
    config.adam_beta_1 = 0.9
    config.adam_beta_2 = 0.999

    # Decay of the running mean of weights that is used in place of the last
    # ones; 0: none. Terms are of the last ones.
    config.weight_averaging = 0.999

    # Steps between scalars, between pictures, and between checkpoints.
    config.log_every = 50
    config.strip_every = 500
    config.checkpoint_every = 250
    return config
