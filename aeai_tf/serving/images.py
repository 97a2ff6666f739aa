"""What a client takes for an image, and how it becomes numbers."""

import io
import os

import numpy as np
from PIL import Image

from aeai_tf.errors import UserError

File = str | os.PathLike | bytes | Image.Image


def read_image_file(file: File) -> bytes:
    """Reads a PNG or JPEG file and makes sure that it is one.

    Args:
        file: a path, the bytes of a file, or an image of Pillow, which
            becomes a PNG.

    Returns:
        The bytes of the file.

    Raises:
        UserError: it is absent, unreadable, or no whole PNG or JPEG.
    """
    if isinstance(file, Image.Image):
        data = io.BytesIO()
        _rgb(file).save(data, "PNG")
        return data.getvalue()
    data, _ = _opened(file)
    return data


def as_batch(images, size: int | None) -> tuple[np.ndarray, bool]:
    """Turns an image, or several, into one array.

    Args:
        images: an array `[height, width, 3]` or `[batch, height, width, 3]`,
            float in [0, 1] or uint8; or a file, squeezed to `size` as the
            server does it; or a list of such images or files.
        size: height and width in pixels; None if unknown.

    Returns:
        `[batch, height, width, 3]` float32, [0, 1], and whether it was one
        image alone.

    Raises:
        UserError: it is neither, or an array of another size.
    """
    if not isinstance(images, list | tuple):
        array = _array(images, size, (3, 4))
        one = array.ndim == 3
        return (array[np.newaxis] if one else array), one
    arrays = [_array(image, size, (3,)) for image in images]
    shapes = sorted({array.shape[:2] for array in arrays})
    if len(shapes) != 1:
        raise UserError(
            f"the images of one batch have one size, not {shapes or 'none'}"
        )
    return np.stack(arrays), False


def as_floats(values, name: str, ranks: tuple[int, ...]) -> np.ndarray:
    """Turns numbers into an array float32 of one of the ranks.

    Raises:
        UserError: they are no numbers, or of another rank; names `name`.
    """
    try:
        array = np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise UserError(f"{name}: not an array of numbers ({error})") from error
    if array.ndim not in ranks:
        raise UserError(
            f"{name}: an array with {' or '.join(map(str, ranks))} dimensions, "
            f"not {list(array.shape)}"
        )
    return array


def _array(image, size: int | None, ranks: tuple[int, ...]) -> np.ndarray:
    if isinstance(image, File):
        image = _pixels(image, size)
    try:
        array = np.asarray(image)
    except ValueError:  # Nested lists of different lengths.
        array = np.empty([], object)
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise UserError(
            "an image is an array, float in [0, 1] or uint8, or a PNG or JPEG "
            f"file, not {type(image).__name__} of {array.dtype}"
        )
    if array.ndim not in ranks or array.shape[-1] != 3:
        raise UserError(
            "images are arrays [height, width, 3] or [batch, height, width, "
            f"3], not {list(array.shape)}"
        )
    height, width = array.shape[-3:-1]
    if size is not None and (height, width) != (size, size):
        raise UserError(
            f"an array of {height} x {width} pixels, where the model takes "
            f"{size} x {size}: only image files are resized"
        )
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    # Values a little outside are honest ones of a model that extrapolates.
    if array.max(initial=0) > 2:
        raise UserError(
            f"images are float in [0, 1] or uint8; these are {array.dtype} "
            f"up to {array.max():g}"
        )
    return array.astype(np.float32, copy=False)


def _pixels(file: File, size: int | None) -> np.ndarray:
    image = file if isinstance(file, Image.Image) else _opened(file)[1]
    image = _rgb(image)
    if size and image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(image)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits: the upper half, as the server.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def _opened(file: str | os.PathLike | bytes) -> tuple[bytes, Image.Image]:
    if isinstance(file, bytes):
        name, data = f"a string of {len(file)} bytes", file
    else:
        name = os.fspath(file)
        try:
            with open(name, "rb") as opened:
                data = opened.read()
        except OSError as error:
            raise UserError(f"cannot read {name}: {error.strerror}") from error
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
        image.load()
    except Image.DecompressionBombError as error:
        raise UserError(f"{name} has too many pixels: {error}") from error
    except Exception as error:  # Broken files raise almost anything.
        raise UserError(f"{name} is no PNG or JPEG image") from error
    return data, image
