import os
import pathlib

import pytest

from aeai_tf.sweep import trials
from tests.sweep.made_up import finish, make


@pytest.fixture
def some(tmp_path):
    """A sweep of two keys, two methods and seeds, with one failure."""
    folder = trials.Folder(str(tmp_path / "sweep"))
    made = make(
        ["ae", "aeai"],
        seeds=[0, 1],
        grids={"lambda_cycle": ["0", "0.1", "1"], "batch_size": ["4", "8"]},
        steps=1000,
    )
    folder.open({"steps": 1000}, made)
    for number, trial in enumerate(made):
        if trial.values == {"batch_size": 8, "lambda_cycle": 0.1}:
            value = 0.2 + 0.02 * trial.seed
        else:
            value = 0.3
        if number:
            finish(folder, trial, value)
    os.makedirs(folder.of(made[0]))
    path = os.path.join(folder.of(made[0]), "failure.txt")
    pathlib.Path(path).write_text("training diverged | at step 3\n")
    return folder, made
