"""Runs on a folder of images, from training to evaluation and export."""

import os
import shutil

import numpy as np
import PIL.Image
import pytest

from aeai_tf import config as configuration
from aeai_tf import methods, runs, training
from aeai_tf.errors import UserError
from aeai_tf.evaluation import comparison, plan


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve poses and the file of their factors."""
    made = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    lines = ["file,angle:360"]
    for angle in range(0, 360, 30):
        image = random.integers(0, 256, [16, 20, 3], np.uint8)
        PIL.Image.fromarray(image).save(made / f"{angle:03d}.png")
        lines.append(f"{angle:03d}.png,{angle}")
    (made / "factors.csv").write_text("\n".join(lines) + "\n")
    return made


def configured(photos, method="pixel_blend", **data):
    config = configuration.load_file(f"configs/{method}.py:folder")
    config.data.dir = str(photos)
    config.data.cache_dir = str(photos / ".cache")
    config.data.update(data)
    config.image_size = 16
    configuration.check(config)
    return config


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """A run that knew no factors."""
    folder = str(tmp_path_factory.mktemp("runs") / "blend")
    assert training.train(configured(photos), folder) == 0
    return folder


@pytest.mark.parametrize("method", methods.REGISTRY)
def test_every_method_takes_a_folder(photos, method):
    config = configured(photos, method)
    data = runs.load_data(config)
    assert data.images.shape == (12, 16, 16, 3)
    assert configuration.from_json(configuration.to_json(config)) == config


def test_strips_are_named_by_the_files(run):
    names = os.listdir(os.path.join(run, "strips", "step_00000000"))
    assert names
    assert all(name.endswith("_held_out.png") for name in names)
    assert all("_to_" in name for name in names)


def test_a_run_knows_its_images(run, photos, tmp_path):
    with open(os.path.join(run, "images.csv")) as file:
        rows = [line.split(",") for line in file]
    assert [row[0] for row in rows] == sorted(
        name for name in os.listdir(photos) if name.endswith(".png")
    )
    assert [row[1] for row in rows].count("held_out") == 3
    moved = tmp_path / "moved"
    shutil.copytree(photos, moved)
    run = shutil.copytree(run, tmp_path / "run")
    assert training.train(configured(moved), str(run)) == 0
    shutil.copy(moved / "030.png", moved / "000.png")
    with pytest.raises(UserError, match=r"images.csv lists: 000.png differ"):
        training.train(configured(moved), str(run))
    with pytest.raises(UserError, match="are not those"):
        comparison.evaluate([str(run)], dir=str(moved))


def test_evaluation_asks_for_factors(run, photos):
    with pytest.raises(UserError, match=r"--factors=FILE.csv"):
        comparison.evaluate([run])
    factors = str(photos / "factors.csv")
    measured, _, _ = comparison.evaluate([run], factors=factors)
    assert measured["data_set"] == f"folder/{photos.name}"
    assert measured["intervals"]["factor"] == "angle"
    blend = measured["methods"]["pixel_blend"]
    assert set(blend["mse_vs_interval"]["all_pairs"]) == {"60"}


def test_places_of_another_data_set_are_refused(run):
    with pytest.raises(UserError, match="--coil100_dir does not say"):
        comparison.evaluate([run], coil100_dir="coil-100")


def test_factors_in_units_of_their_own(photos, tmp_path):
    table = tmp_path / "hours.csv"
    names = sorted(n for n in os.listdir(photos) if n.endswith(".png"))
    rows = [f"{name},{2 * k}" for k, name in enumerate(names)]
    table.write_text("file,hour:24\n" + "\n".join(rows))
    planned = plan.make(runs.load_data(configured(photos, factors=str(table))))
    assert [kind.change for kind in planned.kinds] == [
        {"hour": float(hours)} for hours in (4, 6, 8, 10)
    ]
    assert "hour is in a unit of its own" in planned.notes[0]


def test_uneven_factors_cannot_be_measured(photos, tmp_path):
    table = tmp_path / "uneven.csv"
    names = sorted(n for n in os.listdir(photos) if n.endswith(".png"))
    rows = [f"{name},{2.0**k}" for k, name in enumerate(names)]
    table.write_text("file,light\n" + "\n".join(rows))
    data = runs.load_data(configured(photos, factors=str(table)))
    with pytest.raises(UserError, match=r"evenly spaced.* 1 .light"):
        plan.make(data)
    table.write_text(
        "file,light\n"
        + "\n".join(f"{name},{k / 1e6:f}" for k, name in enumerate(names))
    )
    data = runs.load_data(configured(photos, factors=str(table)))
    with pytest.raises(UserError, match="smaller units"):
        plan.make(data)


def test_keys_of_another_data_set_are_refused(photos):
    with pytest.raises(UserError, match=r"config=configs/pixel_blend.py:pole"):
        configured(photos, name="pole")
    config = configuration.load_file("configs/ae.py:pole")
    config.data.name = "folder"
    with pytest.raises(UserError, match=r"config=configs/ae.py:folder"):
        configuration.check(config)
    with pytest.raises(UserError, match=r"'data.dirr' .did you mean 'data.dir"):
        configuration.check_keys(["data.dirr"], configured(photos))
