"""Counts, against numbers worked by hand."""

import keras
import pytest
import tensorflow as tf

from aeai_tf import interpolation
from aeai_tf.bench import operations


def count(function, *arguments) -> int:
    compiled = tf.function(function)
    return operations.count(compiled.get_concrete_function(*arguments))


# 2 images of 5x4 to 6 feature maps from 3, by 3x3: 2 * 40 * 6 * 27.
CONVOLUTION = 2 * (2 * 5 * 4) * 6 * (3 * 3 * 3)
# 7 rows of 5 to 4: 2 * 7 * 4 * 5.
DENSE = 2 * 7 * 4 * 5


@pytest.fixture(scope="module")
def layers():
    convolution = keras.layers.Conv2D(6, 3, padding="same")
    convolution.build([None, 5, 4, 3])
    dense = keras.layers.Dense(4)
    dense.build([None, 5])
    inputs = tf.random.normal([2, 5, 4, 3]), tf.random.normal([7, 5])
    return list(zip((convolution, dense), inputs, strict=True))


@pytest.mark.parametrize(("which", "forward"), [(0, CONVOLUTION), (1, DENSE)])
def test_a_layer_and_its_gradients(layers, which, forward):
    layer, x = layers[which]

    def gradients(x, into_input):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.square(layer(x)))
        sources = [layer.kernel.value, x] if into_input else layer.kernel.value
        return tape.gradient(y, sources)

    assert count(layer, x) == forward
    assert count(gradients, x, False) == 2 * forward
    assert count(gradients, x, True) == 3 * forward


def test_strides_count_the_places_that_the_filter_is_put_to():
    images, kernel = tf.zeros([1, 8, 8, 2]), tf.zeros([3, 3, 2, 5])
    strided = count(lambda x: tf.nn.conv2d(x, kernel, 2, "SAME"), images)
    assert strided == 2 * (4 * 4) * 5 * (3 * 3 * 2)


def test_transposed_and_batched_products():
    a, b = tf.zeros([3, 5, 7]), tf.zeros([3, 5, 2])
    product = count(lambda a, b: tf.matmul(a, b, transpose_a=True), a, b)
    assert product == 3 * 2 * 7 * 2 * 5
    assert count(lambda a: tf.matmul(a, a, transpose_b=True), b[0]) == (
        2 * 5 * 5 * 2
    )


def test_what_nothing_needs_is_not_counted(layers):
    layer, x = layers[1]

    def wasteful(x):
        layer(2 * x)
        return layer(x)

    assert count(wasteful, x) == DENSE


def test_side_effects_are_counted(layers):
    layer, x = layers[1]
    kept = tf.Variable(tf.zeros([7, 4]))

    def keep(x):
        kept.assign(layer(x))

    assert count(keep, x) == DENSE


def test_functions_that_are_called_are_looked_into(layers):
    layer, x = layers[1]

    def derivative(x):
        def function(x):  # No layer, whose own rule would be taken.
            return layer(x)

        both = interpolation.value_and_derivative(function, x, x, "forward")
        return both[1]

    @tf.function
    def both(x):
        return layer(x), layer(2 * x)

    # With the kernel's own change, of zeros, which forward mode multiplies.
    assert count(derivative, x) == 2 * DENSE
    assert count(lambda x: both(x)[1], x) == DENSE


def test_an_unknown_shape_is_refused(layers):
    layer, _ = layers[1]
    with pytest.raises(ValueError, match="unknown shape"):
        count(layer, tf.TensorSpec([None, 5]))
