"""The curves of the AEAI paper, drawn from measurements.

Every function takes the dict of `metrics.json` and the keys of the methods to
draw, and returns a figure of matplotlib, or None where none of them was
measured. What a method lacks is left out.
"""

import importlib.resources
import json

import numpy as np

from aeai_tf.evaluation import canvas, measured, style

PERFECT = "#111111"
SOURCE, TARGET = "#1F77B4", "#FF7F0E"
PANELS_IN_ROW = 4


def paper_curves() -> dict:
    """Returns the paper's figure 6, as read off: `paper_figure6.json`."""
    folder = importlib.resources.files("aeai_tf.evaluation")
    text = folder.joinpath("paper_figure6.json").read_text(encoding="utf-8")
    return json.loads(text)


def interval_of(metrics, methods) -> str | None:
    """The key of the interval to draw errors against alpha at.

    It is that of 80 degrees, as in the paper, else of the longest measured.
    """
    measures = metrics["methods"]
    found = {
        degrees
        for method in methods
        for pairs in measured.PAIRS
        for degrees in measured.get(measures[method], "mse_vs_alpha", pairs)
        or ()
    }
    return "80" if "80" in found else max(found, key=float, default=None)


@canvas.styled
def mse_against_alpha(metrics, methods, paper=None):
    """Figures 6 and 14, left: mean and standard deviation of errors.

    Upper panels: the mean, shaded the standard deviation; lower panels: the
    standard deviation alone, in which the shades of many methods are told
    apart.

    Args:
        metrics: the dict of `metrics.json`.
        methods: their keys.
        paper: `paper_curves()`, to draw behind them.
    """
    degrees = interval_of(metrics, methods)
    panels = _by_pairs(metrics, methods, "mse_vs_alpha", degrees)
    if not panels:
        return None
    figure, axes = canvas.panels(
        2 * len(panels), len(panels), 2.6, sharex=True, sharey="row"
    )
    behind = (paper or {}).get("mse_vs_alpha_at_80_degrees", {})
    for (above, below), (pairs, curves) in zip(
        axes.T, panels.items(), strict=True
    ):
        above.set_title(f"{measured.PAIRS[pairs]}, {degrees}° apart, mean")
        below.set_title(f"{measured.PAIRS[pairs]}, standard deviation")
        if degrees == "80":
            _draw_paper(above, behind, "alpha", curves)
        for method, curve in curves.items():
            alpha, mean, std = _columns(curve, "alpha", "mean", "std")
            _line(above, method, alpha, mean, mean - std, mean + std)
            _line(below, method, alpha, std)
        below.set_xlabel("alpha")
        below.set_xlim(-0.01, 1.01)
    _finish_errors(figure, axes, panels, paper)
    return figure


@canvas.styled
def mse_against_interval(
    metrics, methods, paper=None, measure="mse_vs_interval"
):
    """Figures 6 and 14, right: errors against the length of the interval.

    Upper panels: the mean over alphas in between; lower panels: the middle.

    Args:
        metrics: the dict of `metrics.json`.
        methods: their keys.
        paper: `paper_curves()`, to draw behind them.
        measure: "mse_vs_interval", or that along another factor.
    """
    panels = _by_pairs(metrics, methods, measure)
    if not panels:
        return None
    kinds = {"mean_in_between": "mean in between", "middle": "at the middle"}
    figure, axes = canvas.panels(
        2 * len(panels), len(panels), 2.6, sharex=True, sharey="row"
    )
    behind = (paper or {}).get("mse_vs_interval", {})
    for column, (pairs, curves) in zip(axes.T, panels.items(), strict=True):
        for axis, (kind, words) in zip(column, kinds.items(), strict=True):
            axis.set_title(f"{measured.PAIRS[pairs]}, {words}")
            _draw_paper(axis, behind, "degrees", curves)
            for method, curve in curves.items():
                lengths = sorted(curve, key=float)
                triples = [curve[length].get(kind, {}) for length in lengths]
                value, low, high = (
                    np.array([t.get(k) for t in triples], float)
                    for k in ("value", "low", "high")
                )
                _line(axis, method, list(map(float, lengths)), value, low, high)
        column[-1].set_xlabel("interval in degrees")
    _finish_errors(figure, axes, panels, paper)
    return figure


