"""The plain autoencoder.

aeai-train --config=configs/ae.py:pole --workdir=runs/ae_pole
"""

from aeai_tf.configs import common


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `aeai.py`."""
    data, preset = common.data_and_preset(data)
    config = common.get_config("ae", data)
    if preset == "paper":
        config.update(common.PAPER)
    return config
