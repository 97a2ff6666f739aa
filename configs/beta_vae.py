"""beta-VAE, with settings found by search, or with values of its reference.

    aeai-train --config=configs/beta_vae.py:pole --workdir=runs/beta_vae_pole
    aeai-train --config=configs/beta_vae.py:pole,paper --workdir=runs/paper_pole

beta = 1 is the variational autoencoder.
"""

from aeai_tf.configs import common

RANGES = {"beta": common.NOT_NEGATIVE}
PAPER = {"beta": 4.0, "learning_rate": 1e-4, **common.PAPER}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `aeai.py`."""
    data, preset = common.data_and_preset(data)
    config = common.get_config("beta_vae", data)
    # Of KL summed over latent coordinates against the likelihood summed over
    # pixels and channels; the reference's grid is 1, 2, 4, 6, 8, 16.
    config.beta = 1.0
    config.reconstruction = "bernoulli"
    if data == "pole":
        # With 1 the small shadows are not worth their latents.
        config.beta = 0.1
        config.update(common.SHORT_MEMORY)
    if preset == "paper":
        config.update(PAPER)
    return config
