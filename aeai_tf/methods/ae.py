"""The plain autoencoder: the baseline of the AEAI paper's figures 1 and 2.

Minimises `d(x, g(f(x)))` over both images of a pair; `d` is the mean squared
error over batch, pixels and channels unless the configuration says otherwise.
Nothing in it looks at what lies between two images.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from aeai_tf import losses, networks
from aeai_tf.methods import base


class Autoencoder(base.InterpolationModel):
    """A plain autoencoder."""

    term_names = ("reconstruction",)

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        reconstruction: Callable = losses.squared_error,
    ):
        """Takes built networks.

        Args:
            encoder: f.
            decoder: g.
            reconstruction: d, from two image batches to a scalar.
        """
        super().__init__(encoder, decoder)
        self.reconstruction = reconstruction

    @classmethod
    def from_settings(cls, config, reconstruction: Callable):
        """Builds it as `configs/ae.py` says."""
        return cls(*networks.autoencoder(config), reconstruction)

    def compute_terms(self, batch, training):
        """See the base class and the module's docstring."""
        x = tf.concat([batch["source"], batch["target"]], 0)
        reconstruction = self.reconstruction(x, self(x, training=training))
        terms = {"reconstruction": reconstruction}
        return terms, {"autoencoder": reconstruction}
