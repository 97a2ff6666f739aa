"""What all figures share: fonts, panels in rows, and one legend below them."""

import math
from collections.abc import Mapping

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib import lines

WIDTH = 7.5  # Inches, of every figure.
SETTINGS = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 9.5,
    "figure.facecolor": "white",
    "figure.titlesize": 10.5,
    "font.family": "DejaVu Sans",  # Comes with matplotlib: the same anywhere.
    "font.size": 9,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}

# Text takes its looks when it is made: decorate what makes figures with it.
styled = matplotlib.rc_context(SETTINGS)


def panels(count: int, in_row: int, height: float, **options):
    """Makes a figure with that many panels in rows.

    Args:
        count: of panels.
        in_row: the most that stand side by side.
        height: of a row, in inches.
        **options: of `matplotlib.figure.Figure.subplots`.

    Returns:
        The figure and its axes `[rows, columns]`; those too many are gone.
    """
    columns = min(count, in_row)
    rows = math.ceil(count / columns)
    figure = matplotlib.figure.Figure(
        figsize=(WIDTH, rows * height), layout="constrained"
    )
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, axes


def label_outer(axes: np.ndarray, count: int, x: str, y: str) -> None:
    """Labels the lowest panel of each column and the first one of each row.

    Args:
        axes: `[rows, columns]` that share their scales.
        count: of panels that are there.
        x: label of the abscissa.
        y: label of the ordinate.
    """
    columns = axes.shape[1]
    for k, axis in enumerate(axes.flat[:count]):
        if k + columns >= count:
            axis.set_xlabel(x)
            axis.tick_params(labelbottom=True)
        if k % columns == 0:
            axis.set_ylabel(y)


def legend(figure, entries: Mapping[str, Mapping], columns: int = 4) -> None:
    """Puts one legend below all panels.

    Args:
        figure: of matplotlib.
        entries: name -> options of `matplotlib.lines.Line2D`.
        columns: the most that stand side by side.
    """
    handles = [
        lines.Line2D([], [], label=name, **options)
        for name, options in entries.items()
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(columns, len(handles)),
    )
