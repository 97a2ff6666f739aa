"""The numbers of `metrics.json` that a sweep compares, by their paths of keys.

Such as `mse_vs_interval.all_pairs.80.mean_in_between`: what comes below
`methods.<method>`, see `aeai_tf.evaluation.metrics`.
"""

import itertools
import json
import os
from collections.abc import Sequence

from aeai_tf import config as configuration
from aeai_tf.errors import UserError
from aeai_tf.evaluation import measured, plan, report_tables, wording

ERRORS = ("mean_in_between", "mean_all", "middle")
DEGREES = "<degrees>"
OF_PAIRS = {
    ("mse_vs_interval",): [(DEGREES, name) for name in ERRORS],
    ("mse_vs_interval_altitude",): [(DEGREES, name) for name in ERRORS],
    ("alpha_retrieval",): [("mean_absolute_error",), ("mean_iqr",)],
    ("parameter_distance",): [("mean_deviation",), ("curve_deviation",)],
    ("admissibility",): [
        *(("boundary", n) for n in ("mse_at_source", "mse_at_target")),
        *(("monotonicity", n) for n in ("latent", "pixel", "factor")),
        ("smoothness", "ratio"),
        *(("credibility", n) for n in ("relative_distance", "share_beyond")),
    ],
    ("quality",): [
        *(("ssim",), ("psnr",)),
        *(("acai_mean_distance",), ("acai_smoothness",)),
    ],
}
KNOWN = [
    *(
        (*measure, pairs, *rest)
        for measure, names in OF_PAIRS.items()
        for pairs, rest in itertools.product(measured.PAIRS, names)
    ),
    ("reconstruction", "train"),
    ("reconstruction", "held_out"),
]
# They need several factors, or truth that can be rendered.
POLE_ONLY = (
    "mse_vs_interval_altitude",
    "parameter_distance",
    "acai_mean_distance",
    "acai_smoothness",
)


def check(names: Sequence[str], data_sets) -> None:
    """Refuses measures that would not be found.

    Args:
        names: of measures, keys joined with dots.
        data_sets: names of those to measure on.

    Raises:
        UserError: one names none, or not one of these sets, or is there twice.
    """
    for number, measure in enumerate(names):
        _check(measure, data_sets)
        if measure in names[:number]:
            raise UserError(f"--measure: {measure} is there twice")


def _check(measure: str, data_sets) -> None:
    keys = _keys(measure)
    degrees = [key for key in keys if _is_number(key)]
    general = tuple(DEGREES if key in degrees else key for key in keys)
    if general not in KNOWN:
        names = [".".join(path) for path in KNOWN]
        hint = configuration.nearest(".".join(general), names)
        if not hint:
            first = dict.fromkeys(name.partition(".")[0] for name in names)
            hint = f"; they begin with {', '.join(first)}"
        raise UserError(
            f"--measure: there is no {measure!r}{hint}; docs/evaluation.md "
            f"lists them under metrics.json"
        )
    if not all(0 < float(number) < 180 for number in degrees):
        raise UserError("--measure: degrees lie between 0 and 180")
    others = [name for name in data_sets if name != "pole"]
    if others and set(POLE_ONLY) & set(keys):
        raise UserError(
            f"--measure: {measure!r} is there for the pole set only, not for "
            f"{', '.join(others)}"
        )


def intervals(measure: str) -> list[float] | None:
    """Returns the degrees that must be measured to have it; None: all."""
    keys = _keys(measure)
    for key in keys:
        if _is_number(key):
            return [float(key)]
    return {
        "alpha_retrieval": [plan.RETRIEVAL],
        "parameter_distance": None,
        # It takes no path at all, and two images in between are the fewest.
        "reconstruction": [plan.INTERVALS[0]],
    }.get(keys[0], [plan.DETAILED])


def path(folder: str, measure: str) -> str:
    """Returns where a trial keeps what was measured with it.

    Args:
        folder: of the trial.
        measure: keys joined with dots.
    """
    degrees = intervals(measure)
    name = "all" if degrees is None else f"{degrees[0]:g}"
    return os.path.join(folder, f"metrics_{name}.json")


def read(folder: str, measure: str, steps: int) -> dict[str, dict] | None:
    """Reads the number of a trial, and that of the pixel blend.

    Args:
        folder: of the trial.
        measure: keys joined with dots.
        steps: after which it was measured; other measurements do not count.

    Returns:
        {"value", "low", "high"} by method, without those that lack it; None
        if it was not measured.
    """
    file_name = path(folder, measure)
    if not os.path.isfile(file_name):
        return None
    with open(file_name) as file:
        metrics = json.load(file)
    runs = [run for group in metrics["runs"].values() for run in group]
    if [run["steps"] for run in runs] != [steps]:
        return None
    found = {
        method: measured.get(numbers, *_keys(measure))
        for method, numbers in metrics["methods"].items()
    }
    return {method: number for method, number in found.items() if number}


def label(measure: str) -> str:
    """The measure in words, with its unit."""
    first, *rest = _keys(measure)
    words = [
        f"{key}°" if _is_number(key) else measured.PAIRS.get(key)
        for key in rest[:-1]
    ]
    unit = wording.unit(rest[-1])
    return ", ".join(
        [
            f"{first.replace('_', ' ').replace('mse', 'MSE')}: "
            f"{wording.label(rest[-1])}",
            *(word for word in words if word),
            *([unit] if unit and unit != "MSE" else []),
        ]
    )


def unit(measure: str) -> str:
    """Its unit."""
    return wording.unit(_keys(measure)[-1])


def is_better(measure: str, one: float, other: float) -> bool:
    """Whether one value of the measure is better than the other."""
    high = _keys(measure)[-1] in report_tables.HIGH_IS_GOOD
    return one > other if high else one < other


def _keys(measure: str) -> list[str]:
    return measure.split(".")


def _is_number(key: str) -> bool:
    return key.isdecimal() and not key.startswith("0")
