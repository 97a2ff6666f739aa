"""The plain autoencoder.

aeai-train --config=configs/ae.py:pole --workdir=runs/ae_pole
"""

from aeai_tf.configs import common

PAPER = {"learning_rate": 1e-3, **common.PAPER}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `aeai.py`."""
    data, preset = common.data_and_preset(data)
    config = common.get_config("ae", data)
    config.learning_rate = 2e-3
    if data == "pole":
        config.update(common.SHORT_MEMORY)
    if preset == "paper":
        config.update(PAPER)
    return config
