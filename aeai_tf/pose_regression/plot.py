"""`figure.png` and `figure.svg`: the error against the number of real images.

A panel an object, a line a variant.
"""

from collections.abc import Mapping

import numpy as np

from aeai_tf.evaluation import canvas, wording
from aeai_tf.pose_regression import looks

HEIGHT = 3.4  # Inches, of a row.
IN_ROW = 3
SPREAD = 0.4  # Of the gap between two numbers of poses: so far go variants.
# In degrees, of a logarithmic scale.
TICKS = (1, 2, 5, 10, 20, 50, 100)


@canvas.styled
def draw(measured: Mapping):
    """Draws the figure.

    Args:
        measured: the dict of metrics.json.

    Returns:
        A figure of matplotlib; None if there is nothing to draw yet.
    """
    numbers = measured["numbers"]
    if not numbers:
        return None
    counts = sorted({int(p) for cells in numbers.values() for p in cells})
    variants = looks.order(
        {
            v
            for cells in numbers.values()
            for cell in cells.values()
            for v in cell
        }
    )
    figure, axes = canvas.panels(len(numbers), IN_ROW, HEIGHT, sharey=True)
    for axis, (data, cells) in zip(axes.flat, numbers.items(), strict=False):
        for place, variant in enumerate(variants):
            shift = (place + 0.5) / len(variants) - 0.5
            _line(axis, cells, counts, variant, SPREAD * shift)
        axis.set_title(wording.data_set({"data_set": data}))
        axis.set_xticks(range(len(counts)), map(str, counts))
        axis.set_xlim(-0.5, len(counts) - 0.5)
        axis.set_yscale("log")
        axis.minorticks_off()
        axis.set_yticks(TICKS, map(str, TICKS))
    canvas.label_outer(
        axes, len(numbers), "real images", "error on unseen poses (degrees)"
    )
    canvas.legend(
        figure, {looks.of(v).label: _options(v) for v in variants}, columns=5
    )
    return figure


def _line(axis, cells: Mapping, counts, variant: str, shift: float) -> None:
    found = [
        (counts.index(int(poses)) + shift, cell[variant]["mean"])
        for poses, cell in sorted(cells.items(), key=lambda p: int(p[0]))
        if variant in cell
    ]
    if not found:
        return
    places = [place for place, _ in found]
    low, mean, high = np.array(
        [
            [number[key] for key in ("low", "value", "high")]
            for _, number in found
        ]
    ).T
    axis.plot(places, mean, **_options(variant))
    axis.errorbar(
        places,
        mean,
        # The mean may lie beyond an interval of few draws.
        yerr=np.maximum(0, [mean - low, high - mean]),
        fmt="none",
        ecolor=looks.of(variant).colour,
        elinewidth=0.8,
        alpha=0.5,
    )


def _options(variant: str) -> dict:
    style = looks.of(variant)
    return {
        "color": style.colour,
        "marker": style.marker,
        "ls": style.line,
        "lw": style.width,
        "ms": 4.5,
    }
