"""The methods by name. One file each; this registry is the only other place.

Importing it does not import TensorFlow, so that programs can check their
flags first.
"""

import importlib

REGISTRY = {
    "pixel_blend": "PixelBlend",
    "ae": "Autoencoder",
    "beta_vae": "BetaVAE",
    "aae": "AAE",
    "acai": "ACAI",
    "amr": "AMR",
    "gaia": "GAIA",
    "aeai": "AEAI",
}


def get(name: str):
    """Returns the class of a method.

    Args:
        name: a key of `REGISTRY`, which is also the name of its module.
    """
    module = importlib.import_module(f"aeai_tf.methods.{name}")
    return getattr(module, REGISTRY[name])
