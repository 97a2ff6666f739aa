import json
import os

import numpy as np
import pytest

from aeai_tf.pose_regression import plot, results, table
from tests.pose_regression import toy

DATA = ("coil100/12", "coil100/14")
POSES = (8, 16)


def row(data, poses, seed, variant, error):
    """A job in which unseen poses have about that error."""
    random = np.random.default_rng([poses, seed])
    angles = random.permutation(72)[poses:] * 5
    noise = random.random(len(angles))
    made = variant not in ("nothing", "mixup")
    return {
        "data": data,
        "poses": poses,
        "seed": seed,
        "variant": variant,
        "steps": 100 * made,
        "attempts": 40 * made,
        "kept": 20 * made,
        "angles": angles.tolist(),
        "errors": (error + noise).round(2).tolist(),
    }


@pytest.fixture
def gathered():
    """Two objects; mixup helps and harms, AE helps, AEAI harms."""
    errors = {"nothing": 20, "mixup": 20, "ae": 12, "aeai": 31}
    rows = [
        row(data, poses, seed, variant, error + 3 * (-1) ** seed * mixes)
        for data in DATA
        for poses in POSES
        for seed in (0, 1)
        for variant, error in errors.items()
        for mixes in [variant == "mixup"]
    ]
    rows[-1] |= {"kept": 3}
    return {"settings": {"samples": 20}, "notes": ["a note"], "rows": rows}


def test_numbers_are_means_over_poses_and_seeds(gathered):
    cells = results.summary(gathered)["numbers"]["coil100/14"]["8"]
    errors = [
        row["errors"]
        for row in gathered["rows"]
        if (row["data"], row["poses"], row["variant"]) == (DATA[1], 8, "ae")
    ]
    assert len(errors) == 2
    ae = cells["ae"]
    mean = ae["mean"]
    assert mean["value"] == pytest.approx(np.mean(errors), abs=1e-4)
    assert mean["low"] < mean["value"] < mean["high"]
    assert ae["median"]["value"] == pytest.approx(np.median(errors), abs=1e-4)
    # Of the same seeds and poses, so that their own differences cancel.
    for key in ("value", "low", "high"):
        assert ae["difference"][key] == pytest.approx(-8)
    apart = cells["mixup"]["difference"]
    assert apart["low"] < -2 < apart["value"] < 2 < apart["high"]
    assert "difference" not in cells["nothing"]
    assert ae["seeds"] == [0, 1]
    assert ae["steps"] == [100]
    assert (ae["kept"], ae["samples"]) == (0.5, [20, 20])
    assert "kept" not in cells["mixup"]


def test_differences_are_of_seeds_that_both_have(gathered):
    gathered["rows"] = [
        row
        for row in gathered["rows"]
        if (row["variant"], row["seed"]) != ("nothing", 1)
    ]
    cells = results.summary(gathered)["numbers"]["coil100/12"]["8"]
    assert cells["ae"]["difference"]["value"] == pytest.approx(-8)
    gathered["rows"] = [
        row for row in gathered["rows"] if row["variant"] != "nothing"
    ]
    cells = results.summary(gathered)["numbers"]["coil100/12"]["8"]
    assert "difference" not in cells["ae"]


def test_table_marks_the_best_and_what_is_certain(gathered):
    text = table.markdown(results.summary(gathered))
    means, differences, _, kept, notes = text.split("\n## ")
    lines = {
        line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:]
        for line in means.splitlines()
        if line.startswith("|")
    }
    assert lines["added"][0] == "object 12: 8"
    assert lines["added"][3] == "object 14: 16"
    assert all(c.startswith("**12.") and "** ▼" in c for c in lines["AE"])
    assert all(c.endswith("▲") for c in lines["AEAI (proposed)"])
    assert ["†" in c for c in lines["AEAI (proposed)"]] == 3 * [False] + [True]
    for name in ("nothing", "mixup"):
        assert not set("▼▲†*") & set("".join(lines[name]))
    assert "| AE | -8.0 [-8.0, -8.0] |" in differences
    assert "| nothing |" not in differences
    assert "| AEAI (proposed) | 50 % | 50 % | 50 % | 28.7 % (20, 3) |" in kept
    assert "* a note" in notes


def test_table_says_where_no_sample_was_added(gathered):
    gathered["rows"] = [
        row | {"variant": "gaia", "kept": 0, "attempts": 400}
        if row["variant"] == "mixup"
        else row
        for row in gathered["rows"]
        if row["variant"] != "ae"
    ]
    text = table.markdown(results.summary(gathered))
    means, differences, medians, kept, _ = text.split("\n## ")
    row = "| GAIA | as nothing | as nothing | as nothing | as nothing |"
    assert row in means
    assert row in medians
    assert means.count("**") == 2 * 4
    assert "| GAIA |" not in differences
    assert "| GAIA | 0 % (0, 0) |" in kept


def test_figure_has_a_panel_an_object_and_a_line_a_variant(gathered):
    figure = plot.draw(results.summary(gathered))
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["COIL-100, object 12", "COIL-100, object 14"]
    for axis in figure.axes:
        lines = [line for line in axis.lines if len(line.get_xdata()) == 2]
        assert len(lines) == 4
        assert [t.get_text() for t in axis.get_xticklabels()] == ["8", "16"]
        means = sorted(np.mean(line.get_ydata()) for line in lines)
        np.testing.assert_allclose(means, [12.5, 20.5, 20.5, 31.5], atol=0.3)
    assert plot.draw({"numbers": {}}) is None


def test_all_is_made_of_what_was_measured(gathered, tmp_path):
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    results.write(gathered, one)
    with open(os.path.join(one, "errors.json")) as file:
        results.write(json.load(file), other)
    assert set(os.listdir(one)) == {
        *("errors.json", "metrics.json", "table.md"),
        *("figure.png", "figure.svg"),
    }
    for name in os.listdir(one):
        with (
            open(os.path.join(one, name), "rb") as file,
            open(os.path.join(other, name), "rb") as same,
        ):
            assert file.read() == same.read()


def test_what_is_missing_is_noted(tmp_path):
    study = toy.make(tmp_path)
    failed = study.of(study.jobs()[2])
    os.makedirs(failed)
    with open(os.path.join(failed, "failure.txt"), "w") as file:
        file.write("training diverged\n")
    found = results.gather(study)
    assert found["rows"] == []
    assert len(found["notes"]) == 4
    name = "coil100_5/8_poses_seed0/ae"
    assert f"{name} is missing: training diverged" in found["notes"]
    results.write(found, str(tmp_path / "out"))
    assert "is missing" in (tmp_path / "out/table.md").read_text()
