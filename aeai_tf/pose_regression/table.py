"""`table.md`: the errors, what was gained, and how many samples there were."""

import functools
from collections.abc import Callable, Mapping

from aeai_tf.pose_regression import looks

BETTER, WORSE, FEW = "▼", "▲", "†"
SAME = "as nothing"
TEXT = f"""\
# Pose regression: error in degrees on unseen poses

A regressor, from an image to the angle of the turntable, was trained on so
many real images, and on what is named at the left besides. The mean over
unseen poses and seeds; in brackets the 95 % bootstrap interval over both. The
lowest of each column is bold. {BETTER} and {WORSE}: less, and more, than with
nothing added, where the interval of the paired difference excludes 0. Where no
interpolation passed the filter, with any seed, it is the same as with nothing
added; {FEW}: with some seed there were fewer than wanted (Samples, below).
"""
DIFFERENCE = "Of the same seeds and poses."
MEDIAN = """\
Half of the unseen poses have a smaller error: a view that looks like another
one, half a turn away, weighs less."""
SAMPLES = """\
The share of interpolations that passed the filter; and by seed how many of them
there were to train on, where they were fewer than wanted."""


def markdown(measured: Mapping) -> str:
    """Returns the text of `table.md`.

    Args:
        measured: the dict of metrics.json.
    """
    columns = [
        (data, poses, cell)
        for data, by_poses in measured["numbers"].items()
        for poses, cell in sorted(by_poses.items(), key=lambda p: int(p[0]))
    ]
    variants = looks.order({v for _, _, cell in columns for v in cell})
    wanted = measured["settings"]["samples"]

    def table(text: Callable[[Mapping, str], str]) -> list[str]:
        head = ["added"]
        for data, poses, _ in columns:
            head.append(f"{data.replace('coil100/', 'object ')}: {poses}")
        body = [
            [
                looks.of(variant).label,
                *(
                    text(cell, variant) if variant in cell else ""
                    for _, _, cell in columns
                ),
            ]
            for variant in variants
        ]
        rows = [
            head,
            ["---"] * len(head),
            *(row for row in body if any(row[1:])),
        ]
        return ["", *("| " + " | ".join(row) + " |" for row in rows)]

    lines = [
        TEXT.rstrip(),
        *table(functools.partial(_mean, wanted=wanted)),
    ]
    for title, text, of_cell in (
        ("Difference to nothing added", DIFFERENCE, _difference),
        ("Median", MEDIAN, _median),
        ("Samples", SAMPLES, functools.partial(_kept, wanted=wanted)),
    ):
        lines += ["", f"## {title}", "", text, *table(of_cell)]
    if measured["notes"]:
        lines += ["", "## Notes", ""]
        lines += [f"* {note}" for note in measured["notes"]]
    return "\n".join(lines) + "\n"


def _mean(cell: Mapping, variant: str, wanted: int) -> str:
    numbers = cell[variant]
    if _had_none(numbers):
        return SAME
    text = _text(numbers["mean"])
    least = min(numbers["mean"]["value"] for numbers in cell.values())
    if numbers["mean"]["value"] == least:
        text = f"**{text}**"
    if min(numbers.get("samples", [wanted])) < wanted:
        text += f" {FEW}"
    difference = numbers.get("difference")
    if difference and difference["high"] < 0:
        text += f" {BETTER}"
    if difference and difference["low"] > 0:
        text += f" {WORSE}"
    return text


def _difference(cell: Mapping, variant: str) -> str:
    difference = cell[variant].get("difference")
    if not difference or _had_none(cell[variant]):
        return ""
    return _text(difference, "+")


def _median(cell: Mapping, variant: str) -> str:
    return SAME if _had_none(cell[variant]) else _text(cell[variant]["median"])


def _had_none(numbers: Mapping) -> bool:
    """Whether no sample was added, with any seed."""
    return "samples" in numbers and not any(numbers["samples"])


def _kept(cell: Mapping, variant: str, wanted: int) -> str:
    numbers = cell[variant]
    if "kept" not in numbers:
        return ""
    text = f"{100 * numbers['kept']:.3g} %"
    if min(numbers["samples"]) < wanted:
        text += f" ({', '.join(map(str, numbers['samples']))})"
    return text


def _text(number: Mapping[str, float], sign: str = "") -> str:
    form = f"{sign}.1f"
    return (
        f"{number['value']:{form}} "
        f"[{number['low']:{form}}, {number['high']:{form}}]"
    )
