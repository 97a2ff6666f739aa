import csv
import json
import os
import pathlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from aeai_tf import runs
from aeai_tf.augmentation import making, sampler, writing
from aeai_tf.augmentation.recipe import Recipe
from aeai_tf.errors import UserError
from tests.evaluation import small_runs


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of the pixel blend on noise, in 36 poses."""
    folder = tmp_path_factory.mktemp("runs")
    images = small_runs.save_images(folder / "images")
    return small_runs.untrained(
        folder / "blend", small_runs.config(images, "pixel_blend")
    )


@pytest.fixture
def make(run, tmp_path):
    def make(name="new", count=20, recipe=None, **options):
        out = str(tmp_path / name)
        recipe = recipe or Recipe()
        return out, making.make(run, out, count, recipe, **options)

    return make


def contents(folder) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in pathlib.Path(folder).iterdir()}


def rows(folder) -> list[dict]:
    with open(os.path.join(folder, "provenance.csv"), newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_has_its_provenance(make, run):
    out, result = make(threshold=0.3)
    found = rows(out)
    assert [row["file"] for row in found] == [f"{k:06d}.png" for k in range(20)]
    assert result["kept"] == 20
    assert result["dropped"] == int(found[-1]["attempt"]) + 1 - 20 > 0
    data = runs.load_data(runs.read_config(run))
    index = {data.label(k): k for k in data.train}
    for row in found:
        one, other = index[row["source_1"]], index[row["source_2"]]
        alpha = float(row["weight_2"])
        assert float(row["weight_1"]) + alpha == pytest.approx(1)
        mixed = (1 - alpha) * data.images[one] + alpha * data.images[other]
        with PIL.Image.open(os.path.join(out, row["file"])) as image:
            pixels = np.asarray(image) / 255
        np.testing.assert_allclose(pixels, mixed, atol=0.6 / 255)
        way = data.difference("angle", one, other)
        assert 0 < abs(way) <= 40
        expected = (data.factors["angle"][one] + alpha * way) % 360
        assert float(row["angle"]) == pytest.approx(expected, abs=1e-3)
        apart = np.sqrt(
            np.mean((pixels - data.images[data.train]) ** 2, axis=(1, 2, 3))
        )
        nearest = apart.min() / result["unit"]
        assert float(row["distance"]) == pytest.approx(nearest, abs=1e-3)
        assert nearest <= 0.3


def test_the_filter_is_the_threshold_alone(make):
    everything, result = make("all", threshold=np.inf)
    assert result["dropped"] == 0
    some, _ = make("some", threshold=0.3)
    near = [r for r in rows(everything) if float(r["distance"]) <= 0.3]
    assert near
    assert [r["attempt"] for r in rows(some)][: len(near)] == [
        r["attempt"] for r in near
    ]


def test_the_default_threshold_keeps_a_good_model(make):
    _, result = make()
    assert result["threshold"] > 1
    assert result["dropped"] == 0


@pytest.mark.parametrize("file_format", ["png", "tfrecord"])
def test_the_same_files_however_they_came_about(make, monkeypatch, file_format):
    monkeypatch.setattr(writing, "SHARD", 8)
    options = {"file_format": file_format, "threshold": 0.3}
    whole = contents(make("whole", **options)[0])
    assert contents(make("again", **options)[0]) == whole
    grown, _ = make("grown", count=11, **options)
    make("grown", **options)
    assert contents(grown) == whole

    count = 0
    drawn = sampler.Sampler.samples

    def stopping(self, first=0):
        nonlocal count
        for sample in drawn(self, first):
            count += 1
            if count == 22:
                raise KeyboardInterrupt
            yield sample

    monkeypatch.setattr(sampler.Sampler, "samples", stopping)
    with pytest.raises(KeyboardInterrupt):
        make("stopped", **options)
    stopped = contents(os.path.join(os.path.dirname(grown), "stopped"))
    assert len(stopped) > 1
    assert "provenance.csv" not in stopped
    assert json.loads(stopped["augment.json"])["result"] is None
    for name, content in stopped.items():
        if name.endswith((".png", ".tfrecord")):
            assert content == whole[name]
    out, _ = make("stopped", **options)
    assert contents(out) == whole


def test_a_line_that_was_cut_is_written_again(make):
    whole = contents(make("whole")[0])
    out, _ = make("cut")
    path = pathlib.Path(out, "provenance.csv")
    lines = path.read_bytes().splitlines(keepends=True)
    os.remove(path)
    pathlib.Path(out, "provenance.csv.partial").write_bytes(
        b"".join(lines[:9]) + lines[9][:12]
    )
    make("cut")
    assert contents(out) == whole


def test_tfrecords_hold_image_and_provenance(make):
    out, _ = make(
        recipe=Recipe("dirichlet", 3, "random", seed=5), file_format="tfrecord"
    )
    png, _ = make("png", recipe=Recipe("dirichlet", 3, "random", seed=5))
    records = tf.data.TFRecordDataset(f"{out}/samples-00000.tfrecord")
    records = list(records)
    assert len(records) == 20
    for record, row in zip(records, rows(png), strict=True):
        example = tf.train.Example.FromString(record.numpy())
        assert example.SerializeToString(deterministic=True) == record.numpy()
        feature = example.features.feature
        assert (
            feature["image/encoded"].bytes_list.value[0]
            == pathlib.Path(png, row["file"]).read_bytes()
        )
        sources = [s.decode() for s in feature["sources"].bytes_list.value]
        assert sources == [row[f"source_{k}"] for k in (1, 2, 3)]
        np.testing.assert_allclose(
            feature["weights"].float_list.value,
            [float(row[f"weight_{k}"]) for k in (1, 2, 3)],
            atol=1e-6,
        )
        angle = feature["factor/angle"].float_list.value
        assert len(angle) == bool(row["angle"])
        if row["angle"]:
            assert angle[0] == pytest.approx(float(row["angle"]), abs=1e-3)


def test_too_few_pass_in_so_many_tries(make, tmp_path):
    with pytest.raises(
        UserError, match=r"only \d of 20 samples .* after 40 attempts, and are"
    ):
        make(threshold=0.05, tries=2)
    out = tmp_path / "new"
    count = len(rows(out))
    assert count == len(list(out.glob("*.png"))) < 20
    assert json.loads((out / "augment.json").read_text())["result"]["kept"] == (
        count
    )


def test_folders_with_something_else(make, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new/mine.txt").write_text("")
    with pytest.raises(UserError, match="neither empty nor"):
        make()
    with pytest.raises(UserError, match="is a file; name a folder"):
        make("new/mine.txt")
    make("done")
    with pytest.raises(UserError, match=r"seed is 0 there and 1 here"):
        make("done", recipe=Recipe(seed=1))
    with pytest.raises(UserError, match="holds 20 samples already"):
        make("done", count=10)


def test_bad_numbers(make):
    for options, message in (
        ({"count": 0}, "must be 1 or more"),
        ({"tries": 0}, "must be 1 or more"),
        ({"threshold": 0.0}, "threshold must be above 0"),
        ({"threshold": float("nan")}, "threshold must be above 0"),
    ):
        with pytest.raises(UserError, match=message):
            make(**options)
