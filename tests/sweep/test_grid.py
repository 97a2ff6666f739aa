import pytest

from aeai_tf.errors import UserError
from aeai_tf.sweep import grid


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1e-3:1e1:5", [1e-3, 1e-2, 1e-1, 1.0, 10.0]),
        ("a=1:10:3", [1.0, 3.16, 10.0]),
        ("a=0,0.1,1e-4", ["0", "0.1", "1e-4"]),
        ("a=group", ["group"]),
    ],
)
def test_grids_are_ranges_or_lists(text, values):
    assert grid.parse(text) == ("a", values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "key=value"),
        ("=1", "key=value"),
        ("a=1:2", "is no range"),
        ("a=1:2:x", "is no range"),
        ("a=0:1:3", "above 0"),
        ("a=2:1:3", "above 0"),
        ("a=nan:1:3", "above 0"),
        ("a=1:2:1", "2 or more"),
        ("seed=1,2", "--seeds"),
    ],
)
def test_bad_grids_are_refused(text, message):
    with pytest.raises(UserError, match=message):
        grid.parse(text)