@canvas.styled
def alpha_retrieval(metrics, methods, pairs):
    """Figures 7 and 15: predicted alpha against the true one.

    Args:
        metrics: the dict of `metrics.json`.
        methods: their keys.
        pairs: "all_pairs" or "held_out".
    """
    curves = _measures(metrics, methods, "alpha_retrieval", pairs)
    if not curves:
        return None
    figure, axes = _small_panels(len(curves))
    for axis, (method, curve) in zip(axes.flat, curves.items(), strict=False):
        alpha, median, low, high = _columns(
            curve, "alpha", "median", "q25", "q75"
        )
        looks = style.of(method)
        axis.set_title(looks.label)
        axis.plot([0, 1], [0, 1], color=PERFECT, lw=1, zorder=2)
        axis.fill_between(
            alpha, low, high, color=looks.colour, alpha=0.25, lw=0
        )
        axis.plot(
            alpha, median, "o", color=looks.colour, ms=3, label=method, zorder=3
        )
    canvas.label_outer(axes, len(curves), "true alpha", "predicted alpha")
    canvas.legend(
        figure,
        {
            "perfect": {"color": PERFECT},
            "median": {"color": "#555555", "marker": "o", "ls": "", "ms": 3},
            "inter-quartile range": {"color": "#BBBBBB", "lw": 7},
        },
    )
    return figure


@canvas.styled
def parameter_distance(metrics, methods, pairs):
    """Figure 8: distance of the retrieved parameters to source and target.

    Args:
        metrics: the dict of `metrics.json`.
        methods: their keys.
        pairs: "all_pairs" or "held_out".
    """
    curves = _measures(metrics, methods, "parameter_distance", pairs)
    if not curves:
        return None
    figure, axes = _small_panels(len(curves))
    for axis, (method, curve) in zip(axes.flat, curves.items(), strict=False):
        alpha, source, target = _columns(
            curve, "alpha", "to_source", "to_target"
        )
        end = curve["end_to_end"]["value"]
        axis.set_title(style.of(method).label)
        axis.plot([0, 1], [0, end], color=PERFECT, lw=1)
        axis.plot([0, 1], [end, 0], color=PERFECT, lw=1)
        axis.plot(alpha, source, color=SOURCE, lw=1.6, label=method)
        axis.plot(alpha, target, color=TARGET, lw=1.6)
    axes[0, 0].set_ylim(bottom=0)
    canvas.label_outer(axes, len(curves), "alpha", "distance in degrees")
    canvas.legend(
        figure,
        {
            "to the source": {"color": SOURCE, "lw": 1.6},
            "to the target": {"color": TARGET, "lw": 1.6},
            "perfect": {"color": PERFECT},
        },
    )
    return figure


def _small_panels(count: int):
    columns = min(count, PANELS_IN_ROW)
    height = min(3.0, canvas.WIDTH / columns)
    return canvas.panels(count, PANELS_IN_ROW, height, sharex=True, sharey=True)


def _measures(metrics, methods, *path) -> dict:
    """What lies at the path in each method that has it."""
    found = {m: measured.get(metrics["methods"][m], *path) for m in methods}
    return {method: tree for method, tree in found.items() if tree}


def _by_pairs(metrics, methods, measure, *path) -> dict[str, dict]:
    found = {
        pairs: _measures(metrics, methods, measure, pairs, *path)
        for pairs in measured.PAIRS
    }
    return {pairs: curves for pairs, curves in found.items() if curves}


def _columns(curve, *keys) -> list[np.ndarray]:
    """Lists as arrays, with NaN for None."""
    return [np.array(curve[key], float) for key in keys]


def _line(axis, method, x, y, low=None, high=None):
    looks = style.of(method)
    front = 3 if method == "aeai" else 2
    if low is not None:
        axis.fill_between(x, low, high, color=looks.colour, alpha=0.09, lw=0)
    axis.plot(
        x,
        y,
        color=looks.colour,
        ls=looks.line,
        lw=looks.width,
        marker=looks.marker,
        ms=3.5,
        zorder=front,
        label=method,
    )


def _draw_paper(axis, behind, abscissa, methods):
    for method in methods:
        if method in behind:
            # Where its markers overlap, the line goes straight on.
            points = [
                (x, y)
                for x, y in zip(behind[abscissa], behind[method], strict=True)
                if y is not None
            ]
            axis.plot(
                *np.transpose(points),
                color=style.of(method).colour,
                ls=":",
                lw=1.1,
                alpha=0.55,
                zorder=1,
                label=f"paper's {method}",
            )


def _finish_errors(figure, axes, panels, paper):
    for axis in axes.flat:
        axis.set_ylim(bottom=0)
    for axis in axes[:, 0]:
        axis.set_ylabel("mean squared error")
    drawn = style.order({m for curves in panels.values() for m in curves})
    entries = {}
    for method in drawn:
        looks = style.of(method)
        entries[looks.label] = {
            "color": looks.colour,
            "ls": looks.line,
            "lw": looks.width,
            "marker": looks.marker,
            "ms": 4,
        }
    if paper:
        entries["the paper's"] = {"color": "#777777", "ls": ":"}
    canvas.legend(figure, entries, columns=5)
