import numpy as np
import pytest

from aeai_tf import runs
from aeai_tf.errors import UserError
from aeai_tf.evaluation import compared_runs
from tests.evaluation import small_runs


@pytest.fixture
def make(tmp_path):
    """Makes a stub of a run in a folder of its own; returns the folder."""
    images = small_runs.save_images(tmp_path / "images")

    def run(name, method="ae", step=3000, **keys):
        made = small_runs.config(images, method, **keys)
        return small_runs.save(tmp_path / name, made, step)

    return run


def test_methods_steps_and_ablations(make):
    opened = compared_runs.find(
        [
            make("a"),
            make("b", seed=1),
            make("c", "aeai", step=40),
            make("d", "aeai", ablation="no_cycle"),
        ]
    )
    named = [(run.method, run.steps) for run in opened]
    assert named == [
        ("ae", 3000),
        ("ae", 3000),
        ("aeai", 40),
        ("aeai_no_cycle", 3000),
    ]


def test_time_is_that_of_training(make):
    folder = make("a")
    metrics_file = runs.MetricsFile(folder, ["reconstruction"], 0)
    metrics_file.append(3000, "train", 61.5, {"reconstruction": 0.1})
    found = compared_runs.find([folder, make("blend", "ae", seed=1)])
    assert [run.seconds for run in found] == [61.5, 0.0]


def test_notes(make):
    opened = compared_runs.find([make("a", step=40), make("b", "aeai")])
    unfinished, steps, alone = compared_runs.notes(opened)
    assert "a is unfinished: it is measured at step 40 of 3000" in unfinished
    assert "40, 3000" in steps
    assert "other seeds: ae, aeai" in alone


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({}, {"image_size": 32}, "image_size=16 .*image_size=32.*two calls"),
        ({}, {"learning_rate": 0.5}, "learning_rate is .* there and 0.5 here"),
        ({}, {}, "both ae with seed 0: leave one out"),
    ],
)
def test_what_cannot_be_compared(make, first, second, message):
    with pytest.raises(UserError, match=message):
        compared_runs.find([make("a", **first), make("b", **second)])


@pytest.mark.parametrize(
    ("key", "value"), [("name", "coil100/6"), ("train_fraction", 0.5)]
)
def test_other_data(make, tmp_path, key, value):
    made = small_runs.config("", seed=1)
    made.data[key] = value
    other = small_runs.save(tmp_path / "b", made)
    with pytest.raises(UserError, match=f"data.{key}={value}.*two calls"):
        compared_runs.find([make("a"), other])


def test_the_same_run_under_two_names(make, tmp_path):
    run = make("a")
    (tmp_path / "link").symlink_to(run)
    with pytest.raises(UserError, match="are the same run"):
        compared_runs.find([run, str(tmp_path / "link")])


def test_no_run_and_no_checkpoint(make, tmp_path):
    with pytest.raises(UserError, match="is no run"):
        compared_runs.find([make("a"), str(tmp_path / "absent")])
    run = make("b")
    (tmp_path / "b/checkpoints/step_00003000.npz").unlink()
    with pytest.raises(UserError, match="has no checkpoint yet"):
        compared_runs.find([run])
    with pytest.raises(UserError, match="no run to measure"):
        compared_runs.find([])


def test_each_seed_has_its_split_of_the_same_images(make):
    opened = compared_runs.find(
        [make("a"), make("b", "aeai"), make("c", seed=1)]
    )
    one, same, other = compared_runs.load_sets(opened)
    assert one is same
    assert one.images is other.images
    assert set(one.held_out) != set(other.held_out)


def test_images_may_lie_elsewhere_now(make, tmp_path):
    opened = compared_runs.find([make("a")])
    moved = tmp_path / "images"
    moved.rename(tmp_path / "moved")
    with pytest.raises(UserError, match=r"does not exist.*--coil100_dir and"):
        compared_runs.load_sets(opened)
    (found,) = compared_runs.load_sets(
        opened, coil100_dir=str(tmp_path / "moved")
    )
    assert len(found.images) == 36


def test_other_images_under_the_same_name(make, tmp_path):
    others = tmp_path / "others"
    small_runs.save_images(others)
    (others / "obj5__0.png").write_bytes((others / "obj5__10.png").read_bytes())
    made = small_runs.config(str(others), seed=1)
    run = small_runs.save(tmp_path / "b", made)
    opened = compared_runs.find([make("a"), run])
    with pytest.raises(UserError, match="different images under the name"):
        compared_runs.load_sets(opened)
    images = compared_runs.load_sets(opened, coil100_dir=str(others))[0].images
    np.testing.assert_array_equal(images[0], images[1])
