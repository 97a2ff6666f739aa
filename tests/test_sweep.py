"""A sweep: its grid, its trials, what becomes of them, and one whole sweep."""

import csv
import importlib.util
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
from aeai_tf import config as configuration
from aeai_tf.errors import UserError
from aeai_tf.sweep import (
    driving,
    grid,
    measures,
    plot,
    results,
    running,
    scheduling,
    table,
    trials,
)

ROOT = pathlib.Path(__file__).parents[1]
MEASURE = "mse_vs_interval.all_pairs.40.mean_in_between"
OBJECT = "coil100/3"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1e-3:1e1:5", [1e-3, 1e-2, 1e-1, 1.0, 10.0]),
        ("a=1:10:3", [1.0, 3.16, 10.0]),
        ("a=0,0.1,1e-4", ["0", "0.1", "1e-4"]),
        ("a=group", ["group"]),
    ],
)
def test_grids_are_ranges_or_lists(text, values):
    assert grid.parse(text) == ("a", values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "key=value"),
        ("=1", "key=value"),
        ("a=1:2", "is no range"),
        ("a=1:2:x", "is no range"),
        ("a=0:1:3", "above 0"),
        ("a=2:1:3", "above 0"),
        ("a=nan:1:3", "above 0"),
        ("a=1:2:1", "2 or more"),
        ("seed=1,2", "--seeds"),
    ],
)
def test_bad_grids_are_refused(text, message):
    with pytest.raises(UserError, match=message):
        grid.parse(text)


def make(methods=("ae",), seeds=(0,), grids=None, **fixed):
    methods = list(methods)
    fixed = trials.fix(methods, fixed)
    return trials.make(methods, [OBJECT], list(seeds), grids or {}, fixed)


def test_values_have_the_types_of_their_keys():
    made = make(
        grids={"batch_size": [8.0, 31.6], "learning_rate": ["1e-3"]},
        adam_beta_1="0.5",
    )
    settings = [trial.settings for trial in made]
    assert [s["batch_size"] for s in settings] == [8, 32]
    assert settings[0]["learning_rate"] == 0.001
    assert settings[0]["adam_beta_1"] == 0.5
    assert made[1].config.batch_size == 32


def test_trials_are_named_by_what_tells_them_apart():
    made = make(
        ["ae", "aeai", "aeai_no_cycle"],
        seeds=[0, 1],
        grids={"lambda_smoothness": [0.01, 1.0], "learning_rate": ["1e-3"]},
    )
    names = [trial.name for trial in made]
    assert names[:3] == [
        "coil100_3/ae_seed0_learning_rate=0.001",
        "coil100_3/aeai_seed0_lambda_smoothness=0.01_learning_rate=0.001",
        "coil100_3/aeai_seed0_lambda_smoothness=1_learning_rate=0.001",
    ]
    assert len(set(names)) == len(names) == 2 * (1 + 2 + 2)
    assert made[3].config.ablation == "no_cycle"
    assert made[-1].config.seed == 1
    flags = made[1].train_flags("/run")
    assert flags[:2] == [
        "--config=configs/aeai.py:coil100/3",
        "--workdir=/run",
    ]
    assert "--config.lambda_smoothness=0.01" in flags


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"grids": {"learnin_rate": ["1"]}}, "mean 'learning_rate'"),
        ({"grids": {"lambda_cycle": ["1"]}}, "unknown configuration key"),
        ({"grids": {"learning_rate": ["-1"]}}, "at least 0"),
        ({"grids": {"learning_rate": ["x"]}}, "is no number"),
        ({"grids": {"learning_rate": ["nan"]}}, "is no number"),
        ({"grids": {"batch_size": ["1.5"]}}, "no whole number"),
        ({"grids": {"batch_size": ["8", "08"]}}, "there twice"),
        ({"grids": {"normalization": [1.0]}}, "list its values"),
        ({"grids": {"normalization": ["grup"]}}, "mean 'group'"),
        ({"seeds": [1, 1]}, "--seeds: 1 is there twice"),
        ({"grids": {"steps": ["3"]}, "steps": 3}, "both fixed and in --grid"),
        ({"stesp": 3}, "mean 'steps'"),
    ],
)
def test_bad_values_are_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        make(**arguments)


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        ("mse_vs_interval.all_pairs.80.mean", "there is no"),
        ("mse_vs_interval.all_pairs.180.mean_all", "between 0 and 180"),
        ("nothing", "they begin with mse_vs_interval"),
        ("parameter_distance.held_out.mean_deviation", "pole set only"),
    ],
)
def test_bad_measures_are_refused(measure, message):
    with pytest.raises(UserError, match=message):
        measures.check(measure, ["pole", OBJECT])


