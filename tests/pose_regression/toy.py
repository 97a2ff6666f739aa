"""A turntable that is easily learned: a bright spot that goes round."""

import numpy as np
import PIL.Image

from aeai_tf.pose_regression import study

SIZE = 16
POSES = 72
DATA = "coil100/5"


def draw(angles) -> np.ndarray:
    """Images of the spot, `[n, 16, 16, 3]`."""
    radians = np.radians(np.asarray(angles, np.float32))[:, None, None]
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    squares = np.square(columns - 5 * np.cos(radians)) + np.square(
        rows - 5 * np.sin(radians)
    )
    spot = np.exp(-squares / 8).astype(np.float32)
    return np.repeat(spot[..., None], 3, axis=-1)


def save(folder) -> str:
    """Writes object 5 as the archive of COIL-100 would: 16 x 16 pixels."""
    angles = np.arange(0, 360, 360 // POSES)
    for angle, image in zip(angles, draw(angles), strict=True):
        pixels = np.rint(255 * image).astype(np.uint8)
        PIL.Image.fromarray(pixels).save(folder / f"obj5__{angle}.png")
    return str(folder)


def fixed(images: str, **keys) -> dict:
    """Values for tiny autoencoders."""
    small = {
        "image_size": SIZE,
        "batch_size": 4,
        "latent_dim": 4,
        "convs_per_block": 1,
        "steps": 2,
        "data.coil100_dir": images,
    }
    return small | keys


def make(folder, images: str = "", **values) -> study.Study:
    """A tiny study; `values` are those of its attributes that are others."""
    small = {
        "images": {DATA: POSES},
        "methods": ("ae", "pixel_blend"),
        "poses": (8,),
        "seeds": (0,),
        "fixed": fixed(images),
        "samples": 20,
        "regressor_steps": 3,
    }
    return study.Study(folder=str(folder), **(small | values))
