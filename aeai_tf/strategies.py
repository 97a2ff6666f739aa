"""Where a run trains: on one device, on all of a machine, on several machines.

A thin layer over `tf.distribute`: the strategy, and what its workers have to
agree upon between steps. What happens within a step is in `aeai_tf.replicas`.
Nothing here imports TensorFlow before a strategy starts.
"""

import contextlib
import dataclasses
import functools
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from aeai_tf.errors import UserError

NAMES = ("default", "mirrored", "multi_worker")
EXAMPLE = (
    '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


@dataclasses.dataclass(frozen=True)
class Team:
    """The workers that train one model together, seen by one of them.

    Attributes:
        strategy: a `tf.distribute.Strategy`.
        workers: how many; each is a process.
        is_chief: whether this one writes the run's folder, and reports.
    """

    strategy: Any
    workers: int = 1
    is_chief: bool = True

    @property
    def replicas(self) -> int:
        """Devices that share a batch, over all workers."""
        return self.strategy.num_replicas_in_sync

    def ask(self, value: int) -> list[int]:
        """Tells all workers a value and hears theirs; waits for all of them.

        Args:
            value: in 64 bits.

        Returns:
            One a worker at least, in the same order for all.
        """
        if self.workers == 1:
            return [value]
        return self._gather(value)

    @functools.cached_property
    def _gather(self) -> Callable[[int], list[int]]:
        import tensorflow as tf

        def share(own):
            own = tf.identity(own)  # On the replica's device.
            return tf.distribute.get_replica_context().all_gather(own, 0)

        # Compiled, since this happens at every step.
        @tf.function(input_signature=[tf.TensorSpec([1], tf.int64)])
        def everyone(own):
            shared = self.strategy.run(share, [own])
            return self.strategy.experimental_local_results(shared)[0]

        return lambda value: everyone([value]).numpy().tolist()

    @contextlib.contextmanager
    def chief_first(self) -> Iterator[None]:
        """A block that the others enter once the chief has left it."""
        if not self.is_chief:
            self.ask(0)
        yield
        if self.is_chief:
            self.ask(0)


def check(name: str) -> None:
    """Refuses a strategy that could not start, before TensorFlow is loaded.

    Args:
        name: one of `NAMES`.

    Raises:
        UserError: "multi_worker" without a `TF_CONFIG` that makes sense.
    """
    if name == "multi_worker":
        _cluster()


def start(name: str) -> Team:
    """Starts a strategy; "multi_worker" waits for all workers.

    Args:
        name: "default": the first GPU, or the CPU. "mirrored": all devices of
            this machine. "multi_worker": all devices of all the machines that
            `TF_CONFIG` lists.

    Raises:
        UserError: as `check`; or the address of this worker is taken.
    """
    import tensorflow as tf

    if name == "default":
        return Team(tf.distribute.get_strategy())
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU")
        devices = devices or tf.config.list_logical_devices("CPU")
        if len(devices) == 1:
            print(
                f"--strategy=mirrored: {devices[0].name} is this machine's "
                f"only device, so that there is one replica",
                file=sys.stderr,
            )
        return Team(tf.distribute.MirroredStrategy([d.name for d in devices]))
    addresses, rank = _cluster()
    print(
        f"worker {rank + 1} of {len(addresses)} ({addresses[rank]}) waits for "
        f"the others",
        file=sys.stderr,
    )
    try:
        with _default_signals():
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise UserError(
            f"worker {addresses[rank]!r} cannot start ({error.message})"
        ) from error
    return Team(strategy, len(addresses), rank == 0)


def check_batch(batch_size: int, replicas: int) -> None:
    """Refuses a batch that replicas cannot share equally.

    Raises:
        UserError: names the nearest sizes that would do.
    """
    below = batch_size // replicas * replicas
    if below == batch_size:
        return
    near = f"{below} or {below + replicas}" if below else f"{replicas}"
    raise UserError(
        f"batch_size={batch_size} is the whole batch, and {replicas} replicas "
        f"cannot share it equally; {near} would do"
    )


def _cluster() -> tuple[list[str], int]:
    """The workers' addresses by `TF_CONFIG`, chief first, and which is this."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        raise UserError(
            f"--strategy=multi_worker needs the environment variable "
            f"TF_CONFIG, for the first of two workers such as {EXAMPLE}"
        )
    try:
        described = json.loads(text)
        cluster, task = described["cluster"], described["task"]
        jobs = {job: list(cluster.get(job, [])) for job in ("chief", "worker")}
        addresses = [address for job in jobs.values() for address in job]
        if set(cluster) - set(jobs) or len(jobs["chief"]) > 1:
            raise ValueError("a cluster has workers, and at most one chief")
        for address in addresses:
            _, colon, port = address.rpartition(":")
            if not (colon and port.isdecimal()):
                raise ValueError(f"{address!r} is not host:port")
        own = jobs[task["type"]]
        index = int(task["index"])
        if not 0 <= index < len(own):
            raise ValueError(
                f"task index {index} is not below the {len(own)} of its type"
            )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise UserError(
            f"TF_CONFIG describes no cluster ({reason}); for the first of two "
            f"workers it could be {EXAMPLE}"
        ) from error
    return addresses, index + (task["type"] == "worker") * len(jobs["chief"])


@contextlib.contextmanager
def _default_signals() -> Iterator[None]:
    """Lets Ctrl-C and SIGTERM end a wait in which Python does not run."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.signal(number, signal.SIG_DFL) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)