@pytest.mark.parametrize("path", measures.KNOWN)
def test_every_measure_has_a_label_and_needs_some_degrees(path):
    measure = ".".join(path).replace("<degrees>", "35")
    measures.check(measure, ["pole"])
    assert ": " in measures.label(measure)
    degrees = measures.intervals(measure)
    if "<degrees>" in path:
        assert degrees == [35.0]
    assert (degrees is None) == (path[0] == "parameter_distance")


def finish(folder, trial, value, steps=1000):
    """Makes a trial look as if it had been trained and measured."""
    run = pathlib.Path(folder.run(trial))
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / f"step_{steps:08d}.npz").touch()
    (run / "config.json").write_text(configuration.to_json(trial.config))

    def number(value):
        errors = {"mean_in_between": {"value": value, "low": 0, "high": 1}}
        return {"mse_vs_interval": {"all_pairs": {"40": errors}}}

    metrics = {
        "runs": {trial.method: [{"steps": steps}]},
        "methods": {
            trial.method: number(value),
            "pixel_blend": number(0.5),
        },
    }
    path = measures.path(folder.of(trial), MEASURE)
    pathlib.Path(path).write_text(json.dumps(metrics))


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


def test_table_has_the_best_all_and_the_failures(some):
    folder, made = some
    found = results.read(folder, MEASURE)
    assert [r.state for r in found] == ["failed"] + ["finished"] * 15
    best, everything, failed = table.markdown(found, MEASURE).split("\n## ")[1:]
    assert (
        "| COIL-100, object 3 | AEAI (proposed) | 8 | 0.1 | 0, 1 | "
        "0.21 [0.2, 0.22] | 0.5 |"
    ) in best
    assert everything.count("| AEAI") == 6
    assert "| – |" in everything  # AE has no lambda_cycle.
    assert "**0.21 [0.2, 0.22]**" in everything
    assert made[0].name in failed
    assert "diverged \\| at step 3" in failed
    rows = list(
        csv.DictReader(results.to_csv(found, MEASURE, folder).split("\n"))
    )
    assert len(rows) == len(made)
    assert rows[0]["state"] == "failed"
    assert rows[0]["value"] == ""
    row = next(r for r in rows if r["lambda_cycle"] == "0.1")
    assert (row["method"], row["data"], row["seed"]) == ("aeai", OBJECT, "0")
    assert row["pixel_blend"] == "0.5"
    assert os.path.isdir(os.path.join(folder.path, row["folder"]))


def test_plot_has_a_line_through_the_best_point(some):
    folder, _ = some
    figure = plot.draw(results.read(folder, MEASURE), MEASURE)
    batch_size, cycle = figure.axes
    assert cycle.get_xlabel() == "lambda_cycle"
    labels = [text.get_text() for text in cycle.get_xticklabels()]
    assert labels == ["0", "0.1", "1"]
    np.testing.assert_allclose(cycle.get_xticks(), [-2, -1, 0])
    lines = [line.get_ydata() for line in cycle.lines if line.get_ls() == "-"]
    assert any(np.allclose(y, [0.3, 0.21, 0.3]) for y in lines if len(y) == 3)
    assert [t.get_text() for t in batch_size.get_xticklabels()] == ["4", "8"]


