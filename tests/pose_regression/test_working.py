"""Jobs from end to end, in this process and in those of the tool."""

import functools
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from aeai_tf import checkpoints, training
from aeai_tf.errors import UserError
from aeai_tf.pose_regression import driving, regressor, results, working
from tests.pose_regression import toy

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def one_regressor():
    """Compiles it once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        cached = functools.cache(regressor.Regressor)
        patch.setattr(regressor, "Regressor", cached)
        yield


@pytest.fixture(scope="module")
def done(tmp_path_factory, images):
    """A study that was worked at."""
    folder = tmp_path_factory.mktemp("study")
    study = toy.make(folder, images)
    working.work(study)
    return study


def times(study) -> dict[str, int]:
    """When the files of a study were written, but for its locks."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in pathlib.Path(study.folder).rglob("*")
        if path.is_file() and path.name != "lock"
    }


def test_every_job_has_its_errors(done):
    found = {job.variant: done.result(job) for job in done.jobs()}
    assert list(found) == ["nothing", "mixup", "ae", "pixel_blend"]
    for result in found.values():
        assert len(result["errors"]) == len(result["angles"]) == 64
        assert all(0 <= error <= 180 for error in result["errors"])
        assert result["angles"] == found["nothing"]["angles"]
    assert found["nothing"]["errors"] != found["mixup"]["errors"]
    assert found["nothing"]["errors"] != found["pixel_blend"]["errors"]
    assert found["ae"]["steps"] == 2
    assert found["pixel_blend"]["kept"] == 20
    ae = next(job for job in done.jobs() if job.variant == "ae")
    # As of `aeai-train`, for `aeai-augment`.
    assert checkpoints.step_of(checkpoints.last(done.run(ae))) == 2
    assert os.path.isfile(os.path.join(done.run(ae), "config.json"))
    gathered = results.gather(done)
    assert len(gathered["rows"]) == 4
    assert not gathered["notes"]
    assert "data.coil100_dir" not in gathered["settings"]


def test_what_is_done_is_left_alone(done, monkeypatch):
    monkeypatch.setattr(
        training, "train", lambda *_: pytest.fail("it was trained again")
    )
    before = times(done)
    working.work(done)
    assert times(done) == before


def test_only_what_is_missing_is_done(done):
    before = times(done)
    job = done.jobs()[0]
    path = os.path.join(done.of(job), "result.json")
    was = pathlib.Path(path).read_text()
    os.remove(path)
    working.work(done)
    after = times(done)
    assert {name for name in after if after[name] != before[name]} == {path}
    assert json.loads(pathlib.Path(path).read_text()) == json.loads(was)


def test_a_job_that_fails_leaves_the_others_running(
    tmp_path, images, monkeypatch
):
    def diverge(config, folder):
        raise UserError(f"{config.method} diverged in {folder}")

    monkeypatch.setattr(training, "train", diverge)
    study = toy.make(tmp_path, images, methods=("ae", "pixel_blend"))
    working.work(study)
    for job in study.jobs():
        if job.variant in study.methods:
            reason = f"{job.variant} diverged in {study.run(job)}"
            assert study.failure(job) == reason
            assert study.result(job) is None
        else:
            assert study.result(job)


def test_a_signal_stops_between_steps(tmp_path, images, monkeypatch):
    study = toy.make(tmp_path, images, methods=("ae",))
    monkeypatch.setattr(training, "train", lambda *_: 128 + signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped:
        working.work(study)
    assert stopped.value.code == 143
    *others, ae = study.jobs()
    assert all(study.result(job) for job in others)
    assert not study.result(ae)
    assert not study.failure(ae)


def test_a_process_that_grew_too_large_makes_room(
    tmp_path, images, monkeypatch
):
    study = toy.make(tmp_path, images, methods=())
    monkeypatch.setattr(working, "ENOUGH", 0)
    with pytest.raises(SystemExit) as stopped:
        working.work(study)
    assert stopped.value.code == working.AGAIN
    assert [bool(study.result(job)) for job in study.jobs()] == [True, False]


@pytest.mark.parametrize(
    ("code", "message"),
    [(1, "no such thing"), (-9, "killed 4 times, at last by SIGKILL")],
)
def test_processes_that_end_too_soon(tmp_path, code, message):
    study = toy.make(tmp_path)
    (tmp_path / "worker_0.log").write_text("Traceback\nno such thing\n")
    with pytest.raises(UserError, match=message):
        driving.check_death(study, 0, code, driving.DEATHS + 1)


def tool(*arguments, **options):
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/pose_regression.py"), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_the_tool_from_end_to_end(tmp_path, images):
    arguments = (
        *("--objects=5", "--methods=", "--poses=8", "--seeds=0"),
        *("--regressor_steps=2", "--image_size=16", "--workers=1"),
        *(f"--coil100_dir={images}", f"--out={tmp_path}/out"),
        f"--runs={tmp_path}/runs",
    )
    done = tool(*arguments)
    assert done.returncode == 0, done.stderr
    assert "2 jobs, 0 of them done" in done.stdout
    assert "[2/2] coil100_5/8_poses_seed0/mixup: " in done.stdout
    assert "| mixup |" in (tmp_path / "out/table.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--methods=ea",), "unknown method 'ea'"),
        (("--objects=pole",), "numbers of COIL-100's objects, not 'pole'"),
        (("--objects=5,5",), "coil100/5 is there twice"),
        (("--poses=x",), "--poses are whole numbers, not 'x'"),
        (("--workers=1000000",), "is more than this machine's"),
        (("--config.stesp=3",), "did you mean 'steps'?"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_is_loaded(
    arguments, message, tmp_path
):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['tensorflow'] = sys.modules['keras'] = None\n"
    )
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/pose_regression.py"), *arguments],
        env=os.environ
        | {"PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert message in done.stderr
    assert os.listdir(tmp_path) == ["sitecustomize.py"]
