"""The four conditions of an admissible interpolation at a glance.

AEAI paper, section 2. One row a condition, one panel a number, one line a
method: a full dot for all pairs, a hollow one for held-out pairs, whiskers
for the interval.
"""

from collections.abc import Mapping

import matplotlib.figure

from aeai_tf.evaluation import canvas, measured, style, wording

CONDITIONS = ("boundary", "monotonicity", "smoothness", "credibility")
BEST = {"ratio": 1.0}  # Of other numbers it is 0.
LEGEND = 0.3  # Inches.
LINE = 0.19  # Inches, a method.
# Above and below the middle of a method's line.
PLACES = {"all_pairs": -0.16, "held_out": 0.16}


@canvas.styled
def admissibility(metrics, methods):
    """Draws every number of the admissibility report.

    Args:
        metrics: the dict of `metrics.json`.
        methods: their keys.

    Returns:
        A figure of matplotlib; None if no condition was measured.
    """
    names = names_of(metrics, methods)
    if not names:
        return None
    height = len(methods) * LINE + 1.05
    figure = matplotlib.figure.Figure(
        figsize=(canvas.WIDTH, len(names) * height + LEGEND),
        layout="constrained",
    )
    *rows, below = figure.subfigures(
        len(names) + 1, 1, height_ratios=[height] * len(names) + [LEGEND]
    )
    for row, (condition, numbers) in zip(rows, names.items(), strict=True):
        row.suptitle(condition.capitalize(), x=0.01, ha="left", weight="bold")
        axes = row.subplots(1, len(numbers), sharey=True, squeeze=False)[0]
        for axis, number in zip(axes, numbers, strict=True):
            _panel(axis, metrics, methods, (condition, number))
            axis.set_title(wording.label(number))
            axis.set_xlabel(wording.unit(number), fontsize=8)
        axes[0].set_yticks(
            range(len(methods)), [style.of(m).label for m in methods]
        )
        axes[0].set_ylim(len(methods) - 0.5, -0.5)
    dots = {"marker": "o", "ls": "", "ms": 4.5, "color": "#333333"}
    canvas.legend(
        below,
        {
            measured.PAIRS["all_pairs"]: dots,
            measured.PAIRS["held_out"]: dots | {"mfc": "white"},
        },
    )
    return figure


def names_of(metrics: Mapping, methods) -> dict[str, list[str]]:
    """Returns the names of the numbers that any method has, by condition."""
    names: dict[str, list[str]] = {}
    for method in methods:
        measures = measured.get(metrics["methods"][method], "admissibility")
        for _, condition, *rest in measured.numbers(measures or {}):
            known = names.setdefault(condition, [])
            if rest and rest[0] not in known:
                known.append(rest[0])
    return dict(sorted(names.items(), key=lambda item: _place(item[0])))


def _place(condition: str) -> int:
    known = CONDITIONS
    return known.index(condition) if condition in known else len(known)


def _panel(axis, metrics, methods, path) -> None:
    for line, method in enumerate(methods):
        for pairs, offset in PLACES.items():
            number = measured.get(
                metrics["methods"][method], "admissibility", pairs, *path
            )
            if number is None:
                continue
            colour = style.of(method).colour
            place = line + offset
            axis.plot(
                [number["low"], number["high"]],
                [place, place],
                color=colour,
                lw=1.2,
            )
            axis.plot(
                number["value"],
                place,
                "o",
                color=colour,
                mfc=colour if pairs == "all_pairs" else "white",
                ms=4.5,
                label=method,
            )
    # From the perfect value on, with room for dots at the edges.
    left, right = BEST.get(path[-1], 0.0), axis.dataLim.x1
    room = 0.04 * (right - left)
    if room > 0:
        axis.set_xlim(min(left, axis.dataLim.x0) - room, right + room)
    axis.ticklabel_format(axis="x", scilimits=(-4, 5))
    axis.locator_params(axis="x", nbins=4)
    axis.grid(visible=False, axis="y")
