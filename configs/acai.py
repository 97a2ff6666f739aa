"""ACAI, with settings found by search, or those of its paper and its code.

aeai-train --config=configs/acai.py:pole --workdir=runs/acai_pole
aeai-train --config=configs/acai.py:pole,paper --workdir=runs/paper_pole
"""

from aeai_tf.configs import common

CHOICES = {"critic_normalization": common.NORMALIZATIONS}
RANGES = {
    "lambda_adversarial": common.NOT_NEGATIVE,
    "critic_regularization": (0, 1),
    "critic_learning_rate": common.RATE,
}
# The absolute error, of no use where most of an image never changes, is larger
# than the squared one, and with it the weight.
TURNTABLE = {"reconstruction": "l1", "lambda_adversarial": 2.0}
PAPER = {
    "learning_rate": 1e-4,
    "critic_learning_rate": 1e-4,
    **common.PAPER,
}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `aeai.py`."""
    data, preset = common.data_and_preset(data)
    config = common.get_config("acai", data)
    # Of the adversarial term; 0 removes it and the critic.
    config.lambda_adversarial = 0.5
    # Gamma: where between a reconstruction (0) and its image (1) lie the
    # images that the critic is to find unmixed.
    config.critic_regularization = 0.2
    # As `normalization`.
    config.critic_normalization = "none"
    # Adam's, of the critic.
    config.critic_learning_rate = 5e-4
    config.learning_rate = 2e-3
    config.update(common.SHORT_MEMORY)
    if preset == "paper":
        config.update(PAPER)
    elif data != "pole":
        config.update(TURNTABLE)
    return config
