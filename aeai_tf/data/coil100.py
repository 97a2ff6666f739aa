"""COIL-100: 100 objects on a turntable, an image every 5 degrees.

S. A. Nene, S. K. Nayar, H. Murase, "Columbia Object Image Library
(COIL-100)", CUCS-006-96, 1996. For non-commercial research only.

The images come from TFDS's own `coil100`, which downloads the university's
archive, or from a folder with the archive's files, whole or in part.
"""

import os
import re
from collections.abc import Iterator

import numpy as np
import PIL.Image
import tensorflow_datasets as tfds
from tensorflow_datasets.datasets.coil100 import coil100_dataset_builder

from aeai_tf.errors import UserError

_FILE_NAME = re.compile(r"obj(\d+)__(\d+)\.png")
_USE_A_FOLDER = (
    "pass --config.data.coil100_dir=FOLDER, where FOLDER holds the archive's "
    "images (obj12__45.png and so on)"
)


class Coil100Folder(coil100_dataset_builder.Builder):
    """TFDS's `coil100` from a folder of the user's, without a download.

    The folder is TFDS's manual directory
    (`tfds.download.DownloadConfig(manual_dir=...)`). `load` reads the same
    examples straight from the folder: TFDS would keep its first copy of them
    and never look at the folder again, and 72 small files need no copy.
    """

    MANUAL_DOWNLOAD_INSTRUCTIONS = "The archive's files, obj1__0.png and on."

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(dl_manager.manual_dir)}

    def _generate_examples(self, data_dir_path):
        yield from examples(os.fspath(data_dir_path))


def examples(
    directory: str, object_number: int | None = None
) -> Iterator[tuple[str, dict]]:
    """Reads a folder of the archive's images.

    Args:
        directory: with files `obj{N}__{angle}.png`. Other files are ignored.
        object_number: 1 to 100; None reads all objects.

    Yields:
        The file's name, and the features of TFDS's `coil100`: `image` uint8
        `[height, width, 3]` (the archive's are 128 x 128), `angle` in
        degrees, `angle_label`, and `object_id` such as "obj12".

    Raises:
        UserError: the folder or the object is absent, or a file is not a
            square image that can be decoded.
    """
    if not os.path.isdir(directory):
        raise UserError(
            f"The COIL-100 folder {directory!r} does not exist: "
            f"{_USE_A_FOLDER}."
        )
    matches = [_FILE_NAME.fullmatch(name) for name in os.listdir(directory)]
    poses = sorted(
        (int(match[1]), int(match[2]), match[0]) for match in matches if match
    )
    if not poses:
        raise UserError(
            f"The folder {directory!r} holds no COIL-100 images: "
            f"{_USE_A_FOLDER}."
        )
    objects = sorted({number for number, _, _ in poses})
    if object_number is not None and object_number not in objects:
        raise UserError(
            f"COIL-100 object {object_number} is not in {directory!r}, which "
            f"has: {', '.join(map(str, objects))}."
        )
    for number, angle, name in poses:
        if object_number in (None, number):
            yield (
                name,
                {
                    "image": _read(os.path.join(directory, name)),
                    "angle_label": str(angle),
                    "object_id": f"obj{number}",
                    "angle": angle,
                },
            )


def load(
    size: int,
    object_number: int,
    directory: str = "",
    data_dir: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Loads the images of one object, in order of angle.

    Args:
        size: height and width of the result, in pixels. The images are
            resized with Pillow's antialiased Lanczos filter, in 8 bits.
        object_number: 1 to 100.
        directory: a folder with the archive's files, read afresh every time.
            If empty, the set comes from TFDS, which downloads it once.
        data_dir: where TFDS keeps prepared sets; by default
            `~/tensorflow_datasets`.

    Returns:
        Images, float32 `[n, size, size, 3]` in [0, 1], and their angles,
        float32 `[n]` in degrees; n is 72 for an object of the whole archive.

    Raises:
        UserError: there is no such object, the folder or a file in it is bad
            (see `examples`), or the download failed.
    """
    if not 1 <= object_number <= 100:
        raise UserError(
            f"COIL-100 has objects 1 to 100, and no object {object_number}."
        )
    if directory:
        pairs = [
            (example["angle"], example["image"])
            for _, example in examples(directory, object_number)
        ]
    else:
        pairs = [
            (int(example["angle"]), example["image"])
            for example in _prepared(data_dir)
            if example["object_id"] == object_number - 1
        ]
        pairs.sort(key=lambda pair: pair[0])
    angles, images = zip(*pairs, strict=True)
    resized = np.stack([_resize(image, size) for image in images])
    return resized.astype(np.float32) / 255, np.array(angles, np.float32)


def _prepared(data_dir: str | None):
    try:
        dataset = tfds.load("coil100", split="train", data_dir=data_dir)
    except (
        OSError,
        tfds.download.DownloadError,
        tfds.core.download.download_manager.NonMatchingChecksumError,
    ) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # A full disk, say: not the network's failure.
        raise UserError(
            f"COIL-100 could not be downloaded ({type(error).__name__}): try "
            f"again, or {_USE_A_FOLDER}."
        ) from error
    return tfds.as_numpy(dataset)


def _read(path: str) -> np.ndarray:
    try:
        with PIL.Image.open(path) as file:
            image = np.asarray(file.convert("RGB"))
    except (OSError, SyntaxError) as error:  # Pillow's for a broken PNG.
        raise UserError(
            f"{path!r} cannot be read as an image ({error}): copy it from the "
            "archive again."
        ) from error
    if image.shape[0] != image.shape[1]:
        raise UserError(
            f"{path!r} is {image.shape[1]} x {image.shape[0]} pixels, but "
            "COIL-100 images are square: copy it from the archive again."
        )
    return image


def _resize(image: np.ndarray, size: int) -> np.ndarray:
    if image.shape[0] == size:
        return image
    resized = PIL.Image.fromarray(image).resize(
        (size, size), PIL.Image.Resampling.LANCZOS
    )
    return np.asarray(resized)
