"""AEAI, with settings that were found by search, or with its paper's.

    aeai-train --config=configs/aeai.py:pole --workdir=runs/aeai_pole
    aeai-train --config=configs/aeai.py:coil100/12 --workdir=runs/aeai_12
    aeai-train --config=configs/aeai.py:pole,paper --workdir=runs/paper_pole

    aeai-train --config=configs/aeai.py:pole --workdir=runs/aeai_no_cycle \\
        --config.ablation=no_cycle
"""

import math

from aeai_tf.configs import common

CHOICES = {
    "ablation": ("none", "no_discriminator", "no_cycle", "no_smoothness"),
    "derivative": ("auto", "forward", "nested_tapes"),
    "cycle": ("squared", "relative"),
    "smoothness": ("squared", "relative"),
    "pace": ("pixels", "images"),
    "discriminator_downsampling": ("max_pooling", "stride"),
    "discriminator_normalization": common.NORMALIZATIONS,
}
RANGES = {
    "lambda_adversarial": common.NOT_NEGATIVE,
    "lambda_cycle": common.NOT_NEGATIVE,
    "lambda_smoothness": common.NOT_NEGATIVE,
    "num_alphas": (1, math.inf),
    "pace_neighbors": (1, math.inf),
    "lambda_r1": common.NOT_NEGATIVE,
    "warm_up": common.NOT_NEGATIVE,
    "ramp": common.NOT_NEGATIVE,
    "warm_up_error": common.NOT_NEGATIVE,
    "hold": common.NOT_NEGATIVE,
    "fade": common.NOT_NEGATIVE,
    "discriminator_learning_rate": common.RATE,
}

# The absolute error, of no use where most of an image never changes, is larger
# than the squared one, and with it the weights.
TURNTABLE = {
    "reconstruction": "l1",
    "lambda_adversarial": 2e-1,
    "lambda_cycle": 5e-2,
    "lambda_smoothness": 4e-1,
    "warm_up_error": 0.2,
    "pace_neighbors": 1,
}
# Section 2.3 as it stands, and what it leaves open as simple as can be. What is
# above and below is the other preset, "tuned": docs/recipe.md says what each of
# it does.
PAPER = {
    "lambda_adversarial": 1e-2,
    "lambda_cycle": 1e-2,
    "lambda_smoothness": 1e-1,
    "cycle": "squared",
    "smoothness": "squared",
    "pace": "pixels",
    "num_alphas": 1,
    "warm_up": 0,
    "ramp": 0,
    "warm_up_error": 0.0,
    "hold": 0,
    "fade": 0,
    "lambda_r1": 0.0,
    "learning_rate": 1e-3,
    "discriminator_learning_rate": 2e-4,
    "discriminator_downsampling": "max_pooling",
    "discriminator_normalization": "batch",
    "pair_share": 1.0,
    **common.PAPER,
}


def get_config(data: str = "pole"):
    """Returns the run's configuration.

    Args:
        data: as in `common.py`, and after a comma a preset: "pole,paper".
            Without one, "pole", it is "tuned".
    """
    data, preset = common.data_and_preset(data)
    config = common.get_config("aeai", data)
    # Equation 1.
    config.lambda_adversarial = 1e-2
    config.lambda_cycle = 1e-3
    config.lambda_smoothness = 3e-3
    # L_C as the paper has it, "squared", or "relative": over the variance of
    # the batch's latents, so that latents gain nothing by shrinking.
    config.cycle = "relative"
    # L_S as the paper has it, "squared", or "relative": the variance of the
    # speed along each line over its squared mean; num_alphas is then above 1.
    config.smoothness = "relative"
    # What L_S keeps even: the change of "pixels" along a line, as the paper
    # has it, or the number of training "images" passed, those changes over the
    # distance of the images around. It takes the images to be spread evenly
    # over their conditions, as on a turntable that stops every 5 degrees.
    config.pace = "images"
    # How many neighbours of a training image say how far apart images are
    # around it. One is not misled by a gap where images were held out; where
    # images vary in two ways, four look in both.
    config.pace_neighbors = 4
    # About 120 degrees to either side on a turntable. Lines between opposite
    # sides of a circle cannot all lie on it: learning them tears it open.
    config.pair_share = 0.65
    # Steps of reconstruction alone, and steps over which the other terms come
    # in, beginning with the first then whose reconstruction error is below
    # `warm_up_error`, as a share of the variance of the batch's images
    # ("unexplained" among the scalars); 0: with the first.
    config.warm_up = 0
    config.ramp = 150
    config.warm_up_error = 0.4
    # Once they are in: steps with the added terms at their weights, and steps
    # after which these are halved, after as many again a third, then a fourth
    # and so on; fade=0: they stay. They shape the latents, and then cost the
    # reconstruction more than they still bring.
    config.hold = 1500
    config.fade = 300
    # Weight of the discriminator's squared gradient at real images, summed
    # over pixels (R1), at 32x32. It grows with the number of pixels: what the
    # same discriminator has as a gradient is spread over more of them.
    config.lambda_r1 = 1.0
    # "none", or one of the paper's ablations (figures 12 to 15):
    # "no_discriminator", "no_cycle" or "no_smoothness", which remove a term,
    # as a weight of 0 does.
    config.ablation = "none"
    # Points drawn on the line of each pair (M + 1 in the equations).
    config.num_alphas = 2
    # Of the decoded image along the line: "forward", "nested_tapes", or
    # "auto", the faster one for the machine. Both are exact.
    config.derivative = "auto"
    # "max_pooling", as the encoder, or "stride", whose gradients reach every
    # pixel.
    config.discriminator_downsampling = "stride"
    # As `normalization`.
    config.discriminator_normalization = "none"
    # Adam's, of the autoencoder and of the discriminator.
    config.learning_rate = 2e-3
    config.discriminator_learning_rate = 2e-3
    config.update(common.SHORT_MEMORY)
    if preset == "paper":
        config.update(PAPER)
    elif data != "pole":
        config.update(TURNTABLE)
    return config
