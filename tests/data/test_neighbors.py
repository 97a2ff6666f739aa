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


def test_spacing_is_the_mean_distance_to_four_neighbors_over_its_mean():
    dense, sparse = np.arange(9), 8 + 3 * np.arange(1, 9)
    found = neighbors.spacing(images(np.append(dense, sparse)[:, None]))
    assert found.dtype == np.float32
    assert found.mean() == pytest.approx(1)
    # 1, 1, 2 and 2 on one side, three times as much on the other.
    np.testing.assert_allclose(found[[4, 12]] / found[4], [1, 3], rtol=1e-5)


def test_one_neighbor_is_not_misled_by_a_gap():
    side = np.arange(9)
    found = neighbors.spacing(images(np.append(side, 20 + side)[:, None]), 1)
    np.testing.assert_allclose(found, np.ones(18), rtol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_spacing_of_images_that_are_the_same_is_one(count):
    found = neighbors.spacing(images(np.ones([count, 2])))
    np.testing.assert_array_equal(found, np.ones(count))


def test_images_that_were_taken_twice_are_not_on_top_of_each_other():
    five = np.repeat([0.0], 5)
    found = neighbors.spacing(images(np.append(five, np.arange(9))[:, None]))
    np.testing.assert_allclose(found[:5], neighbors.LEAST_SPACING)
    assert found[9] > 1


def test_spacing_of_few_images_counts_the_neighbors_there_are():
    found = neighbors.spacing(images([[0.0], [1.0], [4.0]]))
    np.testing.assert_allclose(found, np.array([5, 4, 7]) * 3 / 16, rtol=1e-5)


def test_spacing_of_too_many(monkeypatch):
    monkeypatch.setattr(neighbors, "MOST", 3)
    with pytest.raises(UserError, match=r"set --config\.pace=pixels"):
        neighbors.spacing(images(np.ones([4, 2])))
