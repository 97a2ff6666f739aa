import pytest

from aeai_tf.errors import UserError
from aeai_tf.sweep import measures
from tests.sweep.made_up import MEASURE, OBJECT, OTHER


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        ("mse_vs_interval.all_pairs.80.mean", "there is no"),
        ("mse_vs_interval.all_pairs.180.mean_all", "between 0 and 180"),
        ("nothing", "they begin with mse_vs_interval"),
        ("parameter_distance.held_out.mean_deviation", "pole set only"),
    ],
)
def test_bad_measures_are_refused(measure, message):
    with pytest.raises(UserError, match=message):
        measures.check([measure], ["pole", OBJECT])


def test_a_measure_that_is_there_twice_is_refused():
    with pytest.raises(UserError, match="is there twice"):
        measures.check([MEASURE, OTHER, MEASURE], [OBJECT])


@pytest.mark.parametrize("path", measures.KNOWN)
def test_every_measure_has_a_label_and_needs_some_degrees(path):
    measure = ".".join(path).replace("<degrees>", "35")
    measures.check([measure], ["pole"])
    assert ": " in measures.label(measure)
    degrees = measures.intervals(measure)
    if "<degrees>" in path:
        assert degrees == [35.0]
    assert (degrees is None) == (path[0] == "parameter_distance")
