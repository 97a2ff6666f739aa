import json
import math

import numpy as np
import pytest

from aeai_tf.errors import UserError
from aeai_tf.evaluation import metrics


def test_plain_numbers_at_six_digits():
    tree = {"a": {"b": np.float32(1 / 3), "c": [0.1234567, 2]}, "d": None}
    plain = metrics.plain(tree)
    assert plain == {"a": {"b": 0.333333, "c": [0.123457, 2]}, "d": None}
    assert json.loads(metrics.to_json(plain)) == plain


@pytest.mark.parametrize("number", [math.nan, math.inf, np.float32("nan")])
def test_no_number_is_silently_nan(number):
    with pytest.raises(UserError, match=r"metrics\.a\.b came out as (nan|inf)"):
        metrics.plain({"a": {"b": [0.0, number]}})
    with pytest.raises(ValueError, match="JSON"):
        metrics.to_json({"a": float(number)})
