"""AEAI with the weights that its paper gives.

    aeai-train --config=configs/aeai.py:pole --workdir=runs/aeai_pole
    aeai-train --config=configs/aeai.py:coil100/12 --workdir=runs/aeai_12

    aeai-train --config=configs/aeai.py:pole --workdir=runs/aeai_no_cycle \\
        --config.ablation=no_cycle
"""

import math

from aeai_tf.configs import common

CHOICES = {
    "ablation": ("none", "no_discriminator", "no_cycle", "no_smoothness"),
    "derivative": ("auto", "forward", "nested_tapes"),
    "cycle": ("squared", "relative"),
    "discriminator_downsampling": ("max_pooling", "stride"),
    "discriminator_normalization": common.NORMALIZATIONS,
}
RANGES = {
    "lambda_adversarial": common.NOT_NEGATIVE,
    "lambda_cycle": common.NOT_NEGATIVE,
    "lambda_smoothness": common.NOT_NEGATIVE,
    "num_alphas": (1, math.inf),
    "lambda_r1": common.NOT_NEGATIVE,
    "warm_up": common.NOT_NEGATIVE,
    "ramp": common.NOT_NEGATIVE,
    "discriminator_learning_rate": common.RATE,
}


def get_config(data: str = "pole"):
    """Returns the run's configuration; `data` as in `common.py`."""
    config = common.get_config("aeai", data)
    # Equation 1; the values are those of section 2.3.
    config.lambda_adversarial = 1e-2
    config.lambda_cycle = 1e-2
    config.lambda_smoothness = 1e-1
    # L_C as the paper has it, "squared", or "relative": over the variance of
    # the batch's latents, so that latents gain nothing by shrinking.
    config.cycle = "squared"
    # Steps of reconstruction alone, and steps over which the other terms then
    # come in.
    config.warm_up = 0
    config.ramp = 0
    # Weight of the discriminator's squared gradient at real images (R1).
    config.lambda_r1 = 0.0
    # "none", or one of the paper's ablations (figures 12 to 15):
    # "no_discriminator", "no_cycle" or "no_smoothness", which remove a term,
    # as a weight of 0 does.
    config.ablation = "none"
    # Points drawn on the line of each pair (M + 1 in the equations).
    config.num_alphas = 1
    # Of the decoded image along the line: "forward", "nested_tapes", or
    # "auto", the faster one for the machine. Both are exact.
    config.derivative = "auto"
    # "max_pooling", as the encoder, or "stride", whose gradients reach every
    # pixel.
    config.discriminator_downsampling = "max_pooling"
    # As `normalization`.
    config.discriminator_normalization = "batch"
    # Adam's, of the discriminator. Not published; below the autoencoder's,
    # since it has few real images to tell from and soon wins.
    config.discriminator_learning_rate = 2e-4
    return config
