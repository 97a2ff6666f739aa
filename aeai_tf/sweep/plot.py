"""`plot.png` and `plot.svg`: the measure against each key of the grid.

One row of panels an object, one panel a key, one line a method. A line goes
through the best point of the grid: the other keys stay at their values there.
"""

import itertools
import math
from collections.abc import Sequence

import matplotlib.figure
import numpy as np

from aeai_tf.evaluation import canvas, style, wording
from aeai_tf.sweep import grid, measures, results

HEIGHT = 2.5  # Inches, of a row.
LINES = "Lines: the other keys at their best. Dots: at other values."
BARS = "Bars: lowest and highest seed."
SHIFT = 0.05  # Of a step of the grid: methods apart, so that bars are.


@canvas.styled
def draw(found: Sequence[results.Result], measure: str):
    """Draws the plot.

    Args:
        found: of all trials.
        measure: keys of `metrics.json` joined with dots.

    Returns:
        A figure of matplotlib; None if there is nothing to draw yet.
    """
    points = results.points(found)
    keys = sorted({key for point in points for key in point.values})
    if not keys:
        return None
    blends = results.blends(found)
    names = list(dict.fromkeys(point.data for point in points))
    figure = matplotlib.figure.Figure(
        figsize=(canvas.WIDTH, HEIGHT * len(names) + 1), layout="constrained"
    )
    axes = figure.subplots(len(names), len(keys), squeeze=False, sharey="row")
    methods = style.order({point.method for point in points})
    for row, data in zip(axes, names, strict=True):
        own = [point for point in points if point.data == data]
        for axis, key in zip(row, keys, strict=True):
            _panel(axis, own, key, measure)
            if data in blends:
                look = _look("pixel_blend")
                axis.axhline(blends[data], zorder=1, **look | {"marker": ""})
        title = wording.data_set({"data_set": data})
        title = title[0].upper() + title[1:]
        row[0].set_title(title, loc="left", weight="bold")
    for axis, key in zip(axes[-1], keys, strict=True):
        axis.set_xlabel(key)
    seeds = max(len(point.numbers) for point in points)
    title = "\n".join(
        [
            measures.label(measure),
            *([LINES] if len(keys) > 1 else []),
            *([BARS] if seeds > 1 else []),
        ]
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    shown = [*methods, *(["pixel_blend"] if blends else [])]
    canvas.legend(figure, {style.of(m).label: _look(m) for m in shown})
    return figure


def _panel(axis, points, key: str, measure: str) -> None:
    places, step = _places({p.values[key] for p in points if key in p.values})
    methods = style.order({point.method for point in points})
    groups = {m: [p for p in points if p.method == m] for m in methods}
    varied = [m for m in methods if key in groups[m][0].values]
    for method, group in groups.items():
        best = results.best(group, measure)
        look = _look(method)
        if method not in varied:
            axis.axhline(best.mean, zorder=1.5, **look | {"marker": ""})
            continue
        shift = varied.index(method) - (len(varied) - 1) / 2
        line, others = _slice(group, best, key)
        for point in others:
            place = places[point.values[key]] + SHIFT * step * shift
            axis.plot(place, point.mean, ".", color=look["color"], ms=3)
        where = [places[p.values[key]] + SHIFT * step * shift for p in line]
        order = np.argsort(where)
        where = np.array(where)[order]
        low, mean, high = np.array(
            [(min(p.numbers), p.mean, max(p.numbers)) for p in line]
        )[order].T
        axis.plot(where, mean, **look)
        axis.errorbar(
            where,
            mean,
            yerr=np.maximum(0, [mean - low, high - mean]),
            fmt="none",
            ecolor=look["color"],
            elinewidth=1.2,
            capsize=2.5 if (high > low).any() else 0,
        )
    ordered = sorted(places, key=places.get)
    axis.set_xticks([places[v] for v in ordered], map(grid.text, ordered))
    if len(ordered) > 6:
        axis.tick_params(axis="x", rotation=60)


def _slice(points, best: results.Point, key: str) -> tuple[list, list]:
    """Points that differ from the best one in this key only, and the rest."""
    fixed = {k: v for k, v in best.values.items() if k != key}
    line, others = [], []
    for point in points:
        same = all(point.values[k] == v for k, v in fixed.items())
        (line if same else others).append(point)
    return line, others


def _places(values) -> tuple[dict, float]:
    """Where the values of a key stand, and the least step between them.

    Numbers stand at their logarithms. What has none, 0 and words, stands
    before them in order.
    """
    places = {
        value: math.log10(value)
        for value in sorted(v for v in values if not isinstance(v, str))
        if value > 0
    }
    gaps = [b - a for a, b in itertools.pairwise(places.values())]
    step, first = min(gaps, default=1.0), min(places.values(), default=0.0)
    rest = sorted(values - places.keys(), key=str)
    for number, value in enumerate(reversed(rest), 1):
        places[value] = first - number * step
    return places, step


def _look(method: str) -> dict:
    looks = style.of(method)
    return {
        "color": looks.colour,
        "marker": looks.marker,
        "ls": looks.line,
        "lw": looks.width,
        "ms": 4.5,
    }
