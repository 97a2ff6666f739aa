"""Where training images are dense, and where they are sparse."""

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import spacing
from aeai_tf.data import neighbors


def images(values):
    """Grey images `[n, 1, 2, 1]`, both pixels the same."""
    return np.repeat(np.reshape(values, [-1, 1, 1, 1]), 2, 2).astype(np.float32)


DENSE, SPARSE = np.arange(9) / 100, 0.2 + np.arange(9) / 10


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_an_image_has_the_spacing_of_those_nearest_to_it(dtype):
    training = images(np.append(DENSE, SPARSE))
    look_up = spacing.Spacing(training)
    found = look_up(tf.cast(images([0.041, 0.58]), dtype))
    assert found.dtype == dtype
    each = neighbors.spacing(training)
    # Of 0.02 to 0.06 without the farther end, and of 0.4 to 0.7.
    np.testing.assert_allclose(
        found, [each[3:7].mean(), each[11:15].mean()], rtol=1e-5
    )


def test_nothing_is_learned_through_it():
    look_up = spacing.Spacing(images(np.append(DENSE, SPARSE)))
    image = tf.constant(images([0.5]))
    with tf.GradientTape() as tape:
        tape.watch(image)
        found = look_up(image)
    assert tape.gradient(found, image) is None


def test_fewer_images_than_neighbors():
    look_up = spacing.Spacing(images([0.0, 0.5]))
    np.testing.assert_allclose(look_up(tf.constant(images([0.1]))), [1.0])
