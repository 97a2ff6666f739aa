"""GAIA, with settings found by search, or with those of its code.

    aeai-train --config=configs/gaia.py:pole --workdir=runs/gaia_pole
    aeai-train --config=configs/gaia.py:pole,paper --workdir=runs/paper_pole

It reconstructs only what its discriminator asks for, so there is no distance
of reconstruction to choose. Trained on batches of 8 images for days in its
paper; here on those of all methods.
"""

from aeai_tf.configs import common

CHOICES = {"discriminator_normalization": common.NORMALIZATIONS}
RANGES = {
    "lambda_distance": common.NOT_NEGATIVE,
    "balance_slope": common.NOT_NEGATIVE,
    "discriminator_share": (0, 1),
}
PAPER = {
    "balance_slope": 20.0,
    "discriminator_share": 0.5,
    "learning_rate": 1e-4,
    **common.PAPER,
}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `aeai.py`."""
    data, preset = common.data_and_preset(data)
    config = common.get_config("gaia", data)
    del config.reconstruction
    del config.perceptual_weights
    # lr_max: the sum of Adam's rates of both players, which trade it off.
    config.learning_rate = 2e-3
    # Of the distances between latents against those between images.
    config.lambda_distance = 5e-5
    # Slope of the sigmoids that balance the players.
    config.balance_slope = 100.0
    # sigma: the smaller it is, the more the discriminator cares to restore
    # real images rather than to spoil generated ones.
    config.discriminator_share = 0.0
    # As `normalization`. Not "batch": the reference has instance and layer
    # normalisation, and the discriminator sees real, reconstructed and
    # interpolated images at once, whose joint statistics are a trap.
    config.discriminator_normalization = "group"
    if preset == "paper":
        config.update(PAPER)
    return config
