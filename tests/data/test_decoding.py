import os
import pathlib

import numpy as np
import PIL.Image
import pytest

from aeai_tf.data import decoding
from aeai_tf.errors import UserError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def save(path, array, **options) -> str:
    PIL.Image.fromarray(np.asarray(array, np.uint8)).save(path, **options)
    return str(path)


def read(path, size=4, fit="crop", background="white"):
    image = decoding.read(str(path), size, fit, background)
    assert image.shape == (size, size, 3)
    assert image.dtype == np.uint8
    return image.astype(int)


def halves(left, right, height=8, width=8):
    """An image whose left half has another colour."""
    image = np.zeros([height, width, 3])
    image[:, : width // 2], image[:, width // 2 :] = left, right
    return image


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "bmp", "gif", "tiff"])
def test_common_formats(tmp_path, kind):
    path = save(tmp_path / f"x.{kind}", halves(RED, BLUE, 32, 32))
    image = read(path)
    np.testing.assert_allclose(image[:, 0], [RED] * 4, atol=12)
    np.testing.assert_allclose(image[:, 3], [BLUE] * 4, atol=12)


def test_a_jpeg_is_read_at_its_real_size_too(tmp_path):
    path = save(tmp_path / "x.jpg", halves(RED, BLUE, 512, 512), quality=95)
    np.testing.assert_allclose(read(path)[:, 0], [RED] * 4, atol=12)


def test_exif_turns_images_upright(tmp_path):
    for orientation, red in ((1, "left"), (3, "right"), (6, "top")):
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        path = save(tmp_path / "x.jpg", halves(RED, BLUE, 32, 32), exif=exif)
        image = read(path)
        where = {
            "left": image[:, 0],
            "right": image[:, -1],
            "top": image[0],
        }
        np.testing.assert_allclose(where[red], [RED] * 4, atol=12)


def test_transparent_pixels_show_the_background(tmp_path):
    pixels = np.zeros([8, 8, 4])
    pixels[:, :4] = (*RED, 255)
    pixels[:, 4:] = (0, 0, 0, 128)
    path = save(tmp_path / "x.png", pixels)
    np.testing.assert_allclose(read(path)[:, 0], [RED] * 4, atol=3)
    np.testing.assert_allclose(read(path)[:, 3], 127, atol=3)
    blue = read(path, background="#0000ff")
    np.testing.assert_allclose(blue[:, 3], [(0, 0, 127)] * 4, atol=3)


def test_palettes_and_their_transparent_colour(tmp_path):
    image = PIL.Image.fromarray(np.uint8(halves(RED, BLUE)))
    palette = image.quantize(2)
    transparent = palette.getpixel((7, 0))
    palette.save(tmp_path / "x.png", transparency=transparent)
    found = read(tmp_path / "x.png", background="lime")
    np.testing.assert_array_equal(found[:, 0], [RED] * 4)
    np.testing.assert_array_equal(found[:, 3], [(0, 255, 0)] * 4)


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path, kind):
    pixels = np.full([8, 8], 65535 // 4, np.uint16)
    PIL.Image.fromarray(pixels).save(tmp_path / f"x.{kind}")
    np.testing.assert_array_equal(read(tmp_path / f"x.{kind}"), 64)


def test_grey_and_bilevel_images(tmp_path):
    np.testing.assert_array_equal(
        read(save(tmp_path / "x.png", np.full([8, 8], 77))), 77
    )
    PIL.Image.new("1", (8, 8), 1).save(tmp_path / "y.png")
    np.testing.assert_array_equal(read(tmp_path / "y.png"), 255)


def test_the_first_frame_counts(tmp_path):
    frames = [PIL.Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read(tmp_path / "x.gif")[0, 0], RED)


def test_wide_images_are_cropped_in_the_middle_or_padded(tmp_path):
    wide = np.full([8, 24, 3], 255)
    wide[:, :8], wide[:, 16:] = RED, BLUE
    path = save(tmp_path / "x.png", wide)
    np.testing.assert_allclose(read(path), 255, atol=16)
    padded = read(path, 12, "pad", "lime")
    np.testing.assert_array_equal(padded[:4], [[(0, 255, 0)] * 12] * 4)
    np.testing.assert_array_equal(padded[6, 0], RED)
    np.testing.assert_array_equal(padded[6, 11], BLUE)


def test_what_is_finer_than_pixels_is_averaged(tmp_path):
    checkers = np.indices([64, 64]).sum(axis=0) % 2 * 255
    image = read(save(tmp_path / "x.png", checkers))
    np.testing.assert_allclose(image, 127.5, atol=2)


def test_broken_files_say_why(tmp_path):
    whole = save(
        tmp_path / "x.png",
        np.random.default_rng(0).integers(0, 256, [64, 64, 3]),
    )
    content = pathlib.Path(whole).read_bytes()
    cases = {
        "text.jpg": (b"hello", "it is no PNG, JPEG"),
        "empty.png": (b"", "it is no PNG, JPEG"),
        "cut.png": (content[: len(content) // 2], "truncated"),
    }
    for name, (broken, reason) in cases.items():
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(decoding.UnusableError, match=reason):
            read(tmp_path / name)
    with pytest.raises(decoding.UnusableError, match="No such file"):
        read(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(decoding.UnusableError, match="no file"):
        read(tmp_path / "pipe.png")
    PIL.Image.fromarray(np.zeros([8, 8], np.float32)).save(tmp_path / "f.tiff")
    with pytest.raises(decoding.UnusableError, match="32 bits"):
        read(tmp_path / "f.tiff")


def test_bad_settings():
    with pytest.raises(UserError, match="none of crop, pad"):
        decoding.check("squeeze", "white")
    with pytest.raises(UserError, match="is no colour"):
        decoding.check("crop", "whit")
