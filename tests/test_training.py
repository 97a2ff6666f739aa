"""Whole runs, tiny: what they leave behind, resuming, stopping, refusing."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from aeai_tf import checkpoints, loop, methods, runs, saved_model, training
from aeai_tf import config as configuration
from aeai_tf.data import image_set
from aeai_tf.errors import UserError

POSES = 24


@pytest.fixture(scope="module")
def turntable(tmp_path_factory) -> str:
    """A folder in COIL-100's form: object 3, a bright bar that turns."""
    folder = tmp_path_factory.mktemp("turntable")
    rows, columns = np.mgrid[-1:1:32j, -1:1:32j]
    for angle in range(0, 360, 360 // POSES):
        turn = np.radians(angle)
        across = rows * np.cos(turn) - columns * np.sin(turn)
        along = rows * np.sin(turn) + columns * np.cos(turn)
        bar = (np.abs(across) < 0.3) * (along > 0) * 255
        grey = np.repeat(bar.astype(np.uint8)[..., None], 3, -1)
        Image.fromarray(grey).save(folder / f"obj3__{angle}.png")
    return str(folder)


SETTINGS = {
    "image_size": 16,
    "latent_dim": 8,
    "convs_per_block": 1,
    "batch_size": 4,
    "steps": 6,
    "log_every": 3,
    "strip_every": 3,
    "checkpoint_every": 2,
}


def tiny_config(method: str, turntable: str):
    """A run of seconds."""
    config = configuration.load_file(f"configs/{method}.py:coil100/3")
    config.update({k: v for k, v in SETTINGS.items() if k in config})
    config.data.coil100_dir = turntable
    return config


@pytest.fixture
def config(turntable):
    """The plain autoencoder: it compiles in no time."""
    return tiny_config("ae", turntable)


@pytest.fixture
def aeai_config(turntable):
    """That of `finished`."""
    return tiny_config("aeai", turntable)


def state(folder) -> list[np.ndarray]:
    """All a run's last checkpoint holds, optimisers included."""
    _, model = runs.load(folder)
    variables = list(model.weights)
    for optimizer in model.player_optimizers.values():
        variables += optimizer.variables
    return [np.asarray(variable.numpy()) for variable in variables]


def assert_same_state(one, other):
    one, other = state(one), state(other)
    assert len(one) > 20
    for value, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(value, same)


def command(config, folder) -> list[str]:
    """The same run as a command."""
    flat = configuration.flatten(config)
    return [
        sys.executable,
        "-m",
        "aeai_tf.train",
        f"--config=configs/{config.method}.py:coil100/3",
        *(f"--config.{key}={flat[key]}" for key in SETTINGS),
        f"--config.data.coil100_dir={config.data.coil100_dir}",
        f"--workdir={folder}",
    ]


@pytest.fixture(scope="module")
def finished(turntable, tmp_path_factory):
    """An uninterrupted run, and how it was configured."""
    folder = str(tmp_path_factory.mktemp("finished") / "run")
    subprocess.run(command(tiny_config("aeai", turntable), folder), check=True)
    return folder


@pytest.mark.parametrize("method", methods.REGISTRY)
def test_every_method_goes_from_its_configuration_to_a_served_model(
    method, turntable, tmp_path, capsys
):
    config = tiny_config(method, turntable)
    if "discriminator_steps" in config:
        config.discriminator_steps = 2  # Compiles faster.
    folder = str(tmp_path / "run")
    assert training.train(config, folder) == 0
    _, model = runs.load(folder)
    last = sorted((tmp_path / "run" / "strips").iterdir())[-1]
    shown = {tag for tag, _ in events(folder, "strips")}
    assert len(list(last.glob("*.png"))) == len(shown) > 0
    if model.players:
        assert last.name == "step_00000006"
        assert runs.read_metrics(folder)[-1]["step"] == 6
    else:
        assert last.name == "step_00000000"
        assert "nothing to learn" in capsys.readouterr().out
        assert training.train(config, folder) == 0  # As often as one likes.
    path = saved_model.export(
        model,
        str(tmp_path / "model"),
        image_size=config.image_size,
        metadata={"method": method},
    )
    assert os.path.isfile(os.path.join(path, "saved_model.pb"))


def test_run_folder_is_enough_to_repeat_the_run(finished):
    config, _ = runs.load(finished)
    assert config.seed == 0
    with open(os.path.join(finished, "environment.json")) as file:
        environment = json.load(file)
    assert environment["versions"]["tensorflow"] == tf.__version__
    steps = [checkpoints.step_of(path) for path in checkpoints.paths(finished)]
    assert steps == [4, 6]


def events(finished, split):
    """Every value that TensorBoard would show, by tag and step."""
    found = {}
    folder = os.path.join(finished, "logs", split)
    for name in os.listdir(folder):
        for event in tf.compat.v1.train.summary_iterator(
            os.path.join(folder, name)
        ):
            for value in event.summary.value:
                found[value.tag, event.step] = tf.make_ndarray(value.tensor)
    return found


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_metrics_and_tensorboard_agree(finished, split):
    rows = [r for r in runs.read_metrics(finished) if r["split"] == split]
    assert [row["step"] for row in rows] == [3, 6]
    shown = events(finished, split)
    _, model = runs.load(finished)
    assert len(shown) == 2 * len(model.term_names)
    for row in rows:
        for term in model.term_names:
            np.testing.assert_allclose(
                row[term], shown[term, row["step"]], rtol=1e-6
            )


def test_held_out_metrics_are_those_of_the_weights(finished):
    """Terms computed afresh from the last checkpoint on held-out pairs."""
    from aeai_tf.data import pipeline

    config, model = runs.load(finished)
    data = image_set.load(
        "coil100/3", 16, seed=0, coil100_dir=config.data.coil100_dir
    )
    batches = pipeline.fixed_pairs(
        data.images[data.held_out],
        0,
        4,
        training.HELD_OUT_BATCHES,
        model.sample,
    )
    model.prepare(data.images[data.train])
    terms = [model.compute_terms(b, training=False)[0] for b in batches]
    row = runs.read_metrics(finished)[-1]
    assert (row["step"], row["split"]) == (6, "held_out")
    for name in model.term_names:
        mean = np.mean([term[name] for term in terms])
        np.testing.assert_allclose(row[name], mean, rtol=1e-3, err_msg=name)


def test_strips_at_the_start_regularly_and_at_the_end(finished):
    for step in (0, 3, 6):
        folder = os.path.join(finished, "strips", f"step_{step:08d}")
        names = os.listdir(folder)
        assert names
        for name in names:
            picture = np.asarray(Image.open(os.path.join(folder, name)))
            assert picture.shape[1] > 9 * 64
    shown = events(finished, "strips")
    assert {step for _, step in shown} == {0, 3, 6}


def test_finished_run_is_left_alone(finished, aeai_config, capsys):
    before = os.stat(checkpoints.last(finished)).st_mtime_ns
    assert training.train(aeai_config, finished) == 0
    assert "complete" in capsys.readouterr().out
    assert os.stat(checkpoints.last(finished)).st_mtime_ns == before


def test_more_steps_continue_a_run(config, tmp_path):
    at_once, in_two = str(tmp_path / "one"), str(tmp_path / "other")
    training.train(config, at_once)
    config.steps = 2
    training.train(config, in_two)
    config.steps = 6
    training.train(config, in_two)
    assert_same_state(in_two, at_once)
    steps = [row["step"] for row in runs.read_metrics(in_two)]
    assert steps == [2, 2, 3, 3, 6, 6]


def test_long_calls_of_the_step_end_with_the_same_weights(
    config, tmp_path, monkeypatch
):
    """One step a call, then as many as fit between what is due."""
    config.update({"log_every": 6, "strip_every": 6, "checkpoint_every": 6})
    for folder, seconds in (("short", 0), ("long", 1e9)):
        monkeypatch.setattr(loop, "CALL_SECONDS", seconds)
        training.train(config, str(tmp_path / folder))
    assert_same_state(str(tmp_path / "long"), str(tmp_path / "short"))
    for row, same in zip(
        *(runs.read_metrics(str(tmp_path / f)) for f in ("long", "short")),
        strict=True,
    ):
        assert row | {"seconds": 0} == same | {"seconds": 0}


KILLED = """
import os
from aeai_tf import checkpoints, train

save = checkpoints.save
def save_once(model, folder, step):
    if step > 2:
        os.kill(os.getpid(), 9)
    save(model, folder, step)
checkpoints.save = save_once
train.run()
"""


def test_killed_run_resumes_to_the_same_weights(
    finished, aeai_config, tmp_path
):
    """kill -9 before its second checkpoint, of step 4; then the same again.

    In processes of their own, as programs run: in one that has built many
    models, forward mode no longer compiles a function a shape, which rounds
    otherwise.
    """
    folder = str(tmp_path / "run")
    python, _, _, *flags = command(aeai_config, folder)
    done = subprocess.run([python, "-c", KILLED, *flags], check=False)
    assert done.returncode == -signal.SIGKILL
    assert checkpoints.step_of(checkpoints.last(folder)) == 2
    subprocess.run(command(aeai_config, folder), check=True)
    assert_same_state(folder, finished)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_saves_and_exits(config, tmp_path, number):
    folder = str(tmp_path / "run")
    config.steps = 100_000
    config.checkpoint_every = 100_000
    process = subprocess.Popen(
        command(config, folder), stderr=subprocess.PIPE, text=True
    )
    while not runs.read_metrics(folder):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    stopped_at = checkpoints.step_of(checkpoints.last(folder))
    assert f"saved at step {stopped_at}" in stderr
    assert "Traceback" not in stderr


def test_folder_of_another_configuration_is_refused(finished, aeai_config):
    aeai_config.lambda_cycle = 0.5
    with pytest.raises(UserError, match=r"lambda_cycle is 0.05 there and 0.5"):
        training.train(aeai_config, finished)
    assert runs.read_config(finished).lambda_cycle == 0.05


def test_folder_of_something_else_is_refused(config, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="neither empty nor a run"):
        training.train(config, str(tmp_path))
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_absent_images_are_refused_before_anything_is_written(config, tmp_path):
    folder = tmp_path / "run"
    config.data.coil100_dir = str(tmp_path / "nowhere")
    with pytest.raises(UserError, match="nowhere"):
        training.train(config, str(folder))
    config.data.name = "coil100/4"
    config.data.coil100_dir = str(tmp_path)
    with pytest.raises(UserError):
        training.train(config, str(folder))
    assert not folder.exists()
