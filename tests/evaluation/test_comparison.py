import numpy as np
import pytest

from aeai_tf import interpolation, runs
from aeai_tf.data import image_set
from aeai_tf.errors import UserError
from aeai_tf.evaluation import comparison, metrics, pace, paths
from aeai_tf.evaluation.mse_against_truth import mse_against_truth
from tests.evaluation import small_runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def images(folder):
    return small_runs.save_images(folder / "images")


@pytest.fixture(scope="module")
def evaluated(folder, images):
    """Two seeds of one method, and the blend."""
    return comparison.evaluate(
        [
            small_runs.untrained(
                folder / f"ae_{seed}", small_runs.config(images, seed=seed)
            )
            for seed in range(2)
        ]
    )


def test_what_was_measured(evaluated, folder):
    measured, poses, models = evaluated
    assert measured["data_set"] == poses.name == "coil100/5"
    assert measured["image_size"] == 16
    assert measured["runs"] == {
        "ae": [
            {
                "folder": str(folder / f"ae_{seed}"),
                "seed": seed,
                "steps": 3000,
                "seconds": 0.0,
            }
            for seed in range(2)
        ]
    }
    assert set(measured["methods"]) == set(models) == {"pixel_blend", "ae"}
    for method in measured["methods"].values():
        assert set(method) == {
            "mse_vs_interval",
            "mse_vs_alpha",
            "alpha_retrieval",
            "admissibility",
            "pace",
            "quality",
            "reconstruction",
        }
        assert set(method["mse_vs_interval"]["all_pairs"]) == {
            str(degrees) for degrees in range(20, 90, 10)
        }
    metrics.to_json(measured)


def test_seeds_are_pooled(evaluated):
    measured, _, _ = evaluated
    error = measured["methods"]["ae"]["mse_vs_interval"]
    assert error["all_pairs"]["40"]["pairs"] == 2 * 36


def test_each_run_is_drawn_by_itself(evaluated, monkeypatch):
    measured, _, _ = evaluated
    folders = [entry["folder"] for entry in measured["runs"]["ae"]]
    pooled = []

    def spy(kinds, *others):
        pooled.append(kinds[0])
        return {}, []

    monkeypatch.setattr(comparison.summary, "of_method", spy)
    comparison.evaluate(folders, [40])
    # First the blend, with the splits of both.
    for seen in pooled:
        np.testing.assert_array_equal(seen.run, np.repeat([0, 1], 36))


def test_reconstruction_by_each_split(evaluated, images):
    measured, _, _ = evaluated
    errors = []
    for entry in measured["runs"]["ae"]:
        _, model = runs.load(entry["folder"])
        poses = image_set.load(
            "coil100/5", 16, seed=entry["seed"], coil100_dir=images
        )
        unseen = poses.images[poses.held_out]
        errors.append(np.mean((model(unseen) - unseen) ** 2))
    found = measured["methods"]["ae"]["reconstruction"]["held_out"]
    assert found["value"] == pytest.approx(np.mean(errors), rel=1e-4)


def test_held_out_pairs_are_those_of_each_seed(evaluated, images):
    measured, _, _ = evaluated
    expected = 0
    for seed in range(2):
        poses = image_set.load("coil100/5", 16, seed=seed, coil100_dir=images)
        found = paths.along(poses, {"angle": 20})
        expected += int(paths.held_out(poses, found).sum())
    assert expected >= 2
    for method in measured["methods"].values():
        assert method["mse_vs_interval"]["held_out"]["20"]["pairs"] == expected


def test_the_blend_needs_no_run(evaluated):
    measured, poses, _ = evaluated
    blend = measured["methods"]["pixel_blend"]
    errors = mse_against_truth(interpolation.lerp, poses, "angle", 40)
    number = blend["mse_vs_interval"]["all_pairs"]["40"]["mean_in_between"]
    assert number["value"] == pytest.approx(errors[:, 1:-1].mean(), rel=1e-4)
    curve = blend["mse_vs_alpha"]["all_pairs"]["40"]
    np.testing.assert_allclose(curve["mean"], errors.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(curve["std"], errors.std(axis=0), rtol=1e-4)
    assert blend["reconstruction"]["train"]["value"] == 0


def test_errors_are_compared_with_those_of_aeai(folder, images):
    runs = [
        small_runs.untrained(
            folder / f"{method}_of_seed_{seed}",
            small_runs.config(images, method, seed=seed),
        )
        for method, seed in (("ae", 1), ("aeai", 1), ("acai", 2))
    ]
    measured, _, _ = comparison.evaluate(runs, [40])
    found = measured["methods"]
    numbers = {
        method: found[method]["mse_vs_interval"]["all_pairs"]["40"]
        for method in found
    }
    above = found["ae"]["mse_above_aeai"]["all_pairs"]["40"]
    assert above["pairs"] == 36
    for name in ("mean_in_between", "middle"):
        assert above[name]["value"] == pytest.approx(
            numbers["ae"][name]["value"] - numbers["aeai"][name]["value"],
            abs=1e-6,
        )
    # The blend's error is the same with every seed.
    blend = found["pixel_blend"]["mse_above_aeai"]["all_pairs"]["40"]
    assert blend["pairs"] == 36
    for method in ("aeai", "acai"):
        assert "mse_above_aeai" not in found[method]
    assert any(
        note.startswith("acai: no seed in common") for note in measured["notes"]
    )


def test_notes_name_the_methods_and_what_is_absent(evaluated):
    measured, _, _ = evaluated
    assert any("15, 25, 35" in note for note in measured["notes"])
    absent = {
        degrees
        for degrees in measured["methods"]["ae"]["mse_vs_interval"]["all_pairs"]
    } - set(measured["methods"]["ae"]["mse_vs_interval"]["held_out"])
    (note,) = [n for n in measured["notes"] if "fewer than 2" in n] or [""]
    assert bool(note) == bool(absent)
    for degrees in absent:
        assert degrees in note
    # What holds for all of them needs no list.
    assert any("few of them" in note for note in measured["notes"])
    assert not any(note.startswith("pixel_blend") for note in measured["notes"])


def test_the_error_of_an_even_pace_is_there_and_noted(evaluated):
    measured, poses, _ = evaluated
    degrees = measured["intervals"]["pace"]
    found = pace.of_even_pace(poses, paths.along(poses, {"angle": degrees}))
    assert measured["even_pace"] == metrics.plain(found)
    for unit in ("pixels", "images"):
        said = f"{unit}, have an error of {found[unit]['mean_in_between']:.2g}"
        assert any(said in note for note in measured["notes"])


def test_the_error_of_a_circle_is_there_and_noted(evaluated):
    measured, poses, _ = evaluated
    degrees = measured["intervals"]["pace"]
    along = paths.along(poses, {"angle": degrees})
    found = pace.of_a_circle(poses, along, degrees / 360)
    assert measured["circle_pace"] == metrics.plain(found)
    said = f"circle, have an error of {found['mean_in_between']:.2g}"
    assert any(said in note for note in measured["notes"])


def test_diverged_runs_are_refused(folder, images):
    made = small_runs.config(images, seed=7)
    run = small_runs.untrained(folder / "diverged", made)
    path = next((folder / "diverged/checkpoints").iterdir())
    with np.load(path) as file:
        arrays = dict(file)
    arrays["averaged/decoder/0"][:] = np.nan
    np.savez(path, **arrays)
    with pytest.raises(UserError, match=r"diverged gives .*not finite"):
        comparison.evaluate([run])
