"""New samples by interpolation, in files or while another model trains.

recipe        which training images are mixed, and with which weights
credibility   which samples look like real images
sampler       draws, decodes and judges them, one block after the other
writing       PNG files with their provenance, or TFRecord
making        all of it, resumed where it stopped: `aeai-augment`
layer         `LatentInterpolation`, for `dataset.map` and other models
"""

from aeai_tf.augmentation.layer import LatentInterpolation

__all__ = ["LatentInterpolation"]
