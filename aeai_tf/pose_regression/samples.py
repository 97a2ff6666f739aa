"""What a regressor trains on: real images, and what is added to them.

Nothing; mixup in pixel space (H. Zhang et al., "mixup: Beyond Empirical Risk
Minimization", ICLR 2018); or interpolations between neighbouring poses, the
linear recipe of `aeai_tf.augmentation`, with its filter at its default.
"""

import dataclasses

import numpy as np

from aeai_tf.augmentation import recipe, sampler
from aeai_tf.pose_regression.study import FACTOR, TRIES

NEIGHBOURS = 2  # On each side one, where poses are evenly spaced.
BATCH = 32
CONCENTRATION = 0.2  # Of mixup's beta distribution.
_BATCHES = 1  # Tells these draws from others of the seed.


@dataclasses.dataclass(frozen=True)
class Samples:
    """Interpolated images.

    Attributes:
        images: float32 `[kept, height, width, 3]` in [0, 1].
        angles: that they should show, `[kept]`, degrees.
        attempts: how many were made; what is not kept was dropped.
    """

    images: np.ndarray
    angles: np.ndarray
    attempts: int


@dataclasses.dataclass(frozen=True)
class Batches:
    """What a regressor sees: image `first` and, mixed in, image `second`.

    Attributes:
        first: indices, `[steps, BATCH]`.
        second: likewise.
        weight: of the first, float32 `[steps, BATCH]`; the second has the
            rest.
    """

    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray


def interpolate(model, image_set, seed: int, count: int) -> Samples:
    """Makes interpolations between neighbouring training images.

    Args:
        model: an `aeai_tf.methods.base.InterpolationModel`.
        image_set: with the factor `FACTOR`.
        seed: of what is drawn.
        count: wanted; `TRIES` times as many attempts are made at most.

    Returns:
        As many as were wanted, or as came past the filter.

    Raises:
        UserError: the model has diverged.
    """
    made = sampler.Sampler(
        model, image_set, recipe.Recipe(neighbours=NEIGHBOURS, seed=seed)
    )
    kept, attempts = [], 0
    for sample in made.samples():
        if len(kept) >= count or attempts >= TRIES * count:
            break
        attempts += 1
        # Between opposite poses no angle is the mean.
        known = sample.factors[FACTOR] is not None
        if known and sample.distance <= made.credibility.threshold:
            kept.append(sample)
    shape = [len(kept), *image_set.images.shape[1:]]
    return Samples(
        np.array([s.image for s in kept], np.float32).reshape(shape) / 255,
        np.array([s.factors[FACTOR] for s in kept], np.float32),
        attempts,
    )


def batches(
    real: int, added: int, seed: int, steps: int, mixup: bool = False
) -> Batches:
    """Draws what a regressor sees.

    Half of a batch is real, half of it added, if there is any; all with
    replacement.

    Args:
        real: how many images there are, with indices from 0.
        added: how many samples, with indices from `real`.
        seed: same seed, same draws.
        steps: batches.
        mixup: whether each image of a batch is mixed with another one of it.
    """
    random = np.random.default_rng([seed, _BATCHES])
    first = random.integers(real, size=[steps, BATCH])
    if added:
        half = [steps, BATCH // 2]
        first[:, BATCH // 2 :] = real + random.integers(added, size=half)
    if not mixup:
        return Batches(first, first, np.ones(first.shape, np.float32))
    return Batches(
        first,
        random.permuted(first, axis=1),
        random.beta(CONCENTRATION, CONCENTRATION, first.shape).astype(
            np.float32
        ),
    )
