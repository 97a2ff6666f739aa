"""How each method is called and drawn, the same in every figure and table."""

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Style:
    """The looks of a method.

    Attributes:
        label: its name, as in the AEAI paper.
        colour: at least 3:1 against white, and told from the others with
            colour-blind eyes; markers differ as well.
        marker: matplotlib's code.
        line: matplotlib's line style.
        width: of the line, in points.
    """

    label: str
    colour: str
    marker: str
    line: str = "-"
    width: float = 1.3


# In the order of legends and tables: what learns nothing first, the proposed
# method last, and what is left of it without one of its terms after that.
STYLES = {
    "pixel_blend": Style("pixel blend", "#878787", "", line="--"),
    "ae": Style("AE", "#453519", "v"),
    "beta_vae": Style("β-VAE", "#0B6DFB", "s"),
    "aae": Style("AAE", "#C954C2", "D"),
    "acai": Style("ACAI", "#10A24A", "^"),
    "amr": Style("AMR", "#09556C", "P"),
    "gaia": Style("GAIA", "#1B0A75", "X"),
    "aeai": Style("AEAI (proposed)", "#D80D09", "o", width=2.6),
    "aeai_no_discriminator": Style("AEAI, no discriminator", "#151515", "v"),
    "aeai_no_cycle": Style("AEAI, no cycle", "#2F8FD0", "s"),
    "aeai_no_smoothness": Style("AEAI, no smoothness", "#6A2C91", "^"),
}
ABLATIONS = tuple(name for name in STYLES if name.startswith("aeai_no_"))


def of(method: str) -> Style:
    """Returns the looks of a method; a strange one is grey under its key."""
    return STYLES.get(method, Style(method, "#808080", "*", line=":"))


def order(methods: Iterable[str]) -> list[str]:
    """Sorts keys of methods into the order of legends and tables."""
    known = list(STYLES)
    return sorted(
        methods,
        key=lambda m: (known.index(m) if m in STYLES else len(known), m),
    )


def split(methods: Iterable[str]) -> tuple[list[str], list[str]]:
    """Tells the compared methods from the ablation study.

    Returns:
        In order, the methods without the ablations, and the ablations after
        AEAI itself; the latter is empty if there are none.
    """
    methods = order(methods)
    ablations = [name for name in methods if name in ABLATIONS]
    compared = [name for name in methods if name not in ABLATIONS]
    whole = ["aeai"] if ablations and "aeai" in methods else []
    return compared, whole + ablations
