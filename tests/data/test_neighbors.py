import numpy as np
import pytest

from aeai_tf.data import neighbors
from aeai_tf.errors import UserError


def images(values):
    """Images `[n, 1, 1, dimensions]`."""
    return np.asarray(values, np.float32)[:, None, None]


def test_nearest_along_a_spiral_is_not_nearest_across_it():
    angles = np.linspace(np.pi, 5 * np.pi, 200)
    turns = images(
        np.stack([angles * np.cos(angles), angles * np.sin(angles)], 1)
    )
    order = np.random.default_rng(0).permutation(200)
    found = neighbors.nearest(turns[order], 0.2)
    assert found.shape == (200, 40)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found[:, 0], np.arange(200))
    # As places on the spiral: none of another turn, 60 places away or more.
    away = np.abs(order[found] - order[:, None])
    assert away.max() < 50
    flat = turns[order].reshape(200, 2)
    across = np.linalg.norm(flat[:, None] - flat, axis=-1)
    direct = np.argsort(across, 1)[:, :40]
    assert np.abs(order[direct] - order[:, None]).max() > 60


def test_nearest_comes_first():
    found = neighbors.nearest(images([[0.0], [1.0], [3.0], [3.5]]), 1.0)
    assert found.tolist() == [
        [0, 1, 2, 3],
        [1, 0, 2, 3],
        [2, 3, 1, 0],
        [3, 2, 1, 0],
    ]


def test_what_no_path_leads_to_comes_last():
    two = np.concatenate([np.arange(6), 100 + np.arange(6)])
    found = neighbors.nearest(images(two[:, None]), 1.0)
    assert set(found[0, :6]) == set(range(6))
    assert found[0, 6:].tolist() == list(range(6, 12))


@pytest.mark.parametrize(
    ("count", "share", "kept"),
    [(1, 1.0, 1), (2, 0.01, 2), (3, 0.5, 2), (20, 0.25, 5)],
)
def test_so_many_are_kept(count, share, kept):
    found = neighbors.nearest(images(np.ones([count, 2])), share)
    assert found.shape == (count, kept)
    assert all(len(set(row)) == kept for row in found.tolist())


def test_too_many(monkeypatch):
    monkeypatch.setattr(neighbors, "MOST", 3)
    with pytest.raises(UserError, match=r"4 training .* --config.pair_share=1"):
        neighbors.nearest(images(np.ones([4, 2])), 0.5)
