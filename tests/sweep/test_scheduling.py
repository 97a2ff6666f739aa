import importlib.util

import pytest

from aeai_tf.errors import UserError
from aeai_tf.sweep import scheduling


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"cores": 10**6}, "is more than this machine's"),
        ({"address": "nonsense"}, "neither auto nor host:port"),
        ({"address": "127.0.0.1:1"}, "nobody answers at '127.0.0.1:1'"),
    ],
)
def test_a_place_that_is_not_there_is_refused(where, message, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    with pytest.raises(UserError, match=message):
        scheduling.Where(**where).check()
