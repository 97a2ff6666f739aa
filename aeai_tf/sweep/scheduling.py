"""Trials on Ray: on this machine, or on a cluster.

Plain tasks, of which Ray repeats those whose worker has died. Ray Tune would
keep a state of its own, to which a changed grid cannot add trials; here the
folders of the trials are the state.
"""

import contextlib
import dataclasses
import importlib.util
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from aeai_tf import files
from aeai_tf.errors import UserError
from aeai_tf.sweep import running

OBJECT_STORE = 100 * 2**20  # Bytes: nothing goes through it; Ray takes 30 %.
SECONDS_TO_ANSWER = 10.0
SECONDS_TO_LISTEN = 1.0  # The most that a signal waits for.
# Ray gives its own processes 30 s, which a busy machine exceeds at first.
STARTS = 5


@dataclasses.dataclass(frozen=True)
class Where:
    """Where trials run, and on how much of it.

    Attributes:
        address: of a Ray cluster, None for this machine.
        at_once: the most trials at once; None for as many as have cores.
        cores: of each trial, for itself alone.
        gpus: of each trial; below 1 its share of one.
    """

    address: str | None = None
    at_once: int | None = None
    cores: int = 1
    gpus: float = 0

    @property
    def slots(self) -> int:
        """How many trials run at once on this machine."""
        fit = max(1, cores_here() // self.cores)
        return min(fit, self.at_once or fit)

    def check(self) -> None:
        """Finds out, starting nothing, whether trials could be run.

        Raises:
            UserError: Ray is missing, nobody answers at the address, or there
                are fewer cores.
        """
        if importlib.util.find_spec("ray") is None:
            raise UserError(
                "Ray is not installed; in the checkout: "
                "pip install -c constraints.txt -e '.[sweep]'"
            )
        # Ray itself would try for minutes, with pages of messages.
        found = re.fullmatch(r"(?:ray://)?(.+):(\d+)", self.address or "")
        if found:
            try:
                where = found[1], int(found[2])
                socket.create_connection(where, SECONDS_TO_ANSWER).close()
            except (OSError, OverflowError) as error:
                raise UserError(
                    f"--address: nobody answers at {self.address!r} ({error})"
                ) from error
        elif self.address not in (None, "auto"):
            raise UserError(
                f"--address: {self.address!r} is neither auto nor host:port"
            )
        if self.address is None and self.cores > cores_here():
            raise UserError(
                f"--cores={self.cores} is more than this machine's "
                f"{cores_here()}"
            )


def cores_here() -> int:
    """How many cores of this machine this process may use."""
    return len(os.sched_getaffinity(0))


def run(
    jobs: Sequence[running.Job],
    where: Where,
    done: Callable[[running.Job], None],
) -> None:
    """Runs trials until the last has ended.

    If it is stopped, the trials under way save and stop.

    Args:
        jobs: the trials; Ray starts them in this order.
        where: to run them.
        done: called with each when it has ended.

    Raises:
        UserError: no cluster at the address.
    """
    handler = signal.getsignal(signal.SIGTERM)
    ray = _started(where)
    task = ray.remote(
        num_cpus=where.cores, num_gpus=where.gpus, max_retries=running.RETRIES
    )(running.run)
    waiting, pending, signals = list(jobs), {}, []
    # Ray's own handler aborts the process, and what one raises is lost in Ray.
    signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    try:
        while waiting or pending:
            while waiting and len(pending) < (where.at_once or len(jobs)):
                job = waiting.pop(0)
                pending[task.remote(job)] = job
            ready, _ = ray.wait(list(pending), timeout=SECONDS_TO_LISTEN)
            if signals:
                print("stopped; the same command goes on", file=sys.stderr)
                sys.exit(128 + signals[0])
            for reference in ready:
                job = pending.pop(reference)
                try:
                    ray.get(reference)
                except ray.exceptions.RayError as error:
                    _note_failure(job, error)
                done(job)
    finally:
        signal.signal(signal.SIGTERM, handler)
        ray.shutdown()
        # Who goes on from here should find saved what they leave.
        for job in pending.values():
            with contextlib.suppress(FileNotFoundError):
                running.wait_for(job)


def _started(where: Where):
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if where.address is None:
        # Else it kills, when it ends, what is to save first.
        os.environ["RAY_kill_child_processes_on_worker_exit"] = "0"  # noqa: SIM112
        options = {
            "address": "local",  # Whatever RAY_ADDRESS says.
            "num_cpus": cores_here(),
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE,
        }
    else:
        options = {"address": where.address}
    import ray

    for attempt in range(STARTS):
        try:
            ray.init(log_to_driver=False, logging_level="CRITICAL", **options)
            return ray
        except Exception as error:  # Ray raises `Exception` itself.
            ray.shutdown()
            reason = str(error).strip().split("\n", maxsplit=1)[0]
            if where.address is not None:
                raise UserError(
                    f"--address: no Ray cluster answers at {where.address!r} "
                    f"({reason})"
                ) from error
            if attempt + 1 == STARTS:
                raise UserError(f"Ray does not start here: {reason}") from error


def _note_failure(job: running.Job, error: Exception) -> None:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    os.makedirs(job.folder, exist_ok=True)
    path = os.path.join(job.folder, "failure.txt")
    files.write_text(path, f"{type(error).__name__}: {lines[-1]}\n")
