"""AMR, with settings found by search, or with those of its reference code.

    aeai-train --config=configs/amr.py:pole --workdir=runs/amr_pole
    aeai-train --config=configs/amr.py:pole,paper --workdir=runs/paper_pole

A step is one update of the autoencoder and `discriminator_steps` of the
discriminator, so it takes as many batches.
"""

import math

from aeai_tf.configs import common

CHOICES = {
    "mixer": ("mixup", "bernoulli", "bernoulli_batch"),
    "discriminator_normalization": common.NORMALIZATIONS,
}
RANGES = {
    "lambda_reconstruction": common.NOT_NEGATIVE,
    "beta_consistency": common.NOT_NEGATIVE,
    "discriminator_steps": (1, math.inf),
    "discriminator_learning_rate": common.RATE,
}
# The absolute error is least for the median image, which has no shadow.
POLE = {"reconstruction": "mse", "lambda_reconstruction": 1000.0}
PAPER = {
    "mixer": "mixup",
    "lambda_reconstruction": 10.0,
    "learning_rate": 1e-4,
    **common.PAPER,
    **common.SHORT_MEMORY,
}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `aeai.py`."""
    data, preset = common.data_and_preset(data)
    config = common.get_config("amr", data)
    # How two latents are mixed in training: "mixup", "bernoulli" (a
    # probability for each pair) or "bernoulli_batch" (one for the batch).
    config.mixer = "bernoulli"
    config.reconstruction = "l1"
    config.lambda_reconstruction = 100.0
    # Of the mix against the latent of its image. 0 removes the term.
    config.beta_consistency = 0.0
    # Updates of the discriminator for one of the autoencoder.
    config.discriminator_steps = 5
    # As `normalization`.
    config.discriminator_normalization = "spectral"
    # Adam's, of the autoencoder and of the discriminator.
    config.learning_rate = 2e-3
    config.discriminator_learning_rate = 1e-4
    config.update(common.SHORT_MEMORY)
    if preset == "paper":
        config.update(PAPER)
    elif data == "pole":
        config.update(POLE)
    return config
