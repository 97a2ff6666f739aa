"""What is measured: configurations, and images of noise."""

import itertools
import os

import numpy as np
import PIL.Image

from aeai_tf import config as configuration
from aeai_tf import planned

DATA = "coil100/1"
IMAGES = 72  # Of an object of COIL-100.
BFLOAT16 = "_bfloat16"  # Behind the name of a method.
# AEAI's default; methods without that ending are as in their papers.
TUNED = "aeai_tuned"
MIXED_PRECISION = {"precision": "mixed_bfloat16"}


def load_config(method: str, settings: dict):
    """Returns a method's configuration.

    Args:
        method: of `planned.METHODS`, or `TUNED`, and perhaps `BFLOAT16`.
        settings: values by keys; those that the method lacks are left out.
    """
    config = configuration.load_file(planned.config_file(*file_of(method)))
    config.update(values(method, settings))
    return config


def values(method: str, settings: dict) -> dict:
    """Returns the values that a method is measured with, by their keys.

    Args: as of `load_config`.
    """
    own = MIXED_PRECISION if method.endswith(BFLOAT16) else {}
    return planned.settings(file_of(method)[0], settings | own)


def file_of(method: str) -> tuple[str, str]:
    """Returns the method and the data for `planned.config_file`.

    Args: as of `load_config`.
    """
    plain = method.removesuffix(BFLOAT16)
    if plain == TUNED:
        return "aeai", DATA
    return plain, f"{DATA},paper"


def noise(size: int, images: int = IMAGES) -> np.ndarray:
    """Makes images, float32 `[images, size, size, 3]` in [0, 1]."""
    shape = [images, size, size, 3]
    return np.random.default_rng(0).random(shape, np.float32)


def save_noise(folder: str, size: int, objects: int = 1) -> None:
    """Writes objects of noise as the archive of COIL-100 would, 72 files each.

    Args:
        folder: there already.
        size: height and width.
        objects: how many, from 1 on.
    """
    random = np.random.default_rng(0)
    for number, angle in itertools.product(range(objects), range(0, 360, 5)):
        image = random.integers(0, 256, [size, size, 3], np.uint8)
        path = os.path.join(folder, f"obj{number + 1}__{angle}.png")
        PIL.Image.fromarray(image).save(path)
