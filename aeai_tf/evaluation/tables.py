"""The measurements as tables: `tables.md` to read, CSV files to work with.

numbers.csv             every number with its interval, one a row
mse_vs_alpha.csv        and likewise alpha_retrieval.csv and
                        parameter_distance.csv: the curves, one alpha a row
"""

import csv
import io
from collections.abc import Mapping, Sequence

from aeai_tf.evaluation import measured, style, wording

# Degrees that `tables.md` shows, of all those in numbers.csv.
SHOWN = ("15", "40", "80")
CURVES = ("mse_vs_alpha", "alpha_retrieval", "parameter_distance")

Path = tuple[str, ...]


def markdown(metrics: Mapping) -> str:
    """Returns the text of `tables.md`.

    Args:
        metrics: the dict of `metrics.json`.
    """
    size = metrics["image_size"]
    lines = [
        f"# {wording.data_set(metrics)}, {size} x {size} pixels",
        "",
        f"In brackets the {metrics['bootstrap']['level']:.0%} interval of the "
        f"bootstrap over start poses and seeds. Held-out pairs: the model was "
        f"trained on neither end.",
        "",
        *(f"* {note}" for note in metrics["notes"]),
    ]
    lines += ["", "## Runs", "", *_runs(metrics["runs"])]
    for path, columns in _sections(metrics["methods"]).items():
        lines += ["", f"## {_title(path)}", ""]
        lines += _table(metrics["methods"], path, columns)
    return "\n".join(lines) + "\n"


def csv_files(metrics: Mapping) -> dict[str, str]:
    """Returns the texts of the CSV files, by their names.

    Args:
        metrics: the dict of `metrics.json`.
    """
    methods = metrics["methods"]
    rows = [["method", "measure", "pairs", "number", "value", "low", "high"]]
    for method in style.order(methods):
        for path, number in measured.numbers(methods[method]).items():
            measure, pairs, *rest = path
            triple = (number[key] for key in ("value", "low", "high"))
            rows.append([method, measure, pairs, ".".join(rest), *triple])
    files = {"numbers.csv": _csv(rows)}
    for measure in CURVES:
        rows = []
        for method in style.order(methods):
            for path, curve in _curves(methods[method].get(measure, {})):
                names = [k for k, v in curve.items() if isinstance(v, list)]
                header = ["method", "pairs", "degrees"][: 1 + len(path)]
                rows = rows or [header + names]
                points = zip(*(curve[name] for name in names), strict=True)
                rows += [[method, *path, *point] for point in points]
        if rows:
            files[f"{measure}.csv"] = _csv(rows)
    return files


def _runs(runs: Mapping) -> list[str]:
    rows = [
        "| method | seeds | steps | minutes of training |",
        "|" + "---|" * 4,
    ]
    for method in style.order(runs):
        found = runs[method]
        steps = sorted({run["steps"] for run in found})
        cells = (
            style.of(method).label,
            ", ".join(str(run["seed"]) for run in found),
            ", ".join(map(str, steps)),
            wording.minutes(run["seconds"] for run in found),
        )
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _sections(methods: Mapping) -> dict[Path, list[Path]]:
    """Where, in a method's part, each table's numbers are; and its columns."""
    sections = {}
    for method in style.order(methods):
        for path in measured.numbers(methods[method]):
            depth = 2 - (path[0] == "reconstruction") + _is_degrees(path[2:])
            columns = sections.setdefault(path[:depth], [])
            if path[depth:] not in columns:
                columns.append(path[depth:])
    shown = [path for path in sections if path[-1] in SHOWN]
    return {
        path: columns
        for path, columns in sections.items()
        if not shown or not _is_degrees(path[2:]) or path in shown
    }


def _is_degrees(path: Path) -> bool:
    return bool(path) and path[0].replace(".", "").isdigit()


def _title(path: Path) -> str:
    measure, *rest = path
    words = [wording.measure(measure)]
    words += [measured.PAIRS.get(key, f"{key} degrees") for key in rest]
    return ", ".join(words)


def _table(methods: Mapping, path: Path, columns: Sequence[Path]) -> list[str]:
    head = [": ".join(map(wording.label, column)) for column in columns]
    rows = [["method", "pairs", *head], ["---"] * (2 + len(head))]
    for method in style.order(methods):
        part = measured.get(methods[method], *path)
        if part is not None:
            count = str(part.get("pairs", ""))
            numbers = [_cell(measured.get(part, *c)) for c in columns]
            rows.append([style.of(method).label, count, *numbers])
    if path[0] == "reconstruction":
        rows = [[row[0], *row[2:]] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in rows]


def _cell(number: Mapping | None) -> str:
    if number is None:
        return ""
    return "{value:.3g} [{low:.3g}, {high:.3g}]".format(**number)


def _curves(tree: Mapping, path: Path = ()):
    """Every curve, by the keys that lead to it."""
    if "alpha" in tree:
        yield path, tree
        return
    for key, branch in tree.items():
        yield from _curves(branch, (*path, key))


def _csv(rows: Sequence[Sequence]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
