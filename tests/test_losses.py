import numpy as np
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


def test_large_logits_stay_finite():
    logits = tf.constant([[1e4], [-1e4]])
    assert np.isfinite(losses.real_logits(logits))
    assert np.isfinite(losses.generated_logits(logits))
