"""A data set in memory: images, the factors behind them, and the split."""

import dataclasses
import difflib
import functools
import math
import re
from collections.abc import Callable

import numpy as np

from aeai_tf.data import folder
from aeai_tf.errors import UserError

NAMES = (
    "pole",
    *(f"coil100/{number}" for number in range(1, 101)),
    folder.NAME,
)


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Images, mostly with known factors, such as the angle of a turntable.

    Attributes:
        name: "pole", "coil100/12" for object 12, or "folder/photos" for a
            folder of that name.
        images: float32 `[n, size, size, 3]` in [0, 1], in order of factors,
            or of `files`.
        factors: each factor's values, float32 `[n]` in degrees: altitude and
            azimuth for the pole, angle for COIL-100. Those of a folder are in
            units of their own; it may have none.
        periods: in degrees, 360 for a factor that goes round; None for one
            that does not.
        train: sorted indices of the images to train on, int64.
        held_out: sorted indices of all other images; may be empty.
        render: the true uint8 image `[size, size, 3]` for any factors, given
            by name, or None if only `images` are known.
        files: of a folder, the images' names in it; else empty.
    """

    name: str
    images: np.ndarray
    factors: dict[str, np.ndarray]
    periods: dict[str, float | None]
    train: np.ndarray
    held_out: np.ndarray
    render: Callable[..., np.ndarray] | None = None
    files: tuple[str, ...] = ()

    def label(self, index: int) -> str:
        """Names an image: by its file, else as "altitude 45 azimuth 10"."""
        if self.files:
            return self.files[index]
        return " ".join(
            f"{name} {values[index]:g}" for name, values in self.factors.items()
        )

    def between(
        self, source: int, target: int, alpha: float
    ) -> np.ndarray | None:
        """Returns the true image on the way between two images.

        The way is the straight line between their factors; round a circle it
        is the shorter of the two arcs, and the one of rising angle if both
        are half the circle.

        Args:
            source: index of the image at alpha 0.
            target: index of the image at alpha 1.
            alpha: in [0, 1].

        Returns:
            float32 `[size, size, 3]` in [0, 1]: the stored image if the set
            has one there, else a rendered one; None if there is neither,
            or no factor.
        """
        if not self.factors:
            return None
        point = {
            name: self._point(name, source, target, alpha)
            for name in self.factors
        }
        there = np.logical_and.reduce(
            [
                np.abs(_wrap(values - point[name], self.periods[name])) < 1e-3
                for name, values in self.factors.items()
            ]
        )
        if there.any():
            return self.images[np.argmax(there)]
        if self.render is None:
            return None
        return self.render(**point).astype(np.float32) / 255

    def difference(
        self, factor: str, source: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Returns how far a factor is from one image to another.

        Args:
            factor: its name.
            source: indices of images, of any shape.
            target: indices, of a shape that goes with it.

        Returns:
            Degrees, signed; of a factor with a period the shorter way round,
            in (-period / 2, period / 2].
        """
        values = self.factors[factor]
        return _wrap(values[target] - values[source], self.periods[factor])

    def _point(
        self, name: str, source: int, target: int, alpha: float
    ) -> float:
        way = float(self.difference(name, source, target))
        return float(self.factors[name][source]) + alpha * way


