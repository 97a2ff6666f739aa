"""One trial, where Ray puts it: trained, then measured."""

import contextlib
import dataclasses
import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from aeai_tf import files

RETRIES = 3  # Of what was killed.


@dataclasses.dataclass(frozen=True)
class Job:
    """What a worker needs to know of a trial.

    Attributes:
        name: of the trial.
        folder: of the trial, absolute.
        train_flags: of `python -m aeai_tf.train`.
        measures: keys of `metrics.json` joined with dots.
        cores: to have for itself.
        gpus: share of a GPU; with 0 it sees none.
        directory: to work in, if the machine has it.
    """

    name: str
    folder: str
    train_flags: tuple[str, ...]
    measures: tuple[str, ...]
    cores: int
    gpus: float
    directory: str

    @property
    def run(self) -> str:
        """The folder of its run."""
        return os.path.join(self.folder, "run")


def run(job: Job) -> None:
    """Trains a trial from where it stopped, and measures it.

    What it finds in the trial's folder it leaves alone if it is complete. A
    failure is a sentence in the folder's failure.txt.
    """
    os.makedirs(job.folder, exist_ok=True)
    failure = os.path.join(job.folder, "failure.txt")
    with lock(os.path.join(job.folder, "lock")) as held:
        with contextlib.suppress(FileNotFoundError):
            os.remove(failure)
        measuring = ("trial", job.run, job.folder, *job.measures)
        for module, *arguments in (
            ("aeai_tf.train", *job.train_flags),
            ("aeai_tf.sweep.measure", *measuring),
        ):
            reason = _until_it_ends(job, module, arguments, held)
            if reason:
                files.write_text(failure, reason + "\n")
                return


@contextlib.contextmanager
def lock(path: str, wait: bool = True) -> Iterator[int]:
    """Holds a file for this process and those that it passes it on to.

    Args:
        path: of the file.
        wait: for whoever holds it. A process that outlived its worker may
            still be saving.

    Yields:
        The file descriptor.

    Raises:
        BlockingIOError: it is held, and `wait` is not set.
    """
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield file.fileno()


def wait_for(job: Job) -> None:
    """Waits until no process of a trial is left.

    Raises:
        FileNotFoundError: it was never begun.
    """
    path = os.path.join(job.folder, "lock")
    os.stat(path)
    with lock(path):
        pass


@contextlib.contextmanager
def _own_cores(count: int) -> Iterator[tuple[list[int], list[int]]]:
    """Finds cores of this machine that no other trial has, or waits for them.

    Yields:
        Their numbers, and descriptors that keep them taken.
    """
    folder = os.path.join(
        tempfile.gettempdir(), f"aeai_tf_sweep_cores_{os.getuid()}"
    )
    os.makedirs(folder, exist_ok=True)
    while True:
        with contextlib.ExitStack() as stack:
            taken = {}
            for core in sorted(os.sched_getaffinity(0)):
                path = os.path.join(folder, str(core))
                with contextlib.suppress(BlockingIOError):
                    taken[core] = stack.enter_context(lock(path, wait=False))
                if len(taken) == count:
                    yield list(taken), list(taken.values())
                    return
        time.sleep(0.5)


def _until_it_ends(job: Job, module: str, arguments, held: int) -> str | None:
    """Runs a module, again if it was killed; returns why it failed, if so."""
    for _ in range(1 + RETRIES):
        code = _call(job, module, arguments, held)
        if code == 0:
            return None
        number = -code if code < 0 else code - 128
        if number not in set(signal.Signals):
            with open(_log(job), errors="replace") as file:
                return last_sentence(file.read())
    return (
        f"{module} was killed {1 + RETRIES} times, at last by "
        f"{signal.Signals(number).name}"
    )


def _call(job: Job, module: str, arguments, held: int) -> int:
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"}
    if job.gpus:
        environment["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    else:
        environment["CUDA_VISIBLE_DEVICES"] = "-1"
    with (
        _own_cores(job.cores) as (cores, taken),
        open(_log(job), "a") as log,
    ):
        # Not `subprocess.run`, which kills what is to save when this is ended.
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "aeai_tf.sweep.attached"),
                str(os.getpid()),
                ",".join(map(str, cores)),
                *(module, *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=job.directory if os.path.isdir(job.directory) else None,
            env=environment,
            pass_fds=(held, *taken),
            # Ctrl-C is for the sweep: it ends this by ending the worker.
            start_new_session=True,
        ).wait()


def _log(job: Job) -> str:
    return os.path.join(job.folder, "log.txt")


def last_sentence(text: str) -> str:
    """What a program of the package says last when it fails."""
    last = re.split(r"[\r\n]+", text.strip())[-1].strip()
    return re.sub(r"^(aeai-train|tools/sweep\.py): ", "", last)
