"""How variants are called and drawn: methods as everywhere, and the others."""

from collections.abc import Iterable

from aeai_tf.evaluation import style
from aeai_tf.pose_regression.study import MIXUP, NOTHING

OTHERS = {
    NOTHING: style.Style("nothing", "#151515", "", line=":", width=2.0),
    MIXUP: style.Style("mixup", "#B06A00", "*", line="--"),
}


def of(variant: str) -> style.Style:
    """Returns the looks of a variant."""
    return OTHERS.get(variant) or style.of(variant)


def order(variants: Iterable[str]) -> list[str]:
    """Sorts variants: nothing, mixup, then methods in their usual order."""
    variants = set(variants)
    first = [name for name in OTHERS if name in variants]
    return first + style.order(variants - set(first))
