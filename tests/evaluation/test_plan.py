import dataclasses

import numpy as np
import pytest

from aeai_tf.errors import UserError
from aeai_tf.evaluation import plan
from tests.evaluation import sets


def test_the_papers_intervals_of_a_turntable():
    planned = plan.make(sets.turntable(72))
    changes = [kind.change for kind in planned.kinds]
    assert changes == [{"angle": float(d)} for d in range(15, 85, 5)]
    assert (planned.retrieval, planned.detailed) == (70, 80)
    assert [k.change for k in planned.kinds if k.detailed] == [{"angle": 80}]
    assert not planned.notes


def test_intervals_that_do_not_fit_are_left_out_and_named():
    planned = plan.make(sets.turntable(36))
    assert [k.change["angle"] for k in planned.kinds] == list(range(20, 90, 10))
    (note,) = planned.notes
    assert "15, 25, 35, 45, 55, 65, 75 degrees are left out" in note


def test_the_longest_interval_stands_in_for_the_papers():
    planned = plan.make(sets.line(10))
    assert (planned.retrieval, planned.detailed) == (45, 45)


def test_of_longer_intervals_the_papers_are_taken():
    planned = plan.make(sets.turntable(72), [70, 80, 90])
    assert (planned.retrieval, planned.detailed) == (70, 80)


def test_a_dome_is_crossed_along_both_factors():
    planned = plan.make(sets.dome(), [30, 60])
    assert planned.factor == "azimuth"
    changes = [tuple(kind.change.items()) for kind in planned.kinds]
    for degrees in (30.0, 60.0):
        assert (("azimuth", degrees),) in changes
        assert (("altitude", degrees),) in changes
        for times in (-2, -1, 1, 2):
            both = ("altitude", degrees), ("azimuth", times * degrees)
            assert both in changes
    assert len(changes) == 2 + 2 + 8


def test_missing_poses_are_noted():
    poses = sets.turntable(72)
    partial = dataclasses.replace(
        poses,
        images=poses.images[1:],
        factors={"angle": poses.factors["angle"][1:]},
    )
    (note,) = plan.make(partial).notes
    assert "turntable lacks images" in note
    # Between 5 and 80 degrees before the missing one, or at it.
    assert "16 of its 71" in note


@pytest.mark.parametrize(
    ("image_set", "intervals", "message"),
    [
        (sets.turntable(2), None, "has 2 values of angle.*at least 3"),
        (sets.turntable(72), [42.0], "no multiple of the spacing"),
        (sets.turntable(72), [15.0, 5.0], "nothing to compare with"),
        (sets.turntable(4), None, "spacing of angle is 90.*--intervals"),
        (
            dataclasses.replace(
                sets.turntable(), images=np.zeros([36, 12, 12, 3], np.float32)
            ),
            None,
            "all alike",
        ),
    ],
)
def test_refuses(image_set, intervals, message):
    with pytest.raises(UserError, match=message):
        plan.make(image_set, intervals)
