"""How well a model gives back single images: mean squared error.

The mean over pixels and channels of `(g(f(x)) - x)^2`, images in [0, 1],
averaged over the images that the model was trained on, and over the others.
"""

from collections.abc import Sequence

import numpy as np

from aeai_tf.evaluation import bootstrap


def summary(errors: Sequence[np.ndarray], sets: Sequence) -> dict:
    """The errors of one method.

    Args:
        errors: of each run, `[n]`, of all images of its set.
        sets: of each run, with its split.

    Returns:
        "train" and "held_out"; a split with fewer than 2 images is absent.
    """
    numbers = {}
    for split in ("train", "held_out"):
        images = [getattr(image_set, split) for image_set in sets]
        values = [e[i] for e, i in zip(errors, images, strict=True)]
        run = np.repeat(np.arange(len(sets)), [len(i) for i in images])
        if len(run) > 1:
            numbers[split] = bootstrap.of_mean(
                np.concatenate(values), run, np.concatenate(images)
            )
    return numbers
