"""The few pairs of a data set whose interpolations are worth looking at."""

import numpy as np

WIDE, NARROW = 80.0, 40.0


def pairs(image_set) -> list[tuple[int, int]]:
    """Chooses one pair a kind of path, the same at every call.

    Along each periodic factor pairs 80 and 40 degrees apart (the paper's
    figure 6 uses 80), along each other factor its whole range, all other
    factors equal. Of the pairs of a kind the one is taken whose end points
    were, as far as possible, not trained on.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.

    Returns:
        At least one pair (source, target) of indices. A set without a pair
        of any kind gives its first and last image.
    """
    chosen = []
    for name, values in image_set.factors.items():
        period = image_set.periods[name]
        spans = [WIDE, NARROW] if period else [float(np.ptp(values))]
        for span in spans:
            found = _apart(image_set, name, span)
            if found:
                chosen.append(found)
    return chosen or [(0, len(image_set.images) - 1)]


def name(image_set, source: int, target: int) -> str:
    """Names a pair by what changes, such as "azimuth 40 to 120"."""
    parts = []
    for factor, values in image_set.factors.items():
        if values[source] != values[target]:
            parts.append(f"{factor} {values[source]:g} to {values[target]:g}")
    held_out = {source, target} <= set(image_set.held_out.tolist())
    return ", ".join(parts) + (", held out" if held_out else "")


def _apart(image_set, factor: str, span: float) -> tuple[int, int] | None:
    """The pair `span` degrees apart along `factor`, all else equal."""
    values = image_set.factors[factor]
    period = image_set.periods[factor] or np.inf
    ahead = np.mod(values[None, :] - values[:, None], period)
    fits = np.isclose(ahead, span)
    for other, others in image_set.factors.items():
        if other != factor:
            fits &= others[None, :] == others[:, None]
    held_out = np.zeros(len(values), bool)
    held_out[image_set.held_out] = True
    score = fits * (1 + held_out[None, :] + held_out[:, None])
    if not span or not score.any():
        return None
    source, target = np.unravel_index(np.argmax(score), score.shape)
    return int(source), int(target)
