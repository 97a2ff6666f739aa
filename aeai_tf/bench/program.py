"""`aeai-train` from outside: its start, and its time beside the steps."""

import csv
import os
import signal
import subprocess
import tempfile
import time

from aeai_tf import planned
from aeai_tf.bench import settings as measured
from aeai_tf.bench import turns
from aeai_tf.errors import UserError

LONGEST = 900.0  # Seconds without a row until a run is given up.
PAUSE_EVERY = 10.0  # Seconds of training between two turns of the step alone.
LOOK_EVERY = 0.02


def outside(method: str, settings: dict, steps: int, alone: turns.Held) -> dict:
    """Measures the share of time that a run spends outside its steps.

    The run is one of `aeai-train`, logging, drawing and saving as configured,
    on images of noise. Of its own clock, `metrics.csv`, `steps` steps are
    taken, from one row to another, so that all that lies between is in them.
    Now and then it is halted, and the same step alone takes a turn: a slow
    spell of the machine falls on both.

    Args:
        method: as of `settings.load_config`.
        settings: as of `settings.load_config`.
        steps: a multiple of `config.log_every`.
        alone: holds the step of that method and these settings.

    Returns:
        "steps", "run_ms" and "step_ms" (a step within the run, and the median
        alone), and "share_outside", in [0, 1].

    Raises:
        UserError: `steps` is no such multiple, or the run failed.
    """
    config = measured.load_config(method, settings)
    if steps < 1 or steps % config.log_every:
        raise UserError(
            f"--epoch_steps={steps} must be a multiple of log_every="
            f"{config.log_every}, when the run writes its clock"
        )
    last = config.log_every + steps
    values = measured.values(method, settings) | {"steps": last}
    seconds, halted = [], 0.0
    with (
        tempfile.TemporaryDirectory() as folder,
        _Run(method, values, folder) as run,
    ):
        run.wait_for(config.log_every)
        while not run.ended(PAUSE_EVERY):
            began = time.monotonic()
            run.process.send_signal(signal.SIGSTOP)
            if run.row(last) is None:
                seconds += alone.ask(turns.take_steps, "step")
                halted += time.monotonic() - began
            run.process.send_signal(signal.SIGCONT)
        ran = run.wait_for(last) - run.wait_for(config.log_every) - halted
    seconds = seconds or alone.ask(turns.take_steps, "step")
    median = turns.summary(seconds)["median_ms"]
    in_run = 1e3 * ran / steps
    return {
        "steps": steps,
        "run_ms": in_run,
        "step_ms": median,
        "share_outside": 1 - median / in_run,
    }


def start(method: str, settings: dict, times: int = 3) -> list[float]:
    """Measures how long `aeai-train` takes to its first finished step.

    Args:
        method: as of `settings.load_config`.
        settings: as of `settings.load_config`.
        times: starts, one after the other, each in a folder of its own.

    Returns:
        Seconds of each; caches may be cold in the first one.

    Raises:
        UserError: a run failed.
    """
    values = measured.values(method, settings) | {"log_every": 1}
    seconds = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            with _Run(method, values, folder) as run:
                run.wait_for(1)
                seconds.append(time.monotonic() - began)
    return seconds


class _Run:
    """A call of `aeai-train`, which does not outlive its context."""

    def __init__(self, method: str, values: dict, folder: str):
        images = os.path.join(folder, "images")
        os.makedirs(images)
        measured.save_noise(images, values["image_size"])
        self.folder = os.path.join(folder, "run")
        self.log = os.path.join(folder, "log.txt")
        values = values | {"data.coil100_dir": images}
        self.command = planned.train_command(
            *measured.file_of(method), self.folder, values
        )

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait()

    def row(self, step_: int) -> float | None:
        """Seconds of training at a logged step, if the run has come there."""
        path = os.path.join(self.folder, "metrics.csv")
        if not os.path.isfile(path):
            return None
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                whole = None not in row.values()  # Else it is being written.
                if whole and row["step"] == str(step_):
                    return float(row["seconds"])
        return None

    def wait_for(self, step_: int) -> float:
        """Waits for a logged step, and returns its seconds."""
        end = time.monotonic() + LONGEST
        while (seconds := self.row(step_)) is None:
            if self.ended(LOOK_EVERY) and self.row(step_) is None:
                raise UserError(f"aeai-train failed: {self._last_line()}")
            if time.monotonic() > end:
                raise UserError(
                    f"aeai-train was not at step {step_} after {LONGEST:g} s"
                )
        return seconds

    def ended(self, within: float) -> bool:
        """Whether it ends within that many seconds."""
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _last_line(self) -> str:
        with open(self.log) as log:
            return (log.read().strip().splitlines() or ["no message"])[-1]
