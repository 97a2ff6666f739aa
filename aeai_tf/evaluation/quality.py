"""Structural similarity and peak signal-to-noise ratio against the truth.

Beyond the AEAI paper: `tf.image.ssim` (Wang et al. 2004, with its defaults)
and `tf.image.psnr`, of images in [0, 1], along every interval of 80 degrees
at 0 < a < 1.
"""

import numpy as np
import tensorflow as tf

from aeai_tf.evaluation.observations import Observations

EXACT = 100.0  # Decibels of an image without error, which are infinite.


def similarity(images: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Compares images `[batch, steps + 1, height, width, 3]`, [0, 1].

    Returns:
        "ssim", at most 1, and "psnr" in decibels, at most `EXACT`, both
        `[batch, steps + 1]`. SSIM is absent of images that are smaller than
        its window of 11 pixels.
    """
    flat = [np.reshape(x, [-1, *x.shape[2:]]) for x in (images, truth)]
    return {
        name: np.reshape(value, images.shape[:2])
        for name, value in _similarity(
            *flat, with_ssim=min(images.shape[2:4]) >= 11
        ).items()
    }


@tf.function(reduce_retracing=True)
def _similarity(images, truth, with_ssim: bool):
    found = {"psnr": tf.minimum(tf.image.psnr(images, truth, 1.0), EXACT)}
    if with_ssim:
        found["ssim"] = tf.image.ssim(images, truth, 1.0)
    return found


def summary(seen: Observations) -> dict[str, dict[str, float]]:
    """The means over images in between: "ssim" and "psnr"."""
    return {
        name: seen.mean(seen.numbers[name][:, 1:-1].mean(axis=1))
        for name in ("ssim", "psnr")
        if name in seen.numbers
    }
