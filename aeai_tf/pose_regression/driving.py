"""The processes of a study: what is missing is done, on every core."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from aeai_tf import planned
from aeai_tf.errors import UserError
from aeai_tf.pose_regression import working
from aeai_tf.pose_regression.study import WITHOUT_RUN, Job, Study
from aeai_tf.sweep import running, scheduling

SECONDS_TO_LOOK = 0.5
DEATHS = 3  # Of processes that were killed, in a row without any result.
# Measured at 32x32 pixels on one core, beside the steps of autoencoders: what
# is compiled and drawn once a run, of AE, which others exceed as their steps
# do; images and samples; a step of a regressor.
SECONDS_A_RUN = 2.0
SECONDS_A_JOB = 2.0
SECONDS_A_REGRESSOR_STEP = 0.004


def check_workers(count: int) -> None:
    """Refuses more processes than there are cores.

    Raises:
        UserError: says how many there are.
    """
    cores = scheduling.cores_here()
    if count > cores:
        raise UserError(
            f"--workers={count} is more than this machine's {cores} cores, of "
            f"which each takes one"
        )


def open_jobs(study: Study) -> list[Job]:
    """The jobs that have no result yet."""
    return [job for job in study.jobs() if not study.result(job)]


def run(study: Study, workers: int) -> None:
    """Does what is missing, and says what came of each job.

    If it is stopped, autoencoders save, and the same call goes on.

    Args:
        study: what to do.
        workers: processes at once, each on a core of its own.

    Raises:
        UserError: another call is at work in the study's folder, or processes
            are killed or fail.
    """
    with _alone(study.folder):
        todo = open_jobs(study)
        total = len(study.jobs())
        print(f"{total} jobs, {total - len(todo)} of them done", flush=True)
        for job in todo:
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(study.of(job), "failure.txt"))
        if todo:
            _work(study, todo, workers)


def say_what_it_would_take(study: Study, workers: int, costs: str) -> None:
    """Prints what is to be done and about how long it takes here.

    Args:
        study: what to do.
        workers: processes at once.
        costs: path of the file for `planned.costs`.
    """
    todo = open_jobs(study)
    left = {}
    for job in todo:
        if job.variant not in WITHOUT_RUN:
            taken = study.steps_taken(job) or 0
            left[job] = max(0, study.steps(job) - taken)
    training = [job for job, steps in left.items() if steps]
    # As a process will have it.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    seconds = len(todo) * (
        SECONDS_A_JOB + SECONDS_A_REGRESSOR_STEP * study.regressor_steps
    )
    if training:
        config = study.config(training[0])
        of_ae, _ = planned.seconds_of_ae(config)
        known = planned.costs(costs)
        seconds += sum(
            _times_ae(job, known) * (SECONDS_A_RUN + left[job] * of_ae)
            for job in training
        )
    total = len(study.jobs())
    print(
        f"{total} regressors, {total - len(todo)} of them done; for the rest "
        f"{len(training)} autoencoders are to be trained, which takes about "
        f"{seconds / workers / 60:.0f} minutes in {workers} processes"
    )


def check_death(study: Study, core: int, code: int, deaths: int) -> None:
    """Finds out whether a process that ended too soon is to be replaced.

    Args:
        study: it worked at.
        core: it had.
        code: it ended with.
        deaths: since the last result, with this one.

    Raises:
        UserError: it failed of itself, or too many were killed.
    """
    number = -code if code < 0 else code - 128
    log = _log(study, core)
    if number not in set(signal.Signals):
        with open(log, errors="replace") as file:
            raise UserError(
                f"a process failed ({running.last_sentence(file.read())}); "
                f"{log} has more"
            )
    if deaths > DEATHS:
        raise UserError(
            f"processes were killed {deaths} times, at last by "
            f"{signal.Signals(number).name}, without doing anything; if memory "
            f"is short, try fewer --workers"
        )


def _times_ae(job: Job, costs: Mapping[str, Mapping]) -> float:
    name = job.variant.partition("_no_")[0]
    return costs.get(name, {}).get("times_ae", 1.0)


def _work(study: Study, todo: list[Job], count: int) -> None:
    cores = sorted(os.sched_getaffinity(0))[: min(count, len(todo))]
    processes = {core: _start(study, core) for core in cores}
    began, waiting, deaths = time.monotonic(), list(todo), 0
    try:
        while processes:
            time.sleep(SECONDS_TO_LOOK)
            for core, process in list(processes.items()):
                code = process.poll()
                if code is None:
                    continue
                del processes[core]
                if code == 0:
                    continue
                if code != working.AGAIN:
                    deaths += 1
                    check_death(study, core, code, deaths)
                processes[core] = _start(study, core)
            for job in [job for job in waiting if _outcome(study, job)]:
                waiting.remove(job)
                deaths = 0
                _say(study, job, len(todo), len(waiting), began)
    except (KeyboardInterrupt, SystemExit):
        print("stopped; the same command goes on", file=sys.stderr)
        raise
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait()


def _start(study: Study, core: int) -> subprocess.Popen:
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    with open(_log(study, core), "a") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "aeai_tf.sweep.attached"),
                *(str(os.getpid()), str(core)),
                *("aeai_tf.pose_regression.working", study.to_json()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            # Ctrl-C is for the tool: it ends this one itself.
            start_new_session=True,
        )


def _log(study: Study, core: int) -> str:
    return os.path.join(study.folder, f"worker_{core}.log")


def _outcome(study: Study, job: Job) -> str | None:
    result = study.result(job)
    if result is None:
        return study.failure(job)
    mean = sum(result["errors"]) / len(result["errors"])
    text = f"{mean:.1f} degrees"
    if result["attempts"]:
        text += f", {result['kept']} of {result['attempts']} samples kept"
    return text


def _say(study: Study, job: Job, total: int, left: int, began: float) -> None:
    done = total - left
    minutes = (time.monotonic() - began) / 60 / done * left
    print(
        f"[{done}/{total}] {job.name}: {_outcome(study, job)}"
        + (f" (about {minutes:.0f} minutes left)" if left else ""),
        flush=True,
    )


@contextlib.contextmanager
def _alone(folder: str) -> Iterator[None]:
    os.makedirs(folder, exist_ok=True)
    try:
        with running.lock(os.path.join(folder, "lock"), wait=False):
            yield
    except BlockingIOError:
        raise UserError(
            f"--runs: another study is at work in {folder!r}"
        ) from None
