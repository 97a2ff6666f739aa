import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.evaluation import small_runs

ROOT = str(pathlib.Path(__file__).parents[1])


def evaluate(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "aeai_tf.evaluate", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        check=False,
    )


def test_from_a_run_to_a_report(tmp_path):
    images = small_runs.save_images(tmp_path / "images")
    made = small_runs.config(images, steps=4000)
    run = small_runs.untrained(tmp_path / "run", made)
    done = evaluate(tmp_path, f"--run={run}", "--out=eval", "--intervals=20,40")
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert "note: " in printed[0] and "unfinished" in printed[0]
    assert printed[-3:] == [
        *("eval/metrics.json", "eval/tables.md", "eval/report.html")
    ]
    for path in printed[-3:]:
        assert (tmp_path / path).stat().st_size
    with open(tmp_path / "eval/metrics.json") as file:
        measured = json.load(file)
    assert measured["notes"][0] in printed[0]
    errors = measured["methods"]["ae"]["mse_vs_interval"]["all_pairs"]
    assert list(errors) == ["20", "40"]
    assert os.listdir(tmp_path / "run/logs/evaluation")
    assert sorted(os.listdir(tmp_path)) == ["eval", "images", "run"]


def test_sigterm_leaves_nothing(tmp_path):
    images = small_runs.save_images(tmp_path / "images")
    run = small_runs.untrained(tmp_path / "run", small_runs.config(images))
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "aeai_tf.evaluate",
            f"--run={run}",
            "--out=eval",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": ROOT},
    )
    while process.poll() is None and not list(tmp_path.glob("eval.partial-*")):
        time.sleep(0.01)
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM
    assert sorted(os.listdir(tmp_path)) == ["images", "run"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--run=absent",), "'absent' is no run"),
        (("--run=run", "--intervals=15"), "no multiple of the spacing"),
        (("--run=run,run/",), "are the same run"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    tmp_path, arguments, sentence
):
    images = small_runs.save_images(tmp_path / "images")
    small_runs.save(tmp_path / "run", small_runs.config(images))
    done = evaluate(tmp_path, *arguments, "--out=eval")
    assert (done.returncode, done.stdout) == (1, "")
    *_, last = done.stderr.splitlines()
    assert last.startswith("aeai-evaluate: ") and sentence in last
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["images", "run"]