def load(
    name: str,
    size: int,
    *,
    seed: int,
    train_fraction: float = 0.8,
    coil100_dir: str = "",
    data_dir: str | None = None,
    own: folder.Source | None = None,
) -> ImageSet:
    """Loads a data set and splits it.

    Pole images are rendered at `size`, once: TFDS keeps them. COIL-100 images
    are resized (`aeai_tf.data.coil100.load`).

    Args:
        name: "pole", "coil100/N" for object N, 1 to 100, or "folder".
        size: height and width of the images, in pixels.
        seed: of the split, 0 or more. It depends on the number of images and
            this seed only.
        train_fraction: in (0, 1]; the number of training images is rounded
            down, so that 0.8 makes 460 of 576, and 57 of 72.
        coil100_dir: folder with the files of the COIL-100 archive, instead of
            a download.
        data_dir: where TFDS keeps prepared sets; by default
            `~/tensorflow_datasets`.
        own: of "folder", where the images are.

    Raises:
        UserError: an argument is out of range, the data cannot be had, or
            fewer than 2 images would be left to train on.
    """
    check_name(name)
    _check(size, seed, train_fraction)
    if name == folder.NAME:
        fields = folder.load(own or folder.Source(""), size)
    elif name == "pole":
        fields = {"name": name, **_pole(size, data_dir)}
    else:
        number = int(name.removeprefix("coil100/"))
        fields = {
            "name": name,
            **_coil100(size, number, coil100_dir, data_dir),
        }
    count = len(fields["images"])
    train_count = math.floor(count * train_fraction + 1e-9)
    if train_count < 2:
        raise UserError(
            f"{name} has {count} images, of which {train_count} are for "
            "training: training takes pairs, so at least 2 are needed."
        )
    order = np.random.default_rng([seed, count]).permutation(count)
    return ImageSet(
        train=np.sort(order[:train_count]),
        held_out=np.sort(order[train_count:]),
        **fields,
    )


def check_name(name: str) -> None:
    """Refuses a name that is not in `NAMES`.

    Raises:
        UserError: suggests the nearest one.
    """
    if name not in NAMES:
        preset = (
            "; behind a comma comes a preset of a method that learns: "
            "pole,tuned or pole,paper"
        )
        raise UserError(
            f"unknown data set {name!r}{_suggestion(name)}; there are pole, "
            "coil100/1 to coil100/100, and folder: your own images"
            f"{preset if ',' in name else ''}"
        )


def _check(size: int, seed: int, train_fraction: float) -> None:
    if size < 1:
        raise UserError(f"The image size must be 1 or more, not {size}.")
    if seed < 0:
        raise UserError(f"The seed must be 0 or more, not {seed}.")
    if not 0 < train_fraction <= 1:
        raise UserError(
            "The fraction of images to train on must be above 0 and at most "
            f"1, not {train_fraction}."
        )


def _suggestion(name: str) -> str:
    if re.fullmatch(r"coil100/-?\d+", name):
        return ""  # A number out of range: no other is nearer to it.
    nearest = difflib.get_close_matches(name.lower(), NAMES, n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""


def _pole(size: int, data_dir: str | None) -> dict:
    import tensorflow_datasets as tfds

    from aeai_tf.data.pole import pole_dataset_builder, scene

    config = pole_dataset_builder.Pole.config_for(size)
    builder = pole_dataset_builder.Pole(config=config, data_dir=data_dir)
    try:
        builder.download_and_prepare()
    except FileExistsError:
        if not builder.is_prepared():
            raise
        # Another run has prepared the set meanwhile.
        builder = pole_dataset_builder.Pole(config=config, data_dir=data_dir)
    examples = tfds.as_numpy(builder.as_dataset("train", batch_size=-1))
    order = np.lexsort((examples["azimuth"], examples["altitude"]))
    return {
        "images": examples["image"][order].astype(np.float32) / 255,
        "factors": {
            "altitude": examples["altitude"][order],
            "azimuth": examples["azimuth"][order],
        },
        "periods": {"altitude": None, "azimuth": 360.0},
        "render": functools.partial(scene.render, size=size),
    }


def _coil100(
    size: int, number: int, directory: str, data_dir: str | None
) -> dict:
    from aeai_tf.data import coil100

    images, angles = coil100.load(size, number, directory, data_dir)
    return {
        "images": images,
        "factors": {"angle": angles},
        "periods": {"angle": 360.0},
    }


def _wrap(difference: np.ndarray | float, period: float | None):
    """Brings differences into (-period / 2, period / 2]."""
    if period is None:
        return difference
    return period / 2 - (period / 2 - difference) % period
