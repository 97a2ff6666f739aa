"""How cost grows, drawn: one panel an axis, logarithmic both ways."""

import os

import matplotlib.ticker

from aeai_tf.bench import tables
from aeai_tf.evaluation import canvas, figures, style

HEIGHT = 2.6  # Inches, of a row.
# From the lowest to the highest value of a panel: noise shall not look large.
LEAST_RATIO = 10
# What is drawn of each point, and how it is called.
STEPS = {"median_ms": "training step, ms"}
PATHS = {
    "seconds": "error and nearest image",
    "detailed_seconds": "all measures",
}
LINES = {"seconds": "--"}


def save(axes: dict, stem: str) -> None:
    """Draws growth as PNG and SVG.

    Args:
        axes: as of `growth.measure`.
        stem: path without extension.
    """
    folder, name = os.path.split(stem)
    figures.save(draw(axes), folder or ".", name, "How cost grows", "")


@canvas.styled
def draw(axes: dict):
    """Draws growth; a figure of matplotlib.

    Args:
        axes: as of `growth.measure`.
    """
    figure, panels = canvas.panels(len(axes), 3, HEIGHT)
    looks = style.of("aeai")
    for panel, (axis, points) in zip(panels.flat, axes.items(), strict=False):
        drawn = [point for point in points if "skipped" not in point]
        values = [point["value"] for point in drawn]
        lines = PATHS if axis == "paths" else STEPS
        for key, label in lines.items():
            panel.plot(
                values,
                [point[key] for point in drawn],
                color=looks.colour,
                marker=looks.marker,
                linestyle=LINES.get(key, "-"),
                label=label,
            )
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks(values, map(str, values))
        panel.minorticks_off()
        _number(panel)
        panel.set_xlabel(" ".join(filter(None, tables.AXES[axis])))
        panel.set_ylabel("training step, ms" if lines is STEPS else "s")
        if lines is PATHS:
            panel.legend(fontsize=7)
    return figure


def _number(panel) -> None:
    """A y axis of a decade or more, with plain numbers."""
    low, high = panel.get_ylim()
    wider = max(1, LEAST_RATIO * low / high) ** 0.5
    panel.set_ylim(low / wider, high * wider)
    panel.yaxis.set_major_locator(
        matplotlib.ticker.LogLocator(subs=(1, 2, 5), numticks=12)
    )
    panel.yaxis.set_major_formatter("{x:g}")
