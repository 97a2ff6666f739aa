import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds

from aeai_tf.data import image_set
from aeai_tf.data.pole import scene
from aeai_tf.data.pole.pole_dataset_builder import Pole
from aeai_tf.errors import UserError


def plane(image):
    return image[0, 0].astype(int)


def shadow(image):
    """Mask of the pixels that are grey and darker than the plane."""
    image = image.astype(int)
    grey = image.max(-1) - image.min(-1) < 12
    return grey & (image.sum(-1) < 0.75 * plane(image).sum())


def shadow_vector(image):
    """From the pole's foot to the shadow's centre, right and up, in pixels."""
    rows, columns = np.nonzero(shadow(image))
    centre = (len(image) - 1) / 2
    return columns.mean() - centre, centre - rows.mean()


def test_two_renders_are_bit_identical():
    first = scene.render(52.5, 33.0, 48)
    np.testing.assert_array_equal(first, scene.render(52.5, 33.0, 48))
    assert first.shape == (48, 48, 3)
    assert first.dtype == np.uint8


def test_another_process_renders_the_same_bits():
    code = (
        "import sys; from aeai_tf.data.pole import scene;"
        "sys.stdout.buffer.write(scene.render(50, 125.5, 32).tobytes())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    here = scene.render(50, 125.5, 32)
    np.testing.assert_array_equal(
        np.frombuffer(other.stdout, np.uint8).reshape(here.shape), here
    )


@pytest.mark.parametrize("altitude", [45, 80])
def test_lit_plane_is_even(altitude):
    image = scene.render(altitude, 0, 128)
    lower_half = image[80:].reshape(-1, 3)  # The shadow falls to the left.
    assert (lower_half / 255).std(axis=0).max() < 1 / 255
    assert not shadow(image)[80:].any()


@pytest.mark.parametrize("size", [16, 32])
def test_shadow_stays_in_the_frame_at_45_degrees(size):
    for azimuth in range(0, 360, 5):
        image = scene.render(45, azimuth, size).astype(int)
        border = np.concatenate(
            [image[0], image[-1], image[:, 0], image[:, -1]]
        )
        np.testing.assert_array_equal(
            border, np.broadcast_to(plane(image), border.shape)
        )


def test_shadow_falls_away_from_the_light():
    for azimuth in range(0, 360, 30):
        right, up = shadow_vector(scene.render(45, azimuth, 64))
        # The pole hides part of a shadow behind it; the slant of the view
        # shortens it: hence the margin.
        difference = np.degrees(np.arctan2(up, right)) - (azimuth + 180)
        assert abs((difference + 180) % 360 - 180) < 6


@pytest.mark.parametrize("altitude", [45, 57.5, 70])
def test_shadow_has_the_length_of_the_altitude(altitude):
    _, columns = np.nonzero(shadow(scene.render(altitude, 0, 128)))
    tip = scene.HEIGHT / np.tan(np.radians(altitude)) + scene.RADIUS
    assert columns.min() == pytest.approx(
        64 * (1 - tip / scene.HALF_FRAME), abs=1.5
    )


def test_shadow_shrinks_as_the_light_rises():
    areas = [
        shadow(scene.render(altitude, 90, 64)).sum()
        for altitude in (45, 55, 65, 75, 85)
    ]
    assert all(np.diff(areas) < 0)
    assert not shadow(scene.render(90, 0, 64)).any()


def test_azimuth_goes_round():
    np.testing.assert_array_equal(
        scene.render(45, -10, 16), scene.render(45, 350, 16)
    )


@pytest.mark.parametrize("altitude", [0, -5, 90.1])
def test_light_below_the_plane_is_refused(altitude):
    with pytest.raises(ValueError, match="altitude"):
        scene.render(altitude, 0, 16)


def test_process_with_tensorflow_exits_cleanly():
    code = (
        "import tensorflow; from aeai_tf.data.pole import scene;"
        "scene.render(50, 125.5, 16)"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.returncode == 0, process.stderr
    assert "jit" not in process.stderr


def test_missing_mitsuba_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    scene._mitsuba.cache_clear()
    with pytest.raises(UserError, match="pip install mitsuba"):
        scene.render(45, 0, 16)


def test_builder_describes_itself(tmp_path):
    info = tfds.builder("pole/64", data_dir=str(tmp_path)).info
    assert info.full_name == "pole/64/1.0.0"
    assert info.features["image"].shape == (64, 64, 3)
    assert info.features["image"].dtype == np.uint8
    assert info.features["altitude"].dtype == np.float32
    assert info.features["azimuth"].dtype == np.float32
    assert "Shaping the Latent Space" in info.citation
    assert "576 images" in info.description
    assert list(Pole.builder_configs) == ["32", "64", "128"]


def test_examples_have_their_factors(tmp_path):
    data_dir = str(tmp_path)
    Pole(config="32", data_dir=data_dir).download_and_prepare()
    dataset = tfds.load("pole/32", data_dir=data_dir, split="train")
    examples = list(tfds.as_numpy(dataset))
    found = {(e["altitude"], e["azimuth"]) for e in examples}
    assert len(examples) == 576
    assert found == {
        (altitude, azimuth)
        for altitude in range(45, 81, 5)
        for azimuth in range(0, 360, 5)
    }
    for example in examples[::100]:
        np.testing.assert_array_equal(
            example["image"],
            scene.render(example["altitude"], example["azimuth"], 32),
        )


def test_interrupted_generation_leaves_no_set(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(scene, "render", full_disk)
        with pytest.raises(OSError, match="No space left"):
            Pole(config="32", data_dir=str(tmp_path)).download_and_prepare()
    assert not list(tmp_path.glob("pole/32/*"))


def test_two_runs_may_prepare_the_set_at_once(tmp_path, monkeypatch):
    generate = Pole._generate_examples

    def slower_than_another_run(builder):
        monkeypatch.undo()
        image_set.load("pole", 16, seed=0, data_dir=str(tmp_path))
        return generate(builder)

    monkeypatch.setattr(Pole, "_generate_examples", slower_than_another_run)
    pole = image_set.load("pole", 16, seed=0, data_dir=str(tmp_path))
    assert pole.images.shape == (576, 16, 16, 3)
