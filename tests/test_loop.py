"""Calls of several steps: where they end, what they see and leave behind."""

import types

import keras
import pytest
import tensorflow as tf

from aeai_tf import loop, strategies


class Model:
    """Sums what it sees; its term is the batch, or its square if held out."""

    def __init__(self):
        self.total = tf.Variable(0.0)
        self.metrics = [keras.metrics.Mean(name="seen")]

    def train_step(self, batch):
        self.total.assign(2 * self.total + batch)
        self.metrics[0].update_state(batch)

    def test_step(self, batch):
        self.metrics[0].update_state(batch**2)

    def reset_metrics(self):
        self.metrics[0].reset_state()


def make(model, first=0, team=None):
    numbers = tf.data.Dataset.range(first, 12).map(
        lambda n: tf.cast(n, tf.float32)
    )
    return loop.Loop(
        model, team or strategies.start("default"), numbers, numbers.take(4)
    )


def ends(monkeypatch, seconds, first=0, team=None):
    monkeypatch.setattr(loop, "CALL_SECONDS", seconds)
    steps = make(Model(), first, team).steps(first, 12, (4, 6))
    return [step for step, _ in steps]


def test_calls_end_where_something_is_due(monkeypatch):
    assert ends(monkeypatch, 1e9) == [1, 4, 6, 8, 12]
    assert ends(monkeypatch, 1e9, first=7) == [8, 12]


def test_slow_steps_are_taken_one_by_one(monkeypatch):
    assert ends(monkeypatch, 0, first=7) == [8, 9, 10, 11, 12]


def test_workers_take_as_many_steps_as_the_slowest_one_would(monkeypatch):
    team = types.SimpleNamespace(
        strategy=tf.distribute.get_strategy(), ask=lambda own: [own, 2]
    )
    assert ends(monkeypatch, 1e9, team=team) == [1, 3, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("seconds", [0, 1e9])
def test_every_batch_once_and_in_order(monkeypatch, seconds):
    monkeypatch.setattr(loop, "CALL_SECONDS", seconds)
    model = Model()
    seen = dict(make(model).steps(0, 12, (6,)))
    assert float(model.total) == sum(2 ** (11 - n) * n for n in range(12))
    # Nobody reset the means.
    assert seen[6] == {"seen": 2.5}
    assert seen[12] == {"seen": 5.5}


def test_held_out_terms_are_measured_apart():
    model = Model()
    steps = make(model)
    for _ in steps.steps(0, 5, (5,)):
        pass
    total = float(model.total)
    assert steps.held_out_terms() == {"seen": 14 / 4}
    assert steps.held_out_terms() == {"seen": 14 / 4}
    assert float(model.total) == total
    assert dict(steps.steps(5, 6, (6,))) == {6: {"seen": 5.0}}
