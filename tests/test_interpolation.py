"""The alpha-derivative is the heart of the method: checked to 1e-6."""

import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import interpolation, networks


def test_lerp_weighs_the_target_by_alpha():
    source = tf.constant([[0.0, 10.0], [2.0, 2.0]])
    target = tf.constant([[4.0, 20.0], [6.0, 0.0]])
    points = interpolation.lerp(
        source, target, tf.constant([[0.0, 0.25], [1.0, 2.0]])
    )
    np.testing.assert_allclose(
        points, [[[0, 10], [1, 12.5]], [[6, 0], [10, -2]]]
    )


def test_lerp_takes_images():
    source, target = tf.zeros([2, 4, 4, 3]), tf.ones([2, 4, 4, 3])
    images = interpolation.lerp(source, target, tf.constant([[0.5], [0.75]]))
    assert images.shape == [2, 1, 4, 4, 3]
    np.testing.assert_allclose(images[1], 0.75)


@pytest.mark.parametrize("mode", ["forward", "nested_tapes"])
@pytest.mark.parametrize(
    ("normalization", "training", "compiled"),
    [
        ("batch", True, False),
        ("batch", True, True),
        ("batch", False, False),
        ("group", True, False),
        ("none", True, True),
    ],
)
def test_derivative_equals_central_differences(
    mode, normalization, training, compiled
):
    tf.keras.utils.set_random_seed(1)
    decoder = networks.decoder(
        16, 4, convs_per_block=1, normalization=normalization, dtype="float64"
    )
    source = tf.random.stateless_normal([3, 4], [1, 2], dtype=tf.float64)
    target = tf.random.stateless_normal([3, 4], [3, 4], dtype=tf.float64)
    alpha = tf.constant([0.2, 0.5, 0.9], tf.float64)[:, None]

    def decode(latents):
        return decoder(latents, training=training)

    def line(shift):
        points = interpolation.lerp(source, target, alpha + shift)
        return decode(points[:, 0]).numpy()

    def both():
        point = interpolation.lerp(source, target, alpha)[:, 0]
        return interpolation.value_and_derivative(
            decode, point, target - source, mode
        )

    value, derivative = (tf.function(both) if compiled else both)()
    # Small, so that no ReLU has its kink within the step; of fourth order, so
    # that the differences themselves are exact to 1e-8.
    step = 1e-7
    expected = (
        8 * (line(step) - line(-step)) - (line(2 * step) - line(-2 * step))
    ) / (12 * step)
    np.testing.assert_allclose(value, line(0.0), rtol=1e-12)
    error = np.linalg.norm(derivative - expected) / np.linalg.norm(expected)
    assert error < 1e-6


@pytest.mark.parametrize("mode", ["forward", "nested_tapes"])
def test_gradient_flows_through_the_derivative(mode):
    """d/dw of (d(w z^2)/da)^2 at z=3 along v=2: (w 2 z v)^2 -> 2 w (12)^2."""
    weight = tf.Variable(0.5, dtype=tf.float64)
    point = tf.constant([[3.0]], tf.float64)
    with tf.GradientTape() as tape:
        _, derivative = interpolation.value_and_derivative(
            lambda z: weight * z**2, point, 2 * tf.ones_like(point), mode
        )
        loss = tf.reduce_sum(derivative**2)
    np.testing.assert_allclose(derivative, [[6.0]])
    np.testing.assert_allclose(tape.gradient(loss, weight), 2 * 0.5 * 144)


def test_derivative_does_not_sum_over_pixels():
    """Opposite movements of two pixels must not cancel."""
    _, derivative = interpolation.value_and_derivative(
        lambda z: tf.concat([z, -z], 1),
        tf.constant([[1.0]]),
        tf.constant([[5.0]]),
        "nested_tapes",
    )
    np.testing.assert_allclose(derivative, [[5.0, -5.0]])


def test_unknown_mode_is_named():
    with pytest.raises(ValueError, match="backward"):
        interpolation.value_and_derivative(
            tf.identity, tf.zeros([1, 1]), tf.zeros([1, 1]), "backward"
        )


def test_bilinear_by_hand():
    corners = np.float32([[0, 0], [1, 0], [0, 10], [1, 30]])
    a = np.float32([[0, 1], [0, 1], [0.5, 0.25]])
    b = np.float32([[0, 0], [1, 1], [0.5, 0.5]])
    points = interpolation.bilinear(corners, a, b)
    # Corners in reading order, the centre, and a quarter of the way across.
    expected = [[[0, 0], [1, 0]], [[0, 10], [1, 30]], [[0.5, 10], [0.25, 7.5]]]
    np.testing.assert_allclose(points, expected, rtol=1e-6)
    square = interpolation.bilinear(corners.reshape(2, 2, 2), a, b)
    np.testing.assert_array_equal(points, square)
