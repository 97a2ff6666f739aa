"""beta-VAE with a value of beta from the grid of its reference.

    aeai-train --config=configs/beta_vae.py:pole --workdir=runs/beta_vae_pole

beta = 1 is the variational autoencoder.
"""

from aeai_tf.configs import common

RANGES = {"beta": common.NOT_NEGATIVE}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `common.py`."""
    config = common.get_config("beta_vae", data)
    # Of KL summed over latent coordinates against the likelihood summed over
    # pixels and channels; the reference's grid is 1, 2, 4, 6, 8, 16.
    config.beta = 4.0
    config.reconstruction = "bernoulli"
    config.learning_rate = 1e-4
    return config
