import os

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from aeai_tf.evaluation import figures, measured, tensorboard
from tests.evaluation import made_up


@pytest.fixture
def picture(tmp_path):
    path = str(tmp_path / "one.png")
    pixels = np.random.default_rng(0).integers(0, 256, [4, 6, 3], np.uint8)
    PIL.Image.fromarray(pixels).save(path)
    return figures.Figure("one", "One", "A caption.", path, ""), pixels


def events(folder):
    found = event_accumulator.EventAccumulator(
        os.path.join(folder, "logs", "evaluation"),
        size_guidance={"tensors": 0},
    )
    found.Reload()
    return {
        tag: sorted(
            (event.step, tf.make_ndarray(event.tensor_proto))
            for event in found.Tensors(tag)
        )
        for tag in found.Tags()["tensors"]
    }


def test_every_run_has_its_methods_numbers_and_pictures(tmp_path, picture):
    figure, pixels = picture
    metrics = made_up.metrics(["pixel_blend", "ae", "aeai"], "pole")
    folders = {
        method: [str(tmp_path / f"{method}_{k}") for k in range(2)]
        for method in ("ae", "aeai")
    }
    tensorboard.write(metrics, [figure], folders)
    for method, found in folders.items():
        numbers = measured.numbers(metrics["methods"][method])
        for k, folder in enumerate(found):
            logged = events(folder)
            assert set(logged) == {
                "figures/one",
                *("/".join(path) for path in numbers),
            }
            for path, number in numbers.items():
                ((step, value),) = logged["/".join(path)]
                assert step == 3000 + k
                assert value == np.float32(number["value"])
            ((step, image),) = logged["figures/one"]
            assert step == 3000 + k
            np.testing.assert_array_equal(tf.io.decode_png(image[2]), pixels)


def test_another_evaluation_of_the_same_step_replaces_the_first(
    tmp_path, picture
):
    metrics = made_up.metrics(["ae"])
    metrics["runs"]["ae"] = metrics["runs"]["ae"][:1]
    folders = {"ae": [str(tmp_path / "[ae]")]}
    tensorboard.write(metrics, [picture[0]], folders)
    number = metrics["methods"]["ae"]["reconstruction"]["train"]
    number["value"] = 0.25
    tensorboard.write(metrics, [], folders)
    metrics["runs"]["ae"][0]["steps"] = 4000
    number["value"] = 0.125
    tensorboard.write(metrics, [], folders)
    logged = events(folders["ae"][0])
    assert logged["reconstruction/train"] == [(3000, 0.25), (4000, 0.125)]
    assert "figures/one" not in logged
