import numpy as np
import pytest

from aeai_tf import losses
from aeai_tf.errors import UserError
from aeai_tf.regularization import default_discriminator


@pytest.mark.parametrize(
    "shape",
    [(6,), (20, 3), (12, 12, 1), (5, 9, 4, 2), (None, None, 3), (2,) * 5],
)
def test_default_discriminator(shape):
    model = default_discriminator(shape)
    sides = [side or 9 for side in shape]
    data = np.random.default_rng(0).random([2, *sides], np.float32)
    logits = model(data)
    assert logits.shape == (2, 1)
    np.testing.assert_allclose(model(100 * data), logits, rtol=0.2)
    np.testing.assert_allclose(
        model(data[:1], training=True), logits[:1], rtol=1e-4
    )
    assert float(losses.real_logits(logits)) > 0


def test_no_default_discriminator_without_a_length():
    with pytest.raises(UserError, match="give one of your own"):
        default_discriminator((None,))
