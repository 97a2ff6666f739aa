import numpy as np
import pytest

from aeai_tf.augmentation.credibility import Credibility
from aeai_tf.errors import UserError


def grey(*levels):
    return np.ones([1, 4, 4, 3], np.float32) * np.reshape(
        np.float32(levels), [-1, 1, 1, 1]
    )


def test_unit_and_threshold_are_those_of_the_real_images():
    # The nearest others are 0.1, 0.1, 0.1 and 0.3 away; 0.9 is there twice.
    credible = Credibility(grey(0.1, 0.2, 0.3, 0.6, 0.9, 0.9))
    assert credible.unit == pytest.approx(0.1, abs=1e-6)
    expected = np.quantile([0.1, 0.1, 0.1, 0.3], 0.95) / 0.1
    assert credible.threshold == pytest.approx(expected, abs=1e-5)


def test_distance_is_in_units():
    credible = Credibility(grey(0.1, 0.2, 0.3, 0.6))
    np.testing.assert_allclose(
        credible.distance(grey(0.1, 0.45, 1.0)), [0, 1.5, 4], atol=1e-4
    )


def test_images_that_are_all_alike():
    with pytest.raises(UserError, match="all alike"):
        Credibility(grey(0.5, 0.5, 0.5))
