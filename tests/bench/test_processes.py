"""Processes that are held, and runs that are watched."""

import os
import sys
import time

import pytest

from aeai_tf import planned, runs
from aeai_tf.bench import program, turns
from aeai_tf.errors import UserError
from tests.bench.tiny import VALUES

# In place of aeai-train: logs steps 2, 4, 6 by a clock of its own.
PROGRAM = """
import os, sys, time
folder = sys.argv[1]
os.makedirs(folder)
with open(folder + "/metrics.csv", "w") as file:
    file.write("step,split,seconds\\n")
    for step, seconds in ((2, 5.0), (4, 55.0), (6, 105.0)):
        file.write(f"{step},train,{seconds}\\n{step},held_out,{seconds + 9}\\n")
        file.flush()
        time.sleep(0.5)
"""


class Alone:
    """In place of a process with the step alone, of 20 s."""

    def __init__(self):
        self.spent = 0.0
        self.turns = 0

    def ask(self, function, offer):
        assert (function, offer) == (turns.take_steps, "step")
        began = time.monotonic()
        time.sleep(0.05)
        self.spent += time.monotonic() - began
        self.turns += 1
        return [20.0] * turns.STEPS_IN_TURN


@pytest.fixture
def stand_in(monkeypatch):
    commands = []

    def command(method, data, folder, values):
        commands.append((method, data, values))
        return [sys.executable, "-c", PROGRAM, folder]

    monkeypatch.setattr(planned, "train_command", command)
    monkeypatch.setattr(program, "PAUSE_EVERY", 0.2)
    return commands


def test_outside_halts_the_run_while_the_step_takes_turns(stand_in):
    alone = Alone()
    values = VALUES | {"log_every": 2}
    found = program.outside("ae", values, 4, alone)
    method, data, trained = stand_in[0]
    assert (method, data, trained["steps"]) == ("ae", "coil100/1,paper", 6)
    assert alone.turns >= 2
    assert found["steps"] == 4 and found["step_ms"] == 20_000
    # 100 s by the clock of the run, without those in which it was halted.
    halted = 100 - 4 * found["run_ms"] / 1e3
    assert alone.spent < halted < 100
    share = 1 - 20_000 / found["run_ms"]
    assert found["share_outside"] == pytest.approx(share)


def test_outside_wants_whole_logs():
    with pytest.raises(UserError, match="must be a multiple of log_every=50"):
        program.outside("ae", VALUES, 40, None)


def test_start_ends_with_the_first_row(stand_in, monkeypatch):
    values = VALUES | {"log_every": 2}
    monkeypatch.setattr(program, "LONGEST", 0.5)
    with pytest.raises(UserError, match=r"not at step 1 after 0\.5 s"):
        program.start("ae", values, 1)
    assert stand_in[0][2]["log_every"] == 1


def test_the_clock_is_that_of_a_run(tmp_path):
    run = program._Run("ae", VALUES, str(tmp_path))
    assert run.row(50) is None
    os.makedirs(run.folder)
    file = runs.MetricsFile(run.folder, ["reconstruction"], 0)
    assert run.row(50) is None
    file.append(50, "train", 12.5, {"reconstruction": 0.1})
    file.append(50, "held_out", 13.5, {"reconstruction": 0.1})
    assert run.row(50) == 12.5 and run.row(5) is None
    with open(file.path, "a") as half:
        half.write("100,tra")
    assert run.row(100) is None


def test_a_run_that_fails_gives_its_last_line():
    with pytest.raises(UserError, match=r"aeai-train failed: .*latent_dim=0"):
        program.start("ae", VALUES | {"latent_dim": 0}, 1)


def test_things_take_turns():
    asked = []

    class Held:
        def __init__(self, name):
            self.name = name

        def ask(self, function, offer):
            asked.append((self.name, offer))
            return [0.1, 0.2, 0.3, 0.4, 1.0]

    things = {n: turns.Thing(Held(n)) for n in ("a", "b")}
    seconds = turns.take(things, 6)
    assert asked == [("a", "step"), ("b", "step")] * 2
    assert len(seconds["b"]) == 10
    assert turns.summary(seconds["a"]) == {
        "median_ms": pytest.approx(300),
        "quartiles_ms": [pytest.approx(200), pytest.approx(400)],
    }


def test_a_process_is_held_and_says_when_it_ends():
    with turns.Held("the ceiling", "ceiling", VALUES) as held:
        assert "matrix product" in held.info
        seconds = held.ask(turns.take_steps, "convolution 16")
        assert len(seconds) == turns.STEPS_IN_TURN and min(seconds) > 0
        assert held.ask(turns.peak_mib) > 50
        with pytest.raises(UserError, match="that measures the ceiling ended"):
            held.ask(_exit)


def _exit():
    os._exit(1)
