import errno

import numpy as np
import PIL.Image
import pytest
import requests
import tensorflow_datasets as tfds

from aeai_tf.data import coil100
from aeai_tf.errors import UserError


def write(folder, number, angle, value=0, shape=(128, 128)):
    array = np.full((*shape, 3), value, np.uint8)
    PIL.Image.fromarray(array).save(folder / f"obj{number}__{angle}.png")


@pytest.fixture
def folder(tmp_path):
    """Objects 3 (4 poses) and 12 (1 pose), as in the archive."""
    path = tmp_path / "images"
    path.mkdir()
    for angle in (0, 5, 10, 100):
        write(path, 3, angle, value=angle)
    write(path, 12, 45)
    (path / "convertGroupppm2png.pl").write_text("The archive has this too.")
    return path


def test_load_sorts_by_angle_and_scales(folder):
    images, angles = coil100.load(32, 3, str(folder))
    assert images.dtype == np.float32
    assert images.shape == (4, 32, 32, 3)
    np.testing.assert_array_equal(angles, [0, 5, 10, 100])
    np.testing.assert_allclose(images[:, 7, 9, 1], angles / 255, rtol=1e-6)


def test_load_notices_a_changed_folder(folder):
    coil100.load(32, 3, str(folder))
    write(folder, 3, 0, value=255)
    write(folder, 3, 15)
    images, angles = coil100.load(32, 3, str(folder))
    assert images[0].min() == 1
    np.testing.assert_array_equal(angles, [0, 5, 10, 15, 100])


def test_resizing_is_antialiased(tmp_path):
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 200
    PIL.Image.fromarray(stripes).save(tmp_path / "obj1__0.png")
    images, _ = coil100.load(32, 1, str(tmp_path))
    np.testing.assert_allclose(images[0, :, 4:-4], 100 / 255, atol=2 / 255)


def test_real_images(coil100_dir):
    images, angles = coil100.load(128, 12, coil100_dir)
    np.testing.assert_array_equal(angles, np.arange(0, 360, 5))
    with PIL.Image.open(f"{coil100_dir}/obj12__45.png") as file:
        expected = np.asarray(file, np.float32) / 255
    np.testing.assert_array_equal(images[9], expected)


def test_builder_has_the_features_of_tfds(folder, tmp_path):
    builder = coil100.Coil100Folder(data_dir=str(tmp_path / "tfds"))
    assert set(builder.info.features) == {
        *("image", "angle", "angle_label", "object_id")
    }
    config = tfds.download.DownloadConfig(manual_dir=str(folder))
    builder.download_and_prepare(download_config=config)
    examples = list(tfds.as_numpy(builder.as_dataset("train")))
    assert sorted((e["object_id"], e["angle"]) for e in examples) == [
        *((2, 0), (2, 5), (2, 10), (2, 100), (11, 45))
    ]


def test_without_a_folder_the_set_is_that_of_tfds(monkeypatch):
    def prepared(name, split, data_dir):
        assert (name, split, data_dir) == ("coil100", "train", "/sets")
        image = np.zeros((128, 128, 3), np.uint8)
        labels = [(11, 20), (10, 5), (11, 0), (11, 100)]
        return [
            {"image": image + angle, "object_id": label, "angle": angle}
            for label, angle in labels
        ]

    monkeypatch.setattr(tfds, "load", prepared)
    monkeypatch.setattr(tfds, "as_numpy", lambda dataset: dataset)
    images, angles = coil100.load(16, 12, data_dir="/sets")
    np.testing.assert_array_equal(angles, [0, 20, 100])
    np.testing.assert_allclose(images[:, 0, 0, 0], angles / 255, rtol=1e-6)


@pytest.mark.parametrize(
    "error",
    [requests.ConnectionError("refused"), tfds.download.DownloadError("404")],
)
def test_failed_download_names_the_way_out(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(tfds, "load", fail)
    with pytest.raises(UserError, match=r"--config.data.coil100_dir=FOLDER"):
        coil100.load(32, 12)


def test_full_disk_is_not_taken_for_a_failed_download(monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tfds, "load", fail)
    with pytest.raises(OSError, match="No space left"):
        coil100.load(32, 12)


def test_absent_folder(tmp_path):
    with pytest.raises(UserError, match="absent' does not exist"):
        coil100.load(32, 12, str(tmp_path / "absent"))


def test_folder_without_images(tmp_path):
    (tmp_path / "cat.png").touch()
    with pytest.raises(UserError, match="holds no COIL-100 images"):
        coil100.load(32, 12, str(tmp_path))


def test_absent_object_lists_those_there(folder):
    with pytest.raises(UserError, match=r"object 7 .* has: 3, 12\."):
        coil100.load(32, 7, str(folder))


@pytest.mark.parametrize("number", [0, 101])
def test_object_out_of_range(folder, number):
    with pytest.raises(UserError, match=f"1 to 100, and no object {number}"):
        coil100.load(32, number, str(folder))


@pytest.mark.parametrize("kept", [0, 20, 0.5])
def test_damaged_file_is_named(folder, kept):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (128, 128, 3), np.uint8)
    path = folder / "obj3__10.png"
    PIL.Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if kept < 1 else kept])
    with pytest.raises(UserError, match=r"obj3__10\.png' cannot be read"):
        coil100.load(32, 3, str(folder))


def test_image_that_is_not_square_is_named(folder):
    write(folder, 3, 10, shape=(100, 128))
    with pytest.raises(UserError, match=r"obj3__10\.png' is 128 x 100"):
        coil100.load(32, 3, str(folder))
