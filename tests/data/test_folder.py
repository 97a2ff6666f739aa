import dataclasses
import os

import numpy as np
import PIL.Image
import pytest

from aeai_tf.data import decoding, folder, image_set
from aeai_tf.errors import UserError


@pytest.fixture
def photos(tmp_path):
    """Six grey images, two of them in a folder of their own."""
    made = tmp_path / "photos"
    (made / "sub").mkdir(parents=True)
    for k, name in enumerate(("b", "a", "sub/d", "c", "sub/a", "e")):
        image = PIL.Image.new("RGB", (12 + k, 10), (40 * k,) * 3)
        image.save(made / f"{name}.png")
    return made


@pytest.fixture
def source(photos, tmp_path):
    return folder.Source(str(photos), cache_dir=str(tmp_path / "cache"))


def load(source, size=4, seed=0):
    return image_set.load("folder", size, seed=seed, own=source)


def test_all_images_in_the_order_of_their_names(source):
    images = load(source)
    assert images.name == "folder/photos"
    assert images.files == (
        *("a.png", "b.png", "c.png", "e.png", "sub/a.png", "sub/d.png"),
    )
    assert images.images.shape == (6, 4, 4, 3)
    assert images.images.dtype == np.float32
    np.testing.assert_allclose(
        images.images[:, 0, 0, 0] * 255, [40, 0, 120, 200, 160, 80], atol=1e-4
    )
    assert images.factors == images.periods == {}
    assert images.label(4) == "sub/a.png"
    assert images.between(0, 1, 0.5) is None
    assert len(images.train) == 4
    both = np.concatenate([images.train, images.held_out])
    np.testing.assert_array_equal(np.sort(both), range(6))
    again = load(source)
    np.testing.assert_array_equal(images.train, again.train)


def test_other_files_are_left_out_with_a_sentence(source, photos, capsys):
    (photos / "notes.txt").write_text("hello")
    (photos / "cut.png").write_bytes((photos / "a.png").read_bytes()[:50])
    (photos / ".DS_Store").write_text("passed over")
    (photos / ".hidden").mkdir()
    (photos / ".hidden/a.png").write_text("passed over")
    (photos / "gone.png").symlink_to("nowhere")
    (photos / "f.png").write_bytes((photos / "a.png").read_bytes())
    os.rename(photos / "f.png", os.fsencode(photos) + b"/\xff.png")
    assert len(load(source).images) == 6
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 4
    for line, name, reason in zip(
        said,
        ("\\udcff.png", "cut.png", "gone.png", "notes.txt"),
        ("no line of UTF-8", "", "No such file", "it is no PNG, JPEG"),
        strict=True,
    ):
        assert line.startswith("left out ")
        assert name in line
        assert reason in line


def test_factors_come_from_a_file(source, photos, capsys):
    table = photos / "factors.csv"
    table.write_text(
        "file,angle:360\na.png,0\nb.png,90\nc.png,180\nsub/a.png,270\nx.png,5\n"
    )
    images = load(dataclasses.replace(source, factors=str(table)))
    assert images.files == ("a.png", "b.png", "c.png", "sub/a.png")
    np.testing.assert_array_equal(images.factors["angle"], [0, 90, 180, 270])
    assert images.periods == {"angle": 360.0}
    np.testing.assert_array_equal(images.between(0, 3, 1.0), images.images[3])
    said = capsys.readouterr().err
    assert "left out 'e.png', 'sub/d.png' of" in said
    assert "names no usable image by 'x.png'" in said
    assert len(said.splitlines()) == 2  # None of factors.csv itself.


def test_decoded_images_are_kept(source, photos, monkeypatch):
    first = load(source)
    decoded = []
    read = decoding.read

    def counting(path, *arguments):
        decoded.append(os.path.basename(path))
        return read(path, *arguments)

    monkeypatch.setattr(decoding, "read", counting)
    np.testing.assert_array_equal(load(source).images, first.images)
    assert not decoded
    PIL.Image.new("RGB", (9, 9), "red").save(photos / "b.png")
    second = load(source)
    np.testing.assert_array_equal(second.images[1, 0, 0], [1, 0, 0])
    assert decoded == ["b.png"]
    load(dataclasses.replace(source, fit="pad"))
    load(source, size=5)
    assert len(decoded) == 1 + 2 * 6
    for cache in os.scandir(source.cache_dir):
        open(cache.path, "wb").close()
    np.testing.assert_array_equal(load(source).images, second.images)


def test_a_cache_that_cannot_be_written_is_done_without(source, photos):
    (photos.parent / "file").write_text("")
    where = str(photos.parent / "file" / "cache")
    assert len(load(dataclasses.replace(source, cache_dir=where)).images) == 6


def test_nothing_usable(tmp_path, source, photos):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="has 0 usable images, of 0 files"):
        load(folder.Source(str(empty)))
    for name in ("a", "b", "c"):
        (photos / f"{name}.png").write_text("")
    with pytest.raises(UserError, match=r"3 usable images, of 6.*at least 4"):
        load(source)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dir": ""}, "--config.data.dir=FOLDER"),
        ({"dir": "nowhere"}, "'nowhere' does not exist"),
        ({"dir": __file__}, "is a file"),
        ({"fit": "squeeze"}, "none of crop, pad"),
        ({"factor_columns": "angle"}, "--config.data.factors=FILE.csv"),
        ({"factors": "nowhere.csv"}, "cannot be read"),
    ],
)
def test_bad_sources(source, fields, message):
    with pytest.raises(UserError, match=message):
        load(dataclasses.replace(source, **fields))


def test_a_folder_that_may_not_be_read(source, monkeypatch):
    def walk(top, onerror):
        onerror(PermissionError(13, "Permission denied", top))

    monkeypatch.setattr(os, "walk", walk)
    with pytest.raises(UserError, match=r"cannot be read .Permission denied"):
        load(source)
