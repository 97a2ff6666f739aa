"""The program `tools/sweep.py`: bad input, and one whole sweep."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from aeai_tf import checkpoints
from tests.sweep.made_up import MEASURE

ROOT = pathlib.Path(__file__).parents[2]


def command(*arguments) -> list[str]:
    return [sys.executable, str(ROOT / "tools/sweep.py"), *arguments]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out=x", "--config.stesp=3"), "did you mean 'steps'?"),
        (("--out=x", "--methods=pixel_blend"), "has nothing to learn"),
        (("--out=x",), "pip install -c constraints.txt"),
        ((), "needs --out"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_runs(
    arguments, message, tmp_path
):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "sys.modules['ray'] = None\n"
    )
    path = f"{tmp_path}:{ROOT}"
    done = subprocess.run(
        command(*arguments),
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert message in done.stderr
    assert os.listdir(tmp_path) == ["sitecustomize.py"]


TINY = {
    "image_size": 16,
    "batch_size": 4,
    "steps": 200,
    "latent_dim": 8,
    "convs_per_block": 1,
    "checkpoint_every": 20,
    "log_every": 200,
}


def process_of(run: str) -> tuple[int, int] | None:
    """The process that trains a run, and its parent."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_text().split("\0")
        except OSError:
            continue
        if f"--workdir={run}" in arguments:
            return int(path.parent.name), int(arguments[3])
    return None


def test_killed_trials_go_on_and_failed_ones_are_shown(tmp_path):
    pytest.importorskip("ray")
    images = tmp_path / "images"
    images.mkdir()
    random = np.random.default_rng(0)
    for angle in range(0, 360, 20):
        image = random.integers(0, 256, [16, 16, 3], np.uint8)
        Image.fromarray(image).save(images / f"obj3__{angle}.png")
    out = tmp_path / "sweep"

    def sweep(*rates, **options):
        flags = [
            *("--methods=ae", "--objects=3", f"--measure={MEASURE}"),
            *(f"--config.{k}={v}" for k, v in TINY.items()),
            f"--grid=learning_rate={','.join(rates)}",
            *(f"--coil100_dir={images}", f"--out={out}"),
        ]
        return subprocess.Popen(
            command(*flags),
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    def folder(rate):
        return out / f"trials/coil100_3/ae_seed0_learning_rate={rate}"

    process = sweep("0.001", "0.01", "1e30")
    alive = {0.001: 0, 0.01: 1}  # To kill: the training, and the worker.
    while alive:
        for rate, whom in list(alive.items()):
            run = str(folder(rate) / "run")
            if checkpoints.last(run):
                os.kill(process_of(run)[whom], signal.SIGKILL)
                del alive[rate]
        assert process.poll() is None
        time.sleep(0.02)
    printed, _ = process.communicate()
    assert process.returncode == 0
    assert "[3/3] " in printed
    assert "1e+30: failed: training diverged" in printed
    for rate in (0.001, 0.01):
        assert "resuming" in (folder(rate) / "log.txt").read_text()
    with open(out / "table.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["finished", "finished", "failed"]
    assert [row["steps"] for row in rows[:2]] == ["200", "200"]
    assert "training diverged" in (out / "table.md").read_text()
    assert (out / "plot.png").stat().st_size
    assert (out / "plot.svg").stat().st_size

    before = checkpoints.last(str(folder(0.001) / "run"))
    written = os.stat(before).st_mtime_ns
    again, _ = sweep("0.001", "0.01").communicate()
    assert "2 trials, 2 of them finished" in again
    assert os.stat(before).st_mtime_ns == written

    undisturbed = str(tmp_path / "undisturbed")
    command_file = folder(0.001) / "run/environment.json"
    flags = json.loads(command_file.read_text())["command"][1:]
    flags = [f for f in flags if not f.startswith("--workdir=")]
    core = str(min(os.sched_getaffinity(0)))
    subprocess.run(
        [
            *(sys.executable, "-m", "aeai_tf.sweep.attached"),
            *(str(os.getpid()), core, "aeai_tf.train"),
            *(*flags, f"--workdir={undisturbed}"),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    with (
        np.load(before) as one,
        np.load(checkpoints.last(undisturbed)) as other,
    ):
        assert len(one.files) > 20
        for name in one.files:
            np.testing.assert_array_equal(one[name], other[name])
