"""`plot.png` and `plot.svg`: the measures against each key of the grid.

One row of panels an object, one panel a measure and key, one line a method. A
line goes through the best point of the grid, by the first measure: the other
keys stay at their values there.
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
def draw(found: Sequence[results.Result], names: Sequence[str]):
    """Draws the plot.

    Args:
        found: of all trials.
        names: of measures, keys of `metrics.json` joined with dots.

    Returns:
        A figure of matplotlib; None if there is nothing to draw yet.
    """
    points = results.points(found)
    keys = sorted({key for point in points for key in point.values})
    if not keys:
        return None
    blends = {name: results.blends(found, name) for name in names}
    data_sets = list(dict.fromkeys(point.data for point in points))
    columns = list(itertools.product(names, keys))
    figure = matplotlib.figure.Figure(
        figsize=(canvas.WIDTH, HEIGHT * len(data_sets) + 1),
        layout="constrained",
    )
    axes = figure.subplots(
        len(data_sets),
        len(columns),
        squeeze=False,
        sharey="row" if len(set(map(measures.unit, names))) == 1 else False,
    )
    methods = style.order({point.method for point in points})
    for row, data in zip(axes, data_sets, strict=True):
        own = [point for point in points if point.data == data]
        for axis, (name, key) in zip(row, columns, strict=True):
            _panel(axis, own, key, name, names[0])
            if len(names) > 1 and key == keys[0]:
                axis.set_ylabel(measures.label(name))
            if data in blends[name]:
                look = _look("pixel_blend") | {"marker": ""}
                axis.axhline(blends[name][data], zorder=1, **look)
        title = wording.data_set({"data_set": data})
        title = title[0].upper() + title[1:]
        row[0].set_title(title, loc="left", weight="bold")
    for axis, (_, key) in zip(axes[-1], columns, strict=True):
        axis.set_xlabel(key)
    seeds = max(len(point.seeds) for point in points)
    title = "\n".join(
        [
            *(map(measures.label, names) if len(names) == 1 else []),
            *([LINES] if len(keys) > 1 else []),
            *([BARS] if seeds > 1 else []),
        ]
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=9)
    shown = [*methods, *(["pixel_blend"] if any(blends.values()) else [])]
    canvas.legend(figure, {style.of(m).label: _look(m) for m in shown})
    return figure


def _panel(axis, points, key: str, measure: str, decisive: str) -> None:
    places, step = _places({p.values[key] for p in points if key in p.values})
    methods = style.order({point.method for point in points})
    groups = {m: [p for p in points if p.method == m] for m in methods}
    varied = [m for m in methods if key in groups[m][0].values]
    for method, group in groups.items():
        best = results.best(group, decisive)
        look = _look(method)
        if method not in varied:
            axis.axhline(
                best.mean(measure), zorder=1.5, **look | {"marker": ""}
            )
            continue
        shift = varied.index(method) - (len(varied) - 1) / 2
        line, others = _slice(group, best, key)
        for point in others:
            place = places[point.values[key]] + SHIFT * step * shift
            axis.plot(
                place, point.mean(measure), ".", color=look["color"], ms=3
            )
        where = [places[p.values[key]] + SHIFT * step * shift for p in line]
        order = np.argsort(where)
        where = np.array(where)[order]
        low, mean, high = np.array(
            [
                (
                    min(p.numbers[measure]),
                    p.mean(measure),
                    max(p.numbers[measure]),
                )
                for p in line
            ]
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