def test_nothing_is_drawn_of_nothing(tmp_path):
    folder = trials.Folder(str(tmp_path))
    folder.open({}, make(grids={"batch_size": ["4"]}))
    found = results.read(folder, MEASURE)
    assert plot.draw(found, MEASURE) is None
    assert "1 open" in table.markdown(found, MEASURE)


def test_high_is_good_for_some():
    points = [
        results.Point("pole", "ae", {"a": value}, (0,), (value,))
        for value in (0.1, 0.9)
    ]
    assert results.best(points, "quality.all_pairs.ssim").mean == 0.9
    assert results.best(points, MEASURE).mean == 0.1


def test_only_what_is_missing_is_run(some, monkeypatch):
    folder, made = some
    grids = {"lambda_cycle": ["0", "10"], "batch_size": ["8"]}
    changed = make(["aeai"], grids=grids, steps=1000)
    run = []

    def pretend(jobs, where, done):
        for job in jobs:
            run.append(job.name)
            os.makedirs(job.folder, exist_ok=True)
            done(job)

    monkeypatch.setattr(driving, "_prepare", lambda *_: None)
    monkeypatch.setattr(scheduling, "run", pretend)
    folder.open({"steps": 1000}, changed)
    driving.run(folder, changed, MEASURE, scheduling.Where())
    assert run == ["coil100_3/aeai_seed0_batch_size=8_lambda_cycle=10"]
    assert len(results.read(folder, MEASURE)) == len(made) + 1
    run.clear()
    more = make(["aeai"], grids=grids, steps=2000)
    driving.run(folder, more, MEASURE, scheduling.Where())
    assert len(run) == 2


def test_folder_of_another_sweep_is_refused(tmp_path):
    folder = trials.Folder(str(tmp_path / "sweep"))
    folder.check({"image_size": 32}, {})
    folder.open({"image_size": 32, "steps": 10}, make())
    folder.check({"image_size": 32, "steps": 20}, {})
    folder.check({}, {"image_size": ["16", "32"]})
    with pytest.raises(UserError, match="image_size is 32 there and 64 here"):
        folder.check({"image_size": 64}, {})
    with pytest.raises(UserError, match="neither empty nor a sweep's"):
        trials.Folder(str(tmp_path)).check({}, {})
    at_work = pytest.raises(UserError, match="another sweep is at work")
    with folder.alone(), at_work, folder.alone():
        pass


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"cores": 10**6}, "is more than this machine's"),
        ({"address": "nonsense"}, "neither auto nor host:port"),
        ({"address": "127.0.0.1:1"}, "nobody answers at '127.0.0.1:1'"),
    ],
)
def test_a_place_that_is_not_there_is_refused(where, message, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    with pytest.raises(UserError, match=message):
        scheduling.Where(**where).check()


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


def test_processes_of_a_killed_worker_get_a_sigterm(tmp_path):
    (tmp_path / "sleeper.py").write_text(
        "import os, signal, sys, time\n"
        "def stop(*_):\n"
        "    open('stopped', 'w').close()\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "open('cores', 'w').write(str(os.sched_getaffinity(0)))\n"
        "time.sleep(60)\n"
    )
    core = min(os.sched_getaffinity(0))
    worker = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import os, subprocess, sys\n"
            "subprocess.Popen([sys.executable, '-m', 'aeai_tf.sweep.attached',"
            f" str(os.getpid()), '{core}', 'sleeper']).wait()",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )
    until((tmp_path / "cores").is_file)
    worker.kill()
    until((tmp_path / "stopped").is_file)
    assert (tmp_path / "cores").read_text() == str({core})


def until(ready, seconds: float = 300):
    """Waits until something is so, and returns it."""
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


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


def test_last_sentence_is_without_progress_bars():
    text = "bar 1\rbar 2\raeai-train: training diverged: x\n"
    assert running.last_sentence(text) == "training diverged: x"
