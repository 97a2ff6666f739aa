"""Writes an evaluation as one page, report.html, that needs nothing else.

Pictures are embedded; there is no script, and nothing is fetched.
"""

import base64
import html
import importlib.resources
import os
from collections.abc import Mapping, Sequence

import PIL.Image

from aeai_tf import runs
from aeai_tf.evaluation import measured, report_tables, style, wording
from aeai_tf.evaluation.figures import Figure

# Measure, and what it is; those that were not measured are left out.
DEFINITIONS = {
    "mse_vs_interval": (
        "MSE",
        "Mean squared error, over pixels and channels with values in [0, 1], "
        "of an interpolated image against the true one at the same place "
        "between the end points; the mean is over start poses and all alphas "
        "strictly between 0 and 1.",
    ),
    "mse_above_aeai": (
        "MSE above AEAI's",
        "The MSE of the same path by AEAI's run of the same seed is subtracted "
        "first, path by path: where the interval excludes 0, the two methods "
        "differ, though their own intervals may overlap.",
    ),
    "alpha_retrieval": (
        "Alpha retrieval",
        "The predicted alpha of an interpolated image is the signed angle from "
        "the start to the image of the set that is nearest to it in L2, "
        "divided by the interval; its mean absolute error is that against "
        "alpha, and its IQR the inter-quartile range over start poses, "
        "averaged over alpha.",
    ),
    "parameter_distance": (
        "Parameter distance",
        "The distance in degrees, over all factors, of the nearest image of "
        "the set from source and target; its deviation is the mean absolute "
        "difference from a straight line in alpha, divided by the distance of "
        "the end points.",
    ),
    "admissibility": (
        "Admissibility",
        "Boundary: the MSE at alpha 0 and 1. Monotonicity: the share of steps "
        "in alpha at which the distance to the source falls or that to the "
        "target rises. Smoothness: the speed of the image, its root mean "
        "square change per unit of alpha, and the ratio of the largest to the "
        "mean speed, of which 1 is constant speed. Credibility: the distance "
        "of interpolated images to the nearest image of the set, in units of "
        "the typical distance of neighbouring images, and the share of images "
        "that are further away than that.",
    ),
    "pace": (
        "Pace",
        "Why an image in between is not the true one: the MSE against the "
        "nearest of the true images on the way, for images that are none of "
        "them, such as cross-fades; and how far that image's alpha is from "
        "the alpha asked for, for images that come too early or too late.",
    ),
    "quality": (
        "Quality",
        "Structural similarity (SSIM) and peak signal-to-noise ratio (PSNR) of "
        "interpolated against true images; ACAI's scores, where the true path "
        "is known, as its paper defines them.",
    ),
    "reconstruction": (
        "Reconstruction",
        "The MSE of single images, encoded and decoded.",
    ),
}


def write(metrics: Mapping, figures: Sequence[Figure], out_dir: str) -> str:
    """Writes report.html.

    Args:
        metrics: the dict of `metrics.json`.
        figures: shown in the order of their names.
        out_dir: folder for it.

    Returns:
        Its path.
    """
    path = os.path.join(out_dir, "report.html")
    text = render(metrics, figures)
    # Plain ASCII is the same in any encoding that a file or server may have.
    runs.write_text(path, text.encode("ascii", "xmlcharrefreplace").decode())
    return path


def render(metrics: Mapping, figures: Sequence[Figure]) -> str:
    """Returns the page; see `write`."""
    title = html.escape(f"Interpolation on {wording.data_set(metrics)}")
    folder = importlib.resources.files("aeai_tf.evaluation")
    css = folder.joinpath("report.css").read_text(encoding="utf-8")
    sections = {
        "Results": report_tables.headline(metrics),
        # Here, since they say how far to trust the table.
        "Notes": _notes(metrics),
        "What was evaluated": report_tables.runs(metrics),
        "Admissibility": report_tables.admissibility(metrics),
        "Figures": "".join(
            _figure(figure) for figure in sorted(figures, key=lambda f: f.name)
        ),
        "Definitions": _definitions(metrics),
        "All numbers": _folded(report_tables.everything_else(metrics)),
    }
    body = "\n".join(
        f"<section>\n<h2>{name}</h2>\n{content}\n</section>"
        for name, content in sections.items()
        if content
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{css}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{title}</h1>\n{_introduction(metrics)}\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _introduction(metrics: Mapping) -> str:
    size, count = metrics["image_size"], measured.get(metrics, "images")
    methods = style.order(metrics["methods"])
    labels = ", ".join(style.of(method).label for method in methods)
    images = f"{count} images of " if count else "images of "
    intervals = [
        f"{name.replace('_', ' ')} {metrics['intervals'][name]:g}°"
        for name in ("alpha_retrieval", "admissibility", "quality")
        if measured.get(metrics, "intervals", name) is not None
    ]
    along = f" Intervals: {', '.join(intervals)}." if intervals else ""
    level = measured.get(metrics, "bootstrap", "level")
    interval = "" if level is None else f"{level:.0%} "
    text = (
        f"{images}{size} × {size} pixels. Methods: {labels}.{along} “All "
        f"pairs” takes every pair of end points, as the AEAI paper does; of "
        f"“held-out pairs” the model was trained on neither end. In brackets: "
        f"the {interval}bootstrap interval over start poses and runs. Bold: "
        f"the best value of a column; values whose intervals overlap may not "
        f"differ."
    )
    return f"<p>{html.escape(text)}</p>"


def _figure(figure: Figure) -> str:
    with open(figure.png, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    with PIL.Image.open(figure.png) as image:
        width, height = image.size
    name, title = html.escape(figure.name), html.escape(figure.title)
    # A box to tick enlarges the picture on screens too narrow to read it.
    return (
        f'<figure id="{name}">'
        f'<input type="checkbox" class="enlarge" id="enlarge-{name}">'
        f'<label for="enlarge-{name}">Enlarge</label>'
        f'<div class="picture"><img alt="{title}" width="{width}" '
        f'height="{height}" src="data:image/png;base64,{data}"></div>'
        f"<figcaption><strong>{title}.</strong> "
        f"{html.escape(figure.caption)}</figcaption></figure>\n"
    )


def _folded(content: str) -> str:
    if not content:
        return ""
    return f"<details><summary>Show them</summary>{content}</details>"


def _definitions(metrics: Mapping) -> str:
    known = {
        measure
        for measures in metrics["methods"].values()
        for measure in measures
    }
    terms = "".join(
        f"<dt>{html.escape(term)}</dt><dd>{html.escape(sentence)}</dd>"
        for measure, (term, sentence) in DEFINITIONS.items()
        if measure in known
    )
    return f"<dl>{terms}</dl>" if terms else ""


def _notes(metrics: Mapping) -> str:
    notes = "".join(
        f"<li>{html.escape(note)}</li>" for note in metrics["notes"]
    )
    return f"<ul>{notes}</ul>" if notes else ""
