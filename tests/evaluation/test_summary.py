from aeai_tf.evaluation import plan, summary
from tests.evaluation import sets


def measure(held_out):
    poses = sets.turntable(held_out=held_out)
    planned = plan.make(poses, [30, 40])
    seen = sets.observe_all(sets.Scripted(poses, sets.truth(poses)), planned)
    return summary.of_method(seen, planned, poses)


def test_a_single_held_out_pair_is_no_measurement():
    # 0 and 30, 30 and 60 degrees; 0 and 40.
    measures, notes = measure([0, 3, 6, 4])
    held_out = measures["mse_vs_interval"]["held_out"]
    assert set(held_out) == {"30"}
    assert held_out["30"]["pairs"] == 2
    # Those are measured along 40 degrees.
    for measure_ in ("alpha_retrieval", "admissibility", "quality"):
        assert set(measures[measure_]) == {"all_pairs"}
    absent, few = notes
    assert "fewer than 2 held-out pairs are 40 degrees apart" in absent
    assert "held-out pairs rest on few of them, 2 to 2, at 1 of 2" in few


def test_nothing_held_out():
    measures, notes = measure([])
    for measure_ in measures.values():
        assert set(measure_) == {"all_pairs"}
    (note,) = notes
    assert "held-out pairs are 30, 40 degrees apart" in note
