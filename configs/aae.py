"""AAE with the values of the code of ACAI's authors.

aeai-train --config=configs/aae.py:pole --workdir=runs/aae_pole
"""

from aeai_tf.configs import common

RANGES = {
    "lambda_adversarial": common.NOT_NEGATIVE,
    "discriminator_learning_rate": common.RATE,
}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `common.py`."""
    config = common.get_config("aae", data)
    # Of the adversarial term; 0 removes it and the discriminator.
    config.lambda_adversarial = 1.0
    config.learning_rate = 1e-4
    # Adam's, of the discriminator of latents.
    config.discriminator_learning_rate = 1e-4
    return config
