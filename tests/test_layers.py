"""Our layers against Keras' own, and their derivatives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import layers, spectral

NORMALIZATIONS = {
    "batch": (layers.BatchNormalization, keras.layers.BatchNormalization, {}),
    "group": (
        layers.GroupNormalization,
        keras.layers.GroupNormalization,
        {"groups": 2},
    ),
}
SHAPES = {"images": (3, 4, 5, 6), "vectors": (7, 6)}


def draw(*shape, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(1.0, 2.0, shape)


def twin(layer, other, shape):
    """Builds both with the same weights, none of them as it was."""
    for each in (layer, other):
        each.build(shape)
    for number, (ours, theirs) in enumerate(
        zip(layer.weights, other.weights, strict=True)
    ):
        value = np.abs(draw(*ours.shape, seed=number)) + 0.1
        ours.assign(value)
        theirs.assign(value)


def outputs_and_gradients(layer, inputs, **options):
    """With those into inputs and weights, of a sum with random factors."""
    inputs = tf.constant(inputs, layer.weights[0].dtype)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, **options)
        factors = draw(*outputs.shape, seed=9)
        total = tf.reduce_sum(outputs * tf.cast(factors, outputs.dtype))
    sources = [inputs, *(v.value for v in layer.trainable_variables)]
    return [outputs, *tape.gradient(total, sources)]


@pytest.mark.parametrize(("dtype", "most"), [("float32", 1e-4), ("float64", 0)])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_normalisation_is_that_of_keras(name, shape, training, dtype, most):
    ours, theirs, options = NORMALIZATIONS[name]
    ours, theirs = ours(dtype=dtype, **options), theirs(dtype=dtype, **options)
    shape = SHAPES[shape]
    twin(ours, theirs, shape)
    found, expected = (
        outputs_and_gradients(layer, draw(*shape, seed=5), training=training)
        for layer in (ours, theirs)
    )
    for value, same in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, same, rtol=most, atol=most + 1e-9)
    for value, same in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(value, same, rtol=1e-5)


@pytest.mark.parametrize(
    ("policy", "most"), [("float32", 1e-5), ("mixed_bfloat16", 0.1)]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernels_have_the_derivatives_of_the_equations(shape, policy, most):
    """And the gradients of both outputs, into everything."""
    shape = SHAPES[shape]
    found = []
    for precision in ("float64", policy):
        layer = layers.BatchNormalization(dtype=keras.DTypePolicy(precision))
        twin(layer, keras.layers.BatchNormalization(), shape)
        sources = [
            tf.constant(draw(*shape, seed=seed), layer.compute_dtype)
            for seed in (1, 2)
        ]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            results = layer.pushforward(*sources, training=True)
            total = tf.add_n(
                [tf.reduce_sum(tf.cast(v, "float64") ** 3) for v in results]
            )
        sources += [layer.gamma.value, layer.beta.value]
        found.append([*results, *tape.gradient(total, sources)])
    for exact, value in zip(*found, strict=True):
        error = np.linalg.norm(exact - tf.cast(value, "float64"))
        assert error < most * np.linalg.norm(exact)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (layers.UpsampledConv2D, keras.layers.Conv2D),
        (spectral.UpsampledSpectralConv2D, spectral.SpectralConv2D),
    ],
)
def test_upsampled_convolution_is_both_layers(ours, theirs):
    options = {"padding": "same", "dtype": "float64"}
    ours, theirs = ours(5, 3, **options), theirs(5, 3, **options)
    enlarge = keras.layers.UpSampling2D(dtype="float64")
    inputs = keras.Input([3, 4, 2], dtype="float64")
    twin(ours, theirs, (2, 3, 4, 2))
    assert ours(inputs).shape == theirs(enlarge(inputs)).shape
    both = keras.Model(inputs, theirs(enlarge(inputs)))
    images = draw(2, 3, 4, 2)
    found = outputs_and_gradients(ours, images)
    expected = outputs_and_gradients(both, images)
    for value, same in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, same, rtol=1e-9, atol=1e-9)
