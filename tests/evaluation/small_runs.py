"""Folders of runs that needed no training, on images of their own."""

import numpy as np
import PIL.Image

from aeai_tf import checkpoints, runs
from aeai_tf import config as configuration

SPACING = 10  # Degrees: 36 poses.


def save_images(folder) -> str:
    """Writes object 5 as the archive of COIL-100 would: 16 x 16 pixels."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(0)
    for angle in range(0, 360, SPACING):
        image = random.integers(0, 256, [16, 16, 3], np.uint8)
        PIL.Image.fromarray(image).save(folder / f"obj5__{angle}.png")
    return str(folder)


def config(images: str, method: str = "ae", **keys):
    """The configuration of a run; `keys` are set in it, new ones too."""
    made = configuration.load_file(f"configs/{method}.py:coil100/5")
    made.data.coil100_dir = images
    small = {"image_size": 16, "latent_dim": 4, "convs_per_block": 1}
    with made.unlocked():
        made.update(small | keys)
    return made


def save(folder, made, step: int = 3000, model=None) -> str:
    """Makes a run of an untrained model; without one, of a stub."""
    runs.open_folder(str(folder), made)
    if model is None:
        path = folder / "checkpoints" / f"step_{step:08d}.npz"
        path.write_bytes(b"")
    else:
        checkpoints.save(model, str(folder), step)
    return str(folder)


def untrained(folder, made, step: int = 3000) -> str:
    """Makes a run of an untrained model that can be loaded."""
    return save(folder, made, step, runs.build_model(made))
