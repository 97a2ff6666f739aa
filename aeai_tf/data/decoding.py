"""From any image file to a square of 8-bit colours.

In this order: the first frame or page; turned upright as EXIF says; 16 bits
scaled to 8; what is transparent laid on the background; cropped or padded to
a square; resized with Pillow's antialiased Lanczos filter. Colour profiles are
not applied.
"""

import os
import stat

import numpy as np
import PIL.Image
import PIL.ImageColor
import PIL.ImageOps

from aeai_tf.errors import UserError

PIL.Image.init()  # Not at the first file: threads would race for it.

FITS = ("crop", "pad")
# Pillow's names. Its other readers, some of which start programs, stay out.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
WORDS = "PNG, JPEG, WebP, BMP, GIF or TIFF"
# JPEGs are decoded at half, a quarter or an eighth of their size if this many
# pixels remain for one of the result, which is far faster.
PIXELS_KEPT = 3
FULL_SCALE = 257  # 65535 / 255.
LANCZOS = PIL.Image.Resampling.LANCZOS


class UnusableError(Exception):
    """A file that is left out; says why, in half a sentence."""


def read(path: str, size: int, fit: str, background: str) -> np.ndarray:
    """Reads an image file.

    Args:
        path: of the file.
        size: height and width of the result, in pixels.
        fit: "crop", the square in the middle, or "pad", all of it between
            bars of the background.
        background: a colour that Pillow knows, such as "white" or "#808080".

    Returns:
        uint8 `[size, size, 3]`.

    Raises:
        UnusableError: the file is no image, or a broken one.
    """
    try:
        # What opens a pipe waits for somebody to write to it.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UnusableError("it is no file")
        with PIL.Image.open(path, formats=FORMATS) as image:
            image.draft(None, (PIXELS_KEPT * size, PIXELS_KEPT * size))
            colour = PIL.ImageColor.getrgb(background)[:3]
            upright = PIL.ImageOps.exif_transpose(image)
            rgb = _rgb(upright, colour, image.format)
        if fit == "pad":
            return np.asarray(
                PIL.ImageOps.pad(rgb, (size, size), LANCZOS, colour)
            )
        return np.asarray(PIL.ImageOps.fit(rgb, (size, size), LANCZOS))
    except PIL.UnidentifiedImageError as error:
        raise UnusableError(f"it is no {WORDS} image") from error
    except OSError as error:
        raise UnusableError(_half_sentence(error.strerror or error)) from error
    except UnusableError:
        raise
    # Pillow meets broken files with exceptions of a dozen kinds.
    except Exception as error:
        raise UnusableError(_half_sentence(error)) from error


def check(fit: str, background: str) -> None:
    """Refuses what `read` could not follow.

    Raises:
        UserError: says what would do.
    """
    if fit not in FITS:
        raise UserError(f"data.fit={fit!r} is none of {', '.join(FITS)}")
    try:
        PIL.ImageColor.getrgb(background)
    except ValueError as error:
        raise UserError(
            f"data.background={background!r} is no colour; name one, such as "
            f"white, or give it as #rrggbb"
        ) from error


def _rgb(image: PIL.Image.Image, background, kind: str) -> PIL.Image.Image:
    # Pillow before version 11 opens PNGs of 16 bits with mode I.
    if image.mode.startswith("I;16") or (image.mode, kind) == ("I", "PNG"):
        pixels = np.rint(np.asarray(image) / FULL_SCALE).astype(np.uint8)
        image = PIL.Image.fromarray(pixels)
    if image.mode in ("I", "F"):
        raise UnusableError(
            "its pixels have 32 bits and no known range; save it with 8 or 16"
        )
    if not image.has_transparency_data:
        return image.convert("RGB")
    below = PIL.Image.new("RGBA", image.size, background)
    laid = PIL.Image.alpha_composite(below, image.convert("RGBA"))
    return laid.convert("RGB")


def _half_sentence(reason) -> str:
    return " ".join(str(reason).split()).rstrip(".") or type(reason).__name__
