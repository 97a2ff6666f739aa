"""Training that fails: divergence, full disks, memory, damaged checkpoints."""

import errno
import os
import re

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import checkpoints, runs, training
from aeai_tf.errors import UserError
from tests.evaluation import small_runs


@pytest.fixture
def config(tmp_path):
    """The plain autoencoder: it compiles in no time."""
    return small_runs.config(
        small_runs.save_images(tmp_path / "images"),
        batch_size=4,
        steps=6,
        log_every=3,
        strip_every=3,
        checkpoint_every=2,
    )


def test_divergence_stops_and_keeps_the_last_good_checkpoint(config, tmp_path):
    folder = str(tmp_path / "run")
    config.steps = 2
    training.train(config, folder)
    good = checkpoints.last(folder)
    # As if a gradient had overflowed: the next step meets a NaN.
    run_config, model = runs.load(folder)
    kernel = model.encoder.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    checkpoints.save(model, folder, 2)
    config.steps = 6
    with pytest.raises(
        UserError, match=r"'reconstruction'.*became nan at step 3.*00000002"
    ):
        training.train(config, folder)
    assert checkpoints.last(folder) == good
    assert run_config.steps == 2


def test_full_disk_leaves_the_last_checkpoint(config, tmp_path, monkeypatch):
    folder = str(tmp_path / "run")
    config.steps = 2
    training.train(config, folder)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    config.steps = 6
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        UserError, match=r"No space left.*that of step 2;.*same command resumes"
    ):
        training.train(config, folder)
    names = os.listdir(os.path.join(folder, "checkpoints"))
    assert names == ["step_00000002.npz"]


def test_full_disk_at_the_start_leaves_a_folder_to_use(
    config, tmp_path, monkeypatch
):
    folder = tmp_path / "run"

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(OSError, match="No space left"):
            runs.open_folder(str(folder), config)
    assert os.listdir(folder) == []
    runs.check_folder(str(folder), config)


def test_full_disk_under_the_strips_is_named(config, tmp_path, monkeypatch):
    def full(path, *_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    monkeypatch.setattr("aeai_tf.strips.save_strip", full)
    with pytest.raises(UserError, match=r"No space left.*angle_.*png.*resumes"):
        training.train(config, str(tmp_path / "run"))


def failing_step(monkeypatch, error):
    def fail(*_):
        raise error(None, None, "OOM when allocating a tensor")

    monkeypatch.setattr("aeai_tf.loop._compiled", lambda *_: fail)


def test_step_that_needs_too_much_memory(config, tmp_path, monkeypatch):
    failing_step(monkeypatch, tf.errors.ResourceExhaustedError)
    with pytest.raises(UserError, match=r"memory.*batch_size"):
        training.train(config, str(tmp_path / "run"))


def test_step_that_fails_is_not_taken_for_a_full_disk(
    config, tmp_path, monkeypatch
):
    failing_step(monkeypatch, tf.errors.InvalidArgumentError)
    with pytest.raises(tf.errors.InvalidArgumentError):
        training.train(config, str(tmp_path / "run"))


def test_damaged_checkpoint_is_named(config, tmp_path):
    folder = str(tmp_path / "run")
    config.steps = 2
    training.train(config, folder)
    path = checkpoints.last(folder)
    with open(path, "r+b") as file:
        file.truncate(1000)
    with pytest.raises(UserError, match=re.escape(path)):
        training.train(config, folder)


def test_loading_what_is_no_run(tmp_path):
    with pytest.raises(UserError, match="is no run"):
        runs.load(str(tmp_path))
