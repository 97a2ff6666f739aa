import keras
import numpy as np
import pytest

from aeai_tf import losses
from aeai_tf.methods import ae
from tests.methods import tiny

BATCH = {"source": tiny.image(0.1, 0.2), "target": tiny.image(0.5, 0.0)}


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        # f(x) = 2 x, g(z) = z^2 / 2: x^ = 2 x^2, off by 0.08, 0.12, 0, 0.
        (losses.squared_error, (0.08**2 + 0.12**2) / 4),
        (losses.absolute_error, (0.08 + 0.12) / 4),
    ],
)
def test_terms_by_hand(distance, expected):
    coder = tiny.coder(tiny.Scale(2.0), tiny.Square(0.5))
    model = ae.Autoencoder(*coder, distance)
    terms, objectives = model.compute_terms(BATCH, training=True)
    assert set(terms) == set(model.term_names)
    np.testing.assert_allclose(terms["reconstruction"], expected, rtol=1e-5)
    assert set(objectives) == set(model.players)
    np.testing.assert_allclose(objectives["autoencoder"], expected, rtol=1e-5)


def test_interpolates_along_the_latent_line():
    model = ae.Autoencoder(*tiny.coder(tiny.Scale(2.0), tiny.Square(0.5)))
    images = model.interpolate(
        BATCH["source"], BATCH["target"], np.float32([[0.0, 0.25, 1.5]])
    )
    # z = (0.2, 0.4), (0.4, 0.3), (1.4, -0.2).
    np.testing.assert_allclose(
        np.reshape(images, [3, 2]),
        [[0.02, 0.08], [0.08, 0.045], [0.98, 0.02]],
        rtol=1e-5,
    )


def test_optimizers_must_be_those_of_the_players():
    model = ae.Autoencoder(*tiny.coder(tiny.Scale(2.0), tiny.Square(0.5)))
    with pytest.raises(ValueError, match="critic"):
        model.compile({"critic": keras.optimizers.SGD()})
