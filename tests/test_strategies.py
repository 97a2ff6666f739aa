"""Training over several devices, and over several workers."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from aeai_tf import checkpoints, networks, runs, strategies
from aeai_tf.errors import UserError
from tests import one_worker, two_devices
from tests.evaluation import small_runs

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}


@pytest.fixture(scope="module")
def differences():
    """Those of one device and two, by case and by what was compared."""
    cases = list(two_devices.CASES)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.two_devices", *half],
            stdout=subprocess.PIPE,
            env=os.environ | QUIET,
        )
        for half in (cases[::2], cases[1::2])
    ]
    found = {}
    for process in processes:
        stdout, _ = process.communicate()
        assert process.returncode == 0
        found |= json.loads(stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("case", two_devices.CASES)
def test_two_devices_step_as_one(case, differences):
    """Gradients, weights, statistics and terms, in double precision."""
    assert len(differences[case]) > 40
    assert max(differences[case].values()) < 1e-9


def test_held_out_terms_are_those_of_one_device(differences):
    assert any(name.startswith("held_out") for name in differences["ae"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of two workers' runs and of one process's, and what they said."""
    folder = tmp_path_factory.mktemp("workers")
    images = small_runs.save_images(folder / "images")
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("localhost", 0))
        hosts = [f"localhost:{s.getsockname()[1]}" for s in (one, other)]
    (folder / "default").mkdir()
    calls = [("default", folder / "default", 0)]
    calls += [("multi_worker", folder, rank) for rank in (0, 1)]
    processes = []
    for strategy, where, rank in calls:
        cluster = {
            "cluster": {"worker": hosts},
            "task": {"type": "worker", "index": rank},
        }
        command = [sys.executable, "-m", "tests.one_worker", strategy, images]
        processes.append(
            subprocess.Popen(
                [*command, str(where), str(rank)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | QUIET | {"TF_CONFIG": json.dumps(cluster)},
            )
        )
    said = [process.communicate() for process in processes]
    for process, (_, stderr) in zip(processes, said, strict=True):
        assert process.returncode == 0, stderr
    return folder, said


def arrays(path) -> list[np.ndarray]:
    with np.load(path) as loaded:
        return list(loaded.values())


def test_two_workers_train_to_the_same_weights(trained):
    folder, _ = trained
    one = arrays(folder / "multi_worker_0.npz")
    other = arrays(folder / "multi_worker_1.npz")
    assert len(one) > 80
    for value, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(value, same)


def test_two_workers_train_as_one_process(trained):
    """Adam's means of gradients, which have their scale, included."""
    folder, _ = trained
    workers = arrays(folder / "multi_worker_0.npz")
    alone = arrays(folder / "default/default_0.npz")
    for value, same in zip(workers, alone, strict=True):
        most = np.abs(same).max()
        np.testing.assert_allclose(value, same, rtol=0, atol=1e-3 * most)


def test_metrics_are_those_of_one_process(trained):
    folder, _ = trained
    rows = runs.read_metrics(str(folder / "gaia"))
    alone = runs.read_metrics(str(folder / "default/gaia"))
    assert len(rows) == len(alone) == 4
    for row, same in zip(rows, alone, strict=True):
        assert row.pop("split") == same.pop("split")
        row["seconds"] = same["seconds"]
        assert row == pytest.approx(same, rel=1e-3)


def test_workers_resume_to_the_same_weights_bit_for_bit(trained):
    folder, _ = trained
    at_once, in_two = (
        checkpoints.last(str(folder / name)) for name in ("at_once", "in_two")
    )
    assert checkpoints.step_of(in_two) == 4
    for value, same in zip(arrays(at_once), arrays(in_two), strict=True):
        np.testing.assert_array_equal(value, same)


def test_the_chief_alone_writes_and_reports(trained):
    folder, ((_, _), (chief, _), (worker, _)) = trained
    with open(folder / "gaia/environment.json") as file:
        environment = json.load(file)
    assert environment["strategy"] == "multi_worker"
    assert environment["replicas"] == 2
    for split in ("train", "held_out", "strips"):
        assert len(os.listdir(folder / "gaia/logs" / split)) == 1
    assert "trained 4 steps" in chief
    assert worker.count("\n") == 1  # Its exit codes.


def test_a_run_of_workers_loads_as_any_other(trained, monkeypatch):
    folder, _ = trained
    for name, value in one_worker.SMALL_NETWORKS.items():
        monkeypatch.setattr(networks, name, value)
    _, model = runs.load(str(folder / "gaia"))
    saved = arrays(folder / "multi_worker_0.npz")[-len(model.weights) :]
    for variable, value in zip(model.weights, saved, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_a_signal_to_one_worker_stops_all_and_saves(trained):
    folder, said = trained
    for stdout, stderr in said[1:]:
        assert json.loads(stdout.splitlines()[-1]) == [0, 0, 0, 0, 143]
        assert "stopped by SIGTERM and saved at step" in stderr
    step = checkpoints.step_of(checkpoints.last(str(folder / "stopped")))
    assert 2 < step < 100
    assert f"saved at step {step}" in said[2][1]


def cluster(task="worker", index=0, **jobs) -> str:
    jobs = jobs or {"worker": ["a:1", "b:1"]}
    return json.dumps({"cluster": jobs, "task": {"type": task, "index": index}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "needs the environment variable TF_CONFIG"),
        ("{worker", "describes no cluster"),
        ("[]", "describes no cluster"),
        ('{"cluster": {"worker": ["a:1"]}}', "no 'task'"),
        (cluster(task="evaluator"), "no 'evaluator'"),
        (cluster(index=2), "task index 2 is not below the 2"),
        (cluster(worker=["a"]), "'a' is not host:port"),
        (cluster(worker=["a:1"], ps=["b:1"]), "at most one chief"),
    ],
)
def test_a_bad_cluster_is_refused(text, message, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UserError, match=message) as caught:
        strategies.check("multi_worker")
    assert "\n" not in str(caught.value)
    strategies.check("mirrored")  # Has no use for it.


def test_a_batch_that_cannot_be_shared_equally_is_refused():
    strategies.check_batch(32, 4)
    with pytest.raises(UserError, match=r"32 .* 3 replicas .*; 30 or 33 would"):
        strategies.check_batch(32, 3)
    with pytest.raises(UserError, match="; 8 would do"):
        strategies.check_batch(4, 8)
