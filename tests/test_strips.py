import os

import numpy as np
import pytest
from PIL import Image

from aeai_tf import strips


def _ramp(steps, side=8):
    values = np.linspace(0, 1, steps)[:, None, None, None]
    return values * np.ones([steps, side, side, 3])


def test_images_stand_enlarged_without_smoothing_in_rows_and_columns():
    images = np.random.default_rng(0).random([3, 10, 10, 3])
    strip = strips.draw_strip({"a": images, "b": 1 - images}, [0, 0.5, 1])
    assert strip.dtype == np.uint8
    expected = np.rint(images * 255).astype(np.uint8)
    expected = expected.repeat(7, 1).repeat(7, 2)  # 10 px to at least 64.
    left = strip.shape[1] - 3 * 74
    top = strip.shape[0] - 2 * 74
    for column in range(3):
        x = left + column * 74
        np.testing.assert_array_equal(
            strip[top : top + 70, x : x + 70], expected[column]
        )
        np.testing.assert_array_equal(
            strip[top + 74 : top + 144, x : x + 70], 255 - expected[column]
        )


def test_names_and_alphas_are_written():
    def dark(strip):
        return (strip.min(-1) < 100).nonzero()

    white = np.ones([2, 64, 64, 3])
    rows, _ = dark(strips.draw_strip({"name": white}, [0, 1]))
    assert {row < 22 for row in rows} == {True, False}
    wide = strips.draw_strip({"a much longer name": white}, [0, 1])
    assert wide.shape[1] > strips.draw_strip({"n": white}, [0, 1]).shape[1]
    left = wide.shape[1] - 2 * 68
    name = wide[22:, :left]
    assert dark(name)[0].size > 50


def test_values_outside_the_range_are_clipped():
    strip = strips.draw_strip({"a": np.full([1, 64, 64, 3], 1.5)}, [0])
    assert (strip[-34, -34] == 255).all()


@pytest.mark.parametrize(
    "rows",
    [
        {},
        {"a": _ramp(3)},
        {"a": _ramp(2), "b": _ramp(2, side=9)},
        {"a": _ramp(2)[..., :1]},
    ],
)
def test_rows_that_do_not_fit_are_refused(rows):
    with pytest.raises(ValueError, match=r"row|strip"):
        strips.draw_strip(rows, [0, 1])


def test_save_strip_writes_what_draw_strip_draws(tmp_path):
    strips.save_strip(tmp_path / "s.png", {"a": _ramp(2)}, [0, 1], 16)
    np.testing.assert_array_equal(
        np.asarray(Image.open(tmp_path / "s.png")),
        strips.draw_strip({"a": _ramp(2)}, [0, 1], 16),
    )
    assert os.listdir(tmp_path) == ["s.png"]


def test_gif_goes_there_and_back_for_ever(tmp_path):
    strips.save_gif(tmp_path / "s.gif", _ramp(4), milliseconds=50)
    gif = Image.open(tmp_path / "s.gif")
    assert gif.size == (64, 64)
    assert gif.info["loop"] == 0
    seen = []
    for frame in range(gif.n_frames):
        gif.seek(frame)
        assert gif.info["duration"] == 50
        seen.append(gif.convert("RGB").getpixel((0, 0))[0])
    assert seen == [0, 85, 170, 255, 170, 85]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch
):
    path = tmp_path / "s.gif"
    path.write_text("old")

    def fill_disk(self, file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fill_disk)
    with pytest.raises(OSError, match="No space") as caught:
        strips.save_gif(path, _ramp(2))
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["s.gif"]
