"""AEAI's losses as a regulariser of an autoencoder that is not ours.

regularizer     `InterpolationRegularizer`, a Keras model round two others
discriminator   the discriminator it builds where it is given none
derivative      how it takes the derivative of a decoder it does not know
checks          networks and data that do not fit, in one sentence
"""

from aeai_tf.regularization.discriminator import default_discriminator
from aeai_tf.regularization.regularizer import InterpolationRegularizer

__all__ = ["InterpolationRegularizer", "default_discriminator"]
