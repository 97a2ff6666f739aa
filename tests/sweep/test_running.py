import os
import pathlib
import subprocess
import sys
import time

from aeai_tf.sweep import running

ROOT = pathlib.Path(__file__).parents[2]


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


def test_last_sentence_is_without_progress_bars():
    text = "bar 1\rbar 2\raeai-train: training diverged: x\n"
    assert running.last_sentence(text) == "training diverged: x"
