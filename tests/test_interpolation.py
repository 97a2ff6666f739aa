"""The alpha-derivative is the heart of the method: checked to 1e-6."""

import keras
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
    for variable in decoder.trainable_variables:
        if len(variable.shape) == 1:  # No bias is 0, as all are at the start.
            variable.assign_add(tf.fill(variable.shape, 0.1))
    source = tf.random.stateless_normal([3, 4], [1, 2], dtype=tf.float64)
    target = tf.random.stateless_normal([3, 4], [3, 4], dtype=tf.float64)
    alpha = tf.constant([0.2, 0.5, 0.9], tf.float64)[:, None]

    def line(shift):
        points = interpolation.lerp(source, target, alpha + shift)
        return decoder(points[:, 0], training=training).numpy()

    def both():
        point = interpolation.lerp(source, target, alpha)[:, 0]
        return interpolation.value_and_derivative(
            decoder, point, target - source, mode, training=training
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


@pytest.fixture
def small_networks(monkeypatch):
    monkeypatch.setattr(networks, "BLOCK_FILTERS", (8,))
    monkeypatch.setattr(networks, "DENSE_UNITS", 8)


def small_decoder(normalization: str, policy: str = "float64"):
    """Its weights are everywhere other than at the start."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    decoder = networks.decoder(16, 4, num_blocks=1, normalization=normalization)
    keras.config.set_dtype_policy(before)
    generator = np.random.default_rng(2)
    for variable in decoder.weights:
        change = 0.1 * generator.normal(size=variable.shape)
        fan_in = max(1, np.prod(variable.shape[:-1]))
        value = generator.normal(size=variable.shape) * (2 / fan_in) ** 0.5
        if len(variable.shape) == 1:
            value = np.ones(variable.shape)
        variable.assign(value + change)
    return decoder


def smoothness_of(decoder, mode: str, compiled: bool = True, **options):
    """A function: x_a, its derivative, L_S, and its gradient into weights."""
    generator = np.random.default_rng(3)
    ends = [tf.constant(generator.normal(size=[3, 4])) for _ in range(2)]

    def evaluate():
        with tf.GradientTape() as tape:
            x, dx = interpolation.value_and_derivative(
                decoder,
                *ends,
                mode,
                training=True,
            )
            smoothness = tf.reduce_mean(tf.square(tf.cast(dx, tf.float64)))
        variables = decoder.trainable_variables
        return x, dx, smoothness, tape.gradient(smoothness, variables)

    return tf.function(evaluate, **options) if compiled else evaluate


@pytest.mark.parametrize("mode", ["forward", "nested_tapes"])
@pytest.mark.parametrize("normalization", ["batch", "group", "none"])
def test_gradient_of_smoothness_equals_central_differences(
    mode, normalization, small_networks
):
    """Into the weights: what training descends along."""
    decoder = small_decoder(normalization)
    evaluate = smoothness_of(decoder, mode)
    gradient = evaluate()[-1]
    variables = decoder.trainable_variables
    values = [v.numpy() for v in variables]
    generator = np.random.default_rng(4)
    way = [generator.normal(size=v.shape) / v.size**0.5 for v in values]

    def moved(step):
        for variable, value, along in zip(variables, values, way, strict=True):
            variable.assign(value + step * along)
        return evaluate()[2].numpy()

    step = 1e-6
    expected = (
        8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))
    ) / (12 * step)
    found = sum(
        np.sum(g * along)
        for g, along in zip(gradient, way, strict=True)
        if g is not None  # The last bias moves nothing.
    )
    assert abs(found - expected) < 1e-6 * abs(expected)


# bfloat16 keeps 8 bits; ReLUs near their kink make more of it.
@pytest.mark.parametrize(
    ("dtype", "compiler", "most"),
    [
        ("float32", {}, 1e-4),
        ("float32", {"jit_compile": True}, 1e-4),
        ("mixed_bfloat16", {}, 0.2),
    ],
)
@pytest.mark.parametrize("mode", ["forward", "nested_tapes"])
def test_short_floats_differ_by_their_own_error(
    mode, dtype, compiler, most, small_networks
):
    exact = smoothness_of(small_decoder("batch"), mode, compiled=False)()
    found = smoothness_of(small_decoder("batch", dtype), mode, **compiler)()
    for value, same in zip(found[:3], exact, strict=False):
        off = tf.cast(value, tf.float64) - same
        assert np.linalg.norm(off) < most * np.linalg.norm(same)


@pytest.mark.parametrize("mode", ["forward", "nested_tapes"])
def test_moving_statistics_move_once(mode, small_networks):
    moved, expected = small_decoder("batch"), small_decoder("batch")
    point = tf.ones([2, 4], tf.float64) * [[1.0], [2.0]]
    value, _ = interpolation.value_and_derivative(
        moved, point, point, mode, training=True
    )
    np.testing.assert_allclose(value, expected(point, training=True))
    for variable, same in zip(moved.weights, expected.weights, strict=True):
        np.testing.assert_allclose(variable, same)


class Doubled(keras.Sequential):
    """Does more than to call its layers."""

    def call(self, inputs, **options):
        return 2.0 * super().call(inputs, **options)


def test_forward_mode_takes_models_that_are_no_chain():
    latents = keras.Input([2])
    hidden = keras.layers.Dense(3, "tanh")(latents)
    branching = keras.Model(latents, hidden * hidden[:, :1])
    nested = keras.Sequential([keras.layers.Rescaling(2.0), branching])
    shared = keras.Model(latents, branching(branching(latents)[:, :2]))
    doubled = Doubled([keras.Input([2]), keras.layers.Dense(3)])
    point, direction = tf.constant([[0.3, -1.0]]), tf.constant([[1.0, 2.0]])
    for model in (branching, nested, shared, doubled):
        found, expected = (
            interpolation.value_and_derivative(model, point, direction, mode)
            for mode in ("forward", "nested_tapes")
        )
        for value, same in zip(found, expected, strict=True):
            np.testing.assert_allclose(value, same, rtol=1e-5)


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
