import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import spectral

LAYERS = {
    "convolution": (lambda: spectral.SpectralConv2D(5, 3), [2, 4, 4, 3]),
    "dense": (lambda: spectral.SpectralDense(5), [2, 7]),
}


@pytest.fixture(params=LAYERS)
def layer_and_inputs(request):
    """A layer in float64 and a batch for it."""
    keras.utils.set_random_seed(0)
    make, shape = LAYERS[request.param]
    layer = make()
    layer.dtype_policy = "float64"
    layer.build(shape)
    inputs = tf.random.stateless_normal(shape, [0, 1], dtype=tf.float64)
    return layer, inputs


def matrix(kernel) -> np.ndarray:
    return np.reshape(kernel, [-1, kernel.shape[-1]])


def largest(kernel) -> float:
    return np.linalg.svd(matrix(kernel), compute_uv=False)[0]


def test_the_norm_of_the_kernel_becomes_1(layer_and_inputs):
    layer, inputs = layer_and_inputs
    assert abs(largest(layer.normalized_kernel()) - 1) > 0.01
    for _ in range(100):
        layer(inputs, training=True)
    assert abs(largest(layer.normalized_kernel()) - 1) < 1e-3
    assert abs(largest(layer.normalized_kernel(training=True)) - 1) < 1e-3


def test_one_power_iteration_by_hand():
    layer = spectral.SpectralDense(2, use_bias=False)
    layer.build([None, 2])
    layer._kernel.assign([[3.0, 0.0], [4.0, 5.0]])
    layer.u.assign([1.0, 0.0])
    # v = W u = (3, 4) / 5; W^T v = (9 / 5 + 16 / 5, 4) = (5, 4); its length
    # is sqrt(41), which is v^T W u for the new u.
    outputs = layer(tf.constant([[1.0, 1.0]]), training=True)
    np.testing.assert_allclose(layer.u, np.array([5, 4]) / 41**0.5, rtol=1e-6)
    np.testing.assert_allclose(outputs, np.array([[7, 5]]) / 41**0.5, rtol=1e-6)


def test_the_layer_uses_the_normalised_kernel_and_its_bias(layer_and_inputs):
    layer, inputs = layer_and_inputs
    layer.bias.assign(np.arange(5.0))
    layer.activation = keras.activations.relu
    kernel = layer.normalized_kernel()
    if len(inputs.shape) == 4:
        linear = tf.nn.conv2d(inputs, kernel, 1, "VALID")
    else:
        linear = inputs @ kernel
    expected = tf.nn.relu(linear + np.arange(5.0))
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-12)


def test_training_calls_leave_the_kernel_to_its_optimiser(layer_and_inputs):
    layer, inputs = layer_and_inputs
    kernel, u = layer.kernel.numpy(), layer.u.numpy()
    layer(inputs, training=True)
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
    assert not np.array_equal(layer.u.numpy(), u)


def test_inference_changes_nothing(layer_and_inputs):
    layer, inputs = layer_and_inputs
    before = [variable.numpy() for variable in layer.variables]
    outputs = layer(inputs)
    for old, variable in zip(before, layer.variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), old)
    np.testing.assert_array_equal(layer(inputs), outputs)


@pytest.mark.parametrize("training", [True, False])
def test_gradient_against_differences_at_fixed_u_and_v(
    layer_and_inputs, training
):
    layer, inputs = layer_and_inputs
    kernel, u = layer.kernel.numpy(), layer.u.numpy()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(inputs, training=training)))
    gradient = tape.gradient(loss, layer.kernel)

    v = matrix(kernel) @ u
    v /= np.linalg.norm(v)
    if training:
        u = matrix(kernel).T @ v
    u /= np.linalg.norm(u)

    def function(kernel):
        normalised = kernel / (v @ matrix(kernel) @ u)
        linear = layer._linear(inputs, tf.constant(normalised))
        return tf.reduce_sum(tf.sin(linear)).numpy()

    numeric, step = np.zeros_like(kernel), 1e-6
    for index in np.ndindex(kernel.shape):
        change = np.zeros_like(kernel)
        change[index] = step
        numeric[index] = function(kernel + change) - function(kernel - change)
    np.testing.assert_allclose(
        gradient, numeric / (2 * step), rtol=1e-5, atol=1e-7
    )


def test_u_follows_from_the_seed(layer_and_inputs):
    layer, inputs = layer_and_inputs
    for seed, same in ((0, True), (1, False)):
        keras.utils.set_random_seed(seed)
        again = type(layer).from_config(layer.get_config())
        again.build(inputs.shape)
        assert np.array_equal(layer.u.numpy(), again.u.numpy()) == same


def test_it_trains_inside_a_graph(layer_and_inputs):
    layer, inputs = layer_and_inputs
    call = tf.function(lambda: layer(inputs, training=True))
    for _ in range(100):
        call()
    assert abs(largest(layer.normalized_kernel()) - 1) < 1e-3
