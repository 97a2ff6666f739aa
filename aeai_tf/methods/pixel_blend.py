"""The pixel blend, `x_a = (1 - a) x_i + a x_j`: nothing is learned.

The top row of the AEAI paper's figure 1, and the least that a method has to
beat. Its latents are the pixels themselves, so that it is shown, exported,
served and evaluated as an autoencoder is.
"""

from types import MappingProxyType

import keras

from aeai_tf.methods import base


class PixelBlend(base.InterpolationModel):
    """Cross-fades two images."""

    players = MappingProxyType({})

    @classmethod
    def from_settings(cls, config, reconstruction: None):
        """Builds it as `configs/pixel_blend.py` says."""
        del reconstruction  # Exact, whatever the distance.
        shape = (config.image_size, config.image_size, 3)
        images = keras.Input(shape, name="images")
        pixels = keras.layers.Flatten()(images)
        latents = keras.Input(pixels.shape[1:], name="latents")
        # Extrapolated blends leave [0, 1].
        clipped = keras.layers.ReLU(max_value=1.0)(latents)
        blend = keras.layers.Reshape(shape)(clipped)
        return cls(
            keras.Model(images, pixels, name="encoder"),
            keras.Model(latents, blend, name="decoder"),
        )

    def compute_terms(self, batch, training):
        """Nothing to minimise."""
        del batch, training
        return {}, {}
