"""Draws every figure of the AEAI paper that measurements alone determine.

Figure 6 (errors), 7 (alpha retrieval), 8 (parameter distance), 14 and 15 (the
same for the ablation study), and an overview of admissibility. Pictures are
drawn by `aeai_tf.evaluation.pictures`.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import matplotlib
import matplotlib.figure

from aeai_tf.evaluation import curves, measured, overview, style

DPI = 160
# Without them two drawings of the same would differ.
_SAME_EACH_TIME = {"svg.hashsalt": "aeai", "savefig.facecolor": "white"}


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure that was drawn.

    Attributes:
        name: of its files, without extension.
        title: one line.
        caption: what is seen, in sentences.
        png: path.
        svg: path.
    """

    name: str
    title: str
    caption: str
    png: str
    svg: str


def save(
    figure: matplotlib.figure.Figure,
    out_dir: str,
    name: str,
    title: str,
    caption: str,
) -> Figure:
    """Writes a figure of matplotlib as PNG and SVG.

    Args:
        figure: of matplotlib.
        out_dir: folder, made if need be.
        name: of the files, without extension.
        title: one line.
        caption: what is seen, in sentences.
    """
    os.makedirs(out_dir, exist_ok=True)
    paths = {
        kind: os.path.join(out_dir, f"{name}.{kind}") for kind in ("png", "svg")
    }
    with matplotlib.rc_context(_SAME_EACH_TIME):
        figure.savefig(paths["png"], dpi=DPI)
        figure.set_layout_engine("none")  # It is laid out, and that is slow.
        figure.savefig(paths["svg"], dpi=DPI, metadata={"Date": None})
    return Figure(name, title, caption, **paths)


def draw(metrics: Mapping, out_dir: str) -> list[Figure]:
    """Draws all curves from measurements.

    Figures of what was not measured are left out.

    Args:
        metrics: the dict of `metrics.json`.
        out_dir: folder for the files, made if need be.

    Returns:
        The figures in the order of their names.
    """
    compared, ablation = style.split(metrics["methods"])
    coil = metrics["data_set"].startswith("coil100")
    paper = curves.paper_curves() if coil else None
    drawn = [
        _admissibility(metrics),
        *_errors(metrics, compared, "Figure 6", "06", paper),
        *_retrieval(metrics, compared, "Figure 7", "07"),
        *_distance(metrics, compared, "Figure 8", "08"),
    ]
    if ablation:
        drawn += [
            *_errors(metrics, ablation, "Figure 14, ablation", "14"),
            *_retrieval(metrics, ablation, "Figure 15, ablation", "15"),
            *_distance(metrics, ablation, "As figure 8, ablation", "15"),
        ]
    return [
        save(figure, out_dir, name, title, caption)
        for name, title, caption, figure in drawn
        if figure is not None
    ]


def _admissibility(metrics):
    degrees = measured.get(metrics, "intervals", "admissibility")
    return (
        "admissibility",
        "Admissibility: the four conditions of section 2",
        f"A number or more on each condition{_along(degrees)}. Further left "
        f"is better, except that a speed is no merit or fault in itself: its "
        f"ratio is. Whiskers: {_interval(metrics)}; where none is seen it is "
        f"narrower than the dot.",
        overview.admissibility(metrics, style.order(metrics["methods"])),
    )


def _errors(metrics, methods: Sequence[str], title, number, paper=None):
    degrees = curves.interval_of(metrics, methods)
    behind = _PAPER if paper else ""
    yield (
        f"figure_{number}_mse_vs_alpha",
        f"{title}, left: error against alpha",
        f"Mean squared error of interpolated against true images, pixels in "
        f"[0, 1], between end points {degrees}° apart. Above: the mean over "
        f"start poses, shaded one standard deviation to either side. Below: "
        f"the standard deviation alone.{behind}",
        curves.mse_against_alpha(metrics, methods, paper),
    )
    measures = {m for method in methods for m in metrics["methods"][method]}
    for measure in sorted(measures):
        name, found, factor = measure.partition("mse_vs_interval")
        if name or not found:
            continue
        along = f" of {factor.strip('_')}" if factor else ""
        yield (
            f"figure_{number}_{measure}",
            f"{title}, right: error against the interval{along}",
            f"Mean squared error of interpolated against true images, pixels "
            f"in [0, 1], against the distance of the end points. Above: the "
            f"mean over alphas strictly between 0 and 1; below: at the middle "
            f"of the interval. Shaded: {_interval(metrics)}."
            f"{behind and behind + _MIDDLE}",
            curves.mse_against_interval(metrics, methods, paper, measure),
        )


def _retrieval(metrics, methods, title, number):
    degrees = measured.get(metrics, "intervals", "alpha_retrieval")
    for pairs, words in measured.PAIRS.items():
        yield (
            f"figure_{number}_alpha_retrieval_{pairs}",
            f"{title}: alpha retrieval, {words}",
            f"Which alpha interpolated images look like{_along(degrees)}: the "
            f"angle from the start to the nearest image of the set in L2, "
            f"divided by the interval. Dots: median over start poses; shaded: "
            f"inter-quartile range; line: a perfect interpolation.",
            curves.alpha_retrieval(metrics, methods, pairs),
        )


def _distance(metrics, methods, title, number):
    for pairs, words in measured.PAIRS.items():
        yield (
            f"figure_{number}_parameter_distance_{pairs}",
            f"{title}: distance in parameter space, {words}",
            "Each interpolated image is given the altitude and azimuth of the "
            "nearest image of the set. Their distance to those of source and "
            "target, in degrees, averaged over intervals of many lengths; "
            "black: a perfect interpolation.",
            curves.parameter_distance(metrics, methods, pairs),
        )


_PAPER = (
    " Dotted, in the same colours: the paper's own curves, read off its "
    "figure 6; which object they are of is not stated there."
)
_MIDDLE = (
    " At 80° the paper's values equal its errors at alpha = 0.5, except AMR's: "
    "they compare with the lower panels."
)


def _along(degrees: float | None) -> str:
    return "" if degrees is None else f", along intervals of {degrees:g}°"


def _interval(metrics) -> str:
    level = measured.get(metrics, "bootstrap", "level")
    percent = "" if level is None else f"{level:.0%} "
    return f"{percent}bootstrap interval over start poses and runs"
