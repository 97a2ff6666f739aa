"""The few pairs of a data set whose interpolations are worth looking at."""

import os
import re

import numpy as np

# Of a whole turn: 80 and 40 degrees.
WIDE, NARROW = 80 / 360, 40 / 360
WITHOUT_FACTORS = 3  # Pairs.
SOURCES = 1000  # Of more images only so many are looked at, to save memory.
NAME_LENGTH = 40  # Of a file, in the name of a pair.


def pairs(image_set) -> list[tuple[int, int]]:
    """Chooses one pair a kind of path, the same at every call.

    Along each periodic factor pairs 80 and 40 degrees apart (the paper's
    figure 6 uses 80), or as much of another period, along each other factor
    its whole range, all other factors equal. Of the pairs of a kind the one is
    taken whose end points were, as far as possible, not trained on.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.

    Returns:
        At least one pair (source, target) of indices. A set without a pair
        of any kind gives its first and last image, then the second and the
        last but one, and so on: held-out ones, if there are two.
    """
    chosen = []
    for name, values in image_set.factors.items():
        period = image_set.periods[name]
        spans = (
            [WIDE * period, NARROW * period]
            if period
            else [float(np.ptp(values))]
        )
        for span in spans:
            found = _apart(image_set, name, span)
            if found and found not in chosen:
                chosen.append(found)
    return chosen or _without_factors(image_set)


def name(image_set, source: int, target: int) -> str:
    """Names a pair by what changes, such as "azimuth 40 to 120".

    Where nothing is known of that, by its files.
    """
    parts = []
    for factor, values in image_set.factors.items():
        if values[source] != values[target]:
            parts.append(f"{factor} {values[source]:g} to {values[target]:g}")
    if not parts and image_set.files:
        ends = [
            os.path.splitext(os.path.basename(image_set.files[end]))[0]
            for end in (source, target)
        ]
        parts = [" to ".join(end[:NAME_LENGTH] for end in ends)]
    held_out = {source, target} <= set(image_set.held_out.tolist())
    return ", ".join(parts) + (", held out" if held_out else "")


def file_name(name: str) -> str:
    """The name of a pair as that of a file, without its ending."""
    return re.sub(r"[^\w.+-]+", "_", name)


def _without_factors(image_set) -> list[tuple[int, int]]:
    chosen = image_set.held_out
    if len(chosen) < 2:
        chosen = np.arange(len(image_set.images))
    count = min(WITHOUT_FACTORS, len(chosen) // 2)
    return [(int(chosen[k]), int(chosen[-1 - k])) for k in range(count)]


def _apart(image_set, factor: str, span: float) -> tuple[int, int] | None:
    """The pair most nearly `span` apart along `factor`, all else equal."""
    values = image_set.factors[factor]
    period = image_set.periods[factor] or np.inf
    order = np.concatenate([image_set.held_out, image_set.train])
    sources = np.sort(order[:SOURCES])
    ahead = np.mod(values[None, :] - values[sources, None], period)
    fits = ahead > 0
    for other, others in image_set.factors.items():
        if other != factor:
            fits &= others[None, :] == others[sources, None]
    if not fits.any():
        return None
    off = np.where(fits, np.abs(ahead - span), np.inf)
    fits &= np.isclose(off, off.min(), atol=1e-4)
    held_out = np.zeros(len(values), bool)
    held_out[image_set.held_out] = True
    score = fits * (1 + held_out[None, :] + held_out[sources, None])
    source, target = np.unravel_index(np.argmax(score), score.shape)
    return int(sources[source]), int(target)
