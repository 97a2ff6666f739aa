"""Things that are timed in turns, each in a process that is held alive.

What is compared takes turns of a few steps, so that a slow spell of the
machine falls on all of it; and processes of their own keep the thread pools of
one from those of another.
"""

import dataclasses
import importlib
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent import futures
from concurrent.futures import process

from aeai_tf.errors import UserError

STEPS_IN_TURN = 5
_offers: dict[str, Callable[[], None]] = {}  # Of a held process.


class Held:
    """A process of its own, until it is closed.

    Attributes:
        name: of what it holds, for messages.
        info: what `prepare` said about it.
    """

    def __init__(self, name: str, module: str, *arguments):
        """Starts the process and prepares it.

        Args:
            name: for messages.
            module: of this package, only imported there. Its `prepare`
                returns what can be timed, functions without arguments that
                return once their work is done, by name; and a dict about it.
            *arguments: of `prepare`.

        Raises:
            UserError: the process ended.
        """
        print(f"preparing {name}", file=sys.stderr)
        # Several processes may share a GPU, none of them may take all of it.
        os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        self.name = name
        self._pool = futures.ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn")
        )
        try:
            self.info = self.ask(_hold, module, *arguments)
        except BaseException:
            self.close()
            raise

    def ask(self, function: Callable, *arguments):
        """Calls a module's function there.

        Raises:
            UserError: the process ended.
        """
        try:
            return self._pool.submit(function, *arguments).result()
        except process.BrokenProcessPool as error:
            raise UserError(
                f"the process that measures {self.name} ended: the memory may "
                f"not suffice; measure fewer methods, smaller images or "
                f"batches at once"
            ) from error

    def close(self) -> None:
        """Ends the process."""
        self._pool.shutdown()

    def __enter__(self):
        """Returns itself."""
        return self

    def __exit__(self, *_):
        """Ends the process."""
        self.close()


@dataclasses.dataclass(frozen=True)
class Thing:
    """Something that can be timed: what a process offers under a name."""

    held: Held
    offer: str = "step"


def take(
    things: dict[str, Thing], steps: int, label: str = ""
) -> dict[str, list[float]]:
    """Times things in turns.

    Args:
        things: by name.
        steps: timed steps of each, at least; a turn has `STEPS_IN_TURN`, and
            one before them that is not timed.
        label: of what is measured, for the progress on stderr.

    Returns:
        Seconds of each step by the name of the thing.
    """
    seconds = {name: [] for name in things}
    for turn in range(-(-steps // STEPS_IN_TURN)):
        print(f"{label}: turn {turn + 1}", file=sys.stderr)
        for name, thing in things.items():
            seconds[name] += thing.held.ask(take_steps, thing.offer)
    return seconds


def summary(seconds: Iterable[float]) -> dict:
    """Median and quartiles, in milliseconds, of at least two times."""
    quarter, median, three = (
        1e3 * s for s in statistics.quantiles(seconds, n=4, method="inclusive")
    )
    return {"median_ms": median, "quartiles_ms": [quarter, three]}


def _hold(module: str, *arguments) -> dict:
    module = importlib.import_module(f"aeai_tf.bench.{module}")
    offers, info = module.prepare(*arguments)
    _offers.update(offers)
    return info


def take_steps(offer: str) -> list[float]:
    """Takes a turn, in a held process; seconds of each of its steps."""
    step = _offers[offer]
    step()  # Caches and clocks are those of what ran before.
    seconds = []
    for _ in range(STEPS_IN_TURN):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return seconds


def peak_mib() -> float:
    """Peak memory of a held process, on a GPU of that; TensorFlow included."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
