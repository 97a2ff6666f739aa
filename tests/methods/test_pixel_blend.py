"""The pixel blend: exact, in [0, 1], with nothing to learn."""

import numpy as np

from aeai_tf import config as configuration
from aeai_tf.methods import pixel_blend


def model():
    config = configuration.load_file("configs/pixel_blend.py")
    config.image_size = 16
    blend = pixel_blend.PixelBlend.from_settings(config, None)
    blend.compile({})
    return blend


def test_between_is_the_weighted_mean():
    source = np.full([1, 16, 16, 3], 0.2, np.float32)
    target = np.full([1, 16, 16, 3], 0.6, np.float32)
    images = model().interpolate(source, target, np.float32([[0, 0.25, 1]]))
    for image, value in zip(images[0], [0.2, 0.3, 0.6], strict=True):
        np.testing.assert_allclose(image, value, rtol=1e-6)


def test_beyond_the_ends_it_is_clipped():
    source = np.full([1, 16, 16, 3], 0.2, np.float32)
    target = np.full([1, 16, 16, 3], 0.6, np.float32)
    images = model().interpolate(source, target, np.float32([[-1, 2.5]]))
    np.testing.assert_allclose(images[0, 0], 0.0)
    np.testing.assert_allclose(images[0, 1], 1.0)


def test_nothing_is_learned():
    blend = model()
    assert not blend.players
    assert not blend.weights
    assert blend.latent_dim == 16 * 16 * 3
