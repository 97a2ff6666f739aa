import numpy as np
import pytest

from aeai_tf.errors import UserError
from aeai_tf.pose_regression import regressor as regressors
from aeai_tf.pose_regression import samples
from tests.pose_regression import toy


@pytest.fixture(scope="module")
def regressor():
    return regressors.Regressor(toy.SIZE)


ANGLES = np.arange(0, 360, 15)
UNSEEN = ANGLES + 7


def train(regressor, seed=0, steps=150, angles=ANGLES):
    drawn = samples.batches(len(ANGLES), 0, seed, steps)
    regressor.train(toy.draw(ANGLES), angles, drawn, seed)
    return regressor.angles(toy.draw(UNSEEN))


def test_it_learns(regressor):
    errors = regressors.errors(train(regressor), UNSEEN)
    assert errors.mean() < 6
    untrained = regressors.errors(train(regressor, steps=0), UNSEEN)
    assert untrained.mean() > 40


def test_it_forgets_what_it_was_trained_on_before(regressor):
    first = train(regressor, steps=20)
    train(regressor, steps=20, angles=ANGLES[::-1])
    np.testing.assert_array_equal(first, train(regressor, steps=20))
    other = train(regressor, seed=1, steps=20)
    assert not np.array_equal(first, other)
    fresh = regressors.Regressor(toy.SIZE)
    np.testing.assert_allclose(first, train(fresh, steps=20), atol=1e-3)


def test_a_network_that_diverged(regressor):
    with pytest.raises(UserError, match="not finite"):
        train(regressor, angles=ANGLES * np.nan, steps=1)


def test_errors_go_the_shorter_way_round_the_circle():
    predicted = np.array([359, 1, -179, 90, 0, 200])
    truth = np.array([1, 359, 179, 90, 180, 10])
    errors = regressors.errors(predicted, truth)
    np.testing.assert_allclose(errors, [2, 2, 2, 0, 180, 170])


def test_images_and_labels_are_mixed_with_the_same_weights():
    vectors = regressors.unit_vectors(np.array([0, 90, 180]))
    np.testing.assert_allclose(vectors, [[1, 0], [0, 1], [-1, 0]], atol=1e-9)
    first, second = np.array([0, 1]), np.array([1, 2])
    share = np.array([[0.75], [0.5]])
    mixed = regressors.mix(vectors, first, second, share)
    np.testing.assert_allclose(mixed, [[0.75, 0.25], [-0.5, 0.5]], atol=1e-9)
