import numpy as np
import pytest
import tensorflow as tf

from aeai_tf import losses


def test_by_hand():
    true, predicted = tf.constant([[0.0, 1.0]]), tf.constant([[0.5, 0.0]])
    np.testing.assert_allclose(losses.squared_error(true, predicted), 0.625)
    np.testing.assert_allclose(losses.absolute_error(true, predicted), 0.75)
    logits = tf.constant([[0.0], [2.0]])
    np.testing.assert_allclose(
        losses.real_logits(logits),
        -np.mean(np.log(1 / (1 + np.exp([0.0, -2.0])))),
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        losses.generated_logits(logits),
        -np.mean(np.log(1 - 1 / (1 + np.exp([0.0, -2.0])))),
        rtol=1e-6,
    )


def test_bernoulli_by_hand():
    true = tf.constant([[0.25, 1.0], [0.0, 0.5]])
    predicted = tf.constant([[0.5, 0.2], [0.4, 0.5]])
    # The first and the last pixel cost log 2 whatever they are.
    np.testing.assert_allclose(
        losses.bernoulli(true, predicted),
        -(np.log(0.5) + np.log(0.2) + np.log(0.6) + np.log(0.5)) / 4,
        rtol=1e-5,
    )


def test_bernoulli_is_least_where_the_images_are_equal():
    true = tf.constant([0.3])
    at = [losses.bernoulli(true, tf.constant([p])) for p in (0.29, 0.3, 0.31)]
    assert at[1] == min(at)
    entropy = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    np.testing.assert_allclose(at[1], entropy, rtol=1e-5)


@pytest.mark.parametrize(
    ("true", "logit", "expected"),
    [
        # -log(1e-7) for a wrong pixel, half of it for a grey one.
        (1.0, -1e4, 16.118),
        (0.0, 1e4, 16.118),
        (0.5, -1e4, 8.059),
        (0.5, 1e4, 8.059),
        (0.0, -1e4, 0.0),
        (1.0, 1e4, 0.0),
    ],
)
def test_bernoulli_of_a_saturated_sigmoid_is_finite(true, logit, expected):
    logit = tf.Variable([logit])
    with tf.GradientTape() as tape:
        loss = losses.bernoulli(tf.constant([true]), tf.sigmoid(logit))
    np.testing.assert_allclose(loss, expected, rtol=1e-4, atol=1e-6)
    assert np.isfinite(tape.gradient(loss, logit)[0])


@pytest.mark.parametrize(
    ("true", "logit"), [(1.0, -17.0), (1.0, -15.0), (0.0, 15.0)]
)
def test_bernoulli_pulls_a_wrong_pixel_back_from_saturation(true, logit):
    logit = tf.Variable([logit])
    with tf.GradientTape() as tape:
        loss = losses.bernoulli(tf.constant([true]), tf.sigmoid(logit))
    gradient = tape.gradient(loss, logit)[0]
    # p - x without what is added within the logarithms.
    assert 0.2 < gradient * tf.sign(logit[0]) < 1.0


def test_discriminator_accuracy_by_hand():
    # One of two real ones, three of four generated ones.
    real = tf.constant([[1.0], [-1.0]])
    generated = tf.constant([[-1.0], [-2.0], [-3.0], [4.0]])
    np.testing.assert_allclose(
        losses.discriminator_accuracy(real, generated), (1 / 2 + 3 / 4) / 2
    )


def test_large_logits_stay_finite():
    logits = tf.constant([[1e4], [-1e4]])
    assert np.isfinite(losses.real_logits(logits))
    assert np.isfinite(losses.generated_logits(logits))
