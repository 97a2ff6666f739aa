import numpy as np
import pytest

from aeai_tf.evaluation import reconstruction
from tests.evaluation import sets


def test_each_run_by_its_own_split():
    splits = [sets.turntable(4, held_out=h) for h in ([0, 1], [2, 3])]
    errors = [np.array([3.0, 5.0, 1.0, 1.0]), np.array([1.0, 1.0, 7.0, 9.0])]
    found = reconstruction.summary(errors, splits)
    assert found["train"]["value"] == 1
    assert found["held_out"]["value"] == pytest.approx(6)
    # Images and runs are drawn; the first run's alone are 3 and 5.
    assert found["held_out"]["low"] == pytest.approx(3)
    assert found["held_out"]["high"] == pytest.approx(9)


def test_nothing_held_out():
    found = reconstruction.summary([np.ones(4)], [sets.turntable(4)])
    assert set(found) == {"train"}
