"""`plot.png` and `plot.svg`: the measure against each key of the grid.

One row of panels an object, one panel a key, one line a method. A line goes
through the best point of the grid: the other keys stay at their values there.
Small dots are the other trials.
"""

import itertools
import math
from collections.abc import Sequence

import matplotlib.figure

from aeai_tf.evaluation import canvas, style, wording
from aeai_tf.sweep import grid, measures, results

HEIGHT = 2.5  # Inches, of a row.
SHIFT = 0.05  # Of a step of the grid, between methods, so that bars are apart.


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
        figsize=(canvas.WIDTH, HEIGHT * len(names) + 0.6), layout="constrained"
    )
    axes = figure.subplots(len(names), len(keys), squeeze=False, sharey="row")
    methods = style.order({point.method for point in points})
    for row, data in zip(axes, names, strict=True):
        own = [point for point in points if point.data == data]
        for axis, key in zip(row, keys, strict=True):
            _panel(axis, own, key, measure, methods)
            if data in blends:
                look = _look("pixel_blend")
                axis.axhline(blends[data], zorder=1, **look | {"marker": ""})
        row[0].set_title(
            wording.data_set({"data_set": data}), loc="left", weight="bold"
        )
    for axis, key in zip(axes[-1], keys, strict=True):
        axis.set_xlabel(key)
    figure.supylabel(measures.label(measure), fontsize=9)
    shown = [*methods, *(["pixel_blend"] if blends else [])]
    canvas.legend(figure, {style.of(m).label: _look(m) for m in shown})
    return figure


def _panel(axis, points, key: str, measure: str, methods) -> None:
    values = {point.values[key] for point in points if key in point.values}
    places, step = _places(values)
    for number, method in enumerate(methods):
        own = [p for p in points if p.method == method]
        if not own:
            continue
        best = results.best(own, measure)
        look = _look(method)
        if key not in best.values:
            axis.axhline(best.mean, zorder=1.5, **look | {"marker": ""})
            continue
        shift = SHIFT * step * (number - (len(methods) - 1) / 2)
        others = {k: v for k, v in best.values.items() if k != key}
        line = []
        for point in own:
            place = places[point.values[key]] + shift
            if all(point.values[k] == v for k, v in others.items()):
                line.append((place, point))
            else:
                axis.plot(place, point.mean, ".", color=look["color"], ms=3)
        line.sort(key=lambda item: item[0])
        where = [place for place, _ in line]
        means = [point.mean for _, point in line]
        axis.plot(where, means, **look)
        axis.vlines(
            where,
            [min(point.numbers) for _, point in line],
            [max(point.numbers) for _, point in line],
            color=look["color"],
            lw=1.2,
        )
    ordered = sorted(places, key=places.get)
    axis.set_xticks([places[v] for v in ordered], map(grid.text, ordered))
    if len(ordered) > 6:
        axis.tick_params(axis="x", rotation=60)


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
