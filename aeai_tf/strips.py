"""Interpolations as pictures: labelled strips (PNG) and loops (GIF)."""

import contextlib
import math
import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT_SIZE = 14
GAP = 4  # Pixels between images.
BACKGROUND = "#e8e8e8"  # White images stand out from it.


def draw_strip(
    rows: Mapping[str, np.ndarray],
    alphas: Sequence[float],
    min_side: int = 64,
) -> np.ndarray:
    """Draws a grid of images: a labelled row an entry, a column an alpha.

    Args:
        rows: name at the left of the row -> images `[steps, height, width,
            3]`, [0, 1] (values outside are clipped); all of one shape.
        alphas: `steps` numbers, written above the columns.
        min_side: pixels. Smaller images are enlarged by a whole factor,
            without smoothing, until both sides are at least this long.

    Returns:
        `[picture_height, picture_width, 3]` uint8.

    Raises:
        ValueError: no rows, rows of different shapes, or another number of
            alphas than images.
    """
    if not rows:
        raise ValueError("a strip needs at least one row")
    shape = np.shape(next(iter(rows.values())))
    if len(shape) != 4 or shape[-1] != 3 or shape[0] != len(alphas):
        raise ValueError(
            f"a row must be [{len(alphas)}, height, width, 3] for "
            f"{len(alphas)} alphas, not {list(shape)}"
        )
    for name, images in rows.items():
        if np.shape(images) != shape:
            raise ValueError(
                f"row {name!r} is {list(np.shape(images))}, "
                f"the first one {list(shape)}"
            )
    font = ImageFont.load_default(FONT_SIZE)
    factor = _factor(shape, min_side)
    height, width = shape[1] * factor + GAP, shape[2] * factor + GAP
    left = GAP + max(math.ceil(font.getlength(name)) for name in rows) + GAP
    top = FONT_SIZE + 2 * GAP
    picture = Image.new(
        "RGB",
        (left + len(alphas) * width, top + len(rows) * height),
        BACKGROUND,
    )
    draw = ImageDraw.Draw(picture)
    for column, alpha in enumerate(alphas):
        middle = left + column * width + (width - GAP) / 2
        text = f"{alpha:.3g}"
        draw.text((middle, top / 2), text, "black", font, anchor="mm")
    for row, (name, images) in enumerate(rows.items()):
        y = top + row * height
        middle = y + (height - GAP) / 2
        draw.text((left - GAP, middle), name, "black", font, anchor="rm")
        for column, image in enumerate(_enlarge(images, factor)):
            picture.paste(Image.fromarray(image), (left + column * width, y))
    return np.asarray(picture)


def save_strip(
    path: str | os.PathLike,
    rows: Mapping[str, np.ndarray],
    alphas: Sequence[float],
    min_side: int = 64,
) -> None:
    """Writes `draw_strip` as a PNG, whole or not at all.

    Args:
        path: of the PNG; a file there is replaced.
        rows: as in `draw_strip`.
        alphas: as in `draw_strip`.
        min_side: as in `draw_strip`.

    Raises:
        ValueError: as in `draw_strip`.
        OSError: the file cannot be written.
    """
    picture = Image.fromarray(draw_strip(rows, alphas, min_side))
    _write(path, lambda file: picture.save(file, format="PNG"))


def save_gif(
    path: str | os.PathLike,
    images: np.ndarray,
    milliseconds: int = 80,
    min_side: int = 64,
) -> None:
    """Writes an endless loop there and back as a GIF, whole or not at all.

    Args:
        path: of the GIF; a file there is replaced.
        images: `[steps, height, width, 3]`, [0, 1] (values outside are
            clipped), steps at least 1.
        milliseconds: a frame; GIF rounds it to tens.
        min_side: pixels; as in `draw_strip`.

    Raises:
        OSError: the file cannot be written.
    """
    enlarged = _enlarge(images, _factor(np.shape(images), min_side))
    frames = [Image.fromarray(image) for image in enlarged]
    frames += frames[-2:0:-1]
    _write(
        path,
        lambda file: frames[0].save(
            file,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=milliseconds,
            loop=0,
        ),
    )


def _factor(shape: Sequence[int], min_side: int) -> int:
    return max(1, math.ceil(min_side / min(shape[1], shape[2])))


def _enlarge(images: np.ndarray, factor: int) -> np.ndarray:
    pixels = np.rint(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def _write(
    path: str | os.PathLike, write_to: Callable[[BinaryIO], None]
) -> None:
    path = os.fspath(path)
    temporary = f"{path}.{uuid.uuid4().hex}.part"
    try:
        with open(temporary, "wb") as file:
            write_to(file)
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        if isinstance(error, OSError):  # Names the file that was asked for.
            raise type(error)(error.errno, error.strerror, path) from error
        raise
