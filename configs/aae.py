"""AAE, with settings found by search, or those of the code of ACAI's authors.

aeai-train --config=configs/aae.py:pole --workdir=runs/aae_pole
aeai-train --config=configs/aae.py:pole,paper --workdir=runs/paper_pole
"""

from aeai_tf.configs import common

RANGES = {
    "lambda_adversarial": common.NOT_NEGATIVE,
    "discriminator_learning_rate": common.RATE,
}
PAPER = {
    "lambda_adversarial": 1.0,
    "learning_rate": 1e-4,
    **common.PAPER,
}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `aeai.py`."""
    data, preset = common.data_and_preset(data)
    config = common.get_config("aae", data)
    # Of the adversarial term; 0 removes it and the discriminator.
    config.lambda_adversarial = 1e-3
    # Adam's, of the discriminator of latents.
    config.discriminator_learning_rate = 1e-4
    if data == "pole":
        config.update(common.SHORT_MEMORY)
    if preset == "paper":
        config.update(PAPER)
    return config
