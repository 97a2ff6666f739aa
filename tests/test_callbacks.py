"""What happens between calls; whole runs are in test_training.py."""

import pytest

from aeai_tf import callbacks
from aeai_tf.errors import UserError


def test_divergence_within_a_call_names_its_steps(tmp_path):
    stop = callbacks.StopOnNonFinite(2, str(tmp_path))
    stop.on_step(3, {"cycle": 1.0})
    with pytest.raises(UserError, match="'cycle' became inf at one of steps 4"):
        stop.on_step(50, {"reconstruction": 0.0, "cycle": float("inf")})
