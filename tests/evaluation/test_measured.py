from aeai_tf.evaluation import measured

NUMBER = {"value": 1.0, "low": 0.0, "high": 2.0}
TREE = {
    "a": {"all_pairs": {"80": {"x": NUMBER, "pairs": 72}}},
    "b": {"train": NUMBER, "curve": [1.0, 2.0]},
}


def test_numbers_are_found_at_any_depth_and_nothing_else_is():
    assert measured.numbers(TREE) == {
        ("a", "all_pairs", "80", "x"): NUMBER,
        ("b", "train"): NUMBER,
    }


def test_what_is_absent_is_none():
    assert measured.get(TREE, "b", "curve") == [1.0, 2.0]
    assert measured.get(TREE, "a", "held_out", "80") is None
    assert measured.get(TREE, "b", "curve", "0") is None
