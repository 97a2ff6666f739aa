"""The tables of `report.html`."""

import dataclasses
import html
import itertools
from collections.abc import Mapping, Sequence

from aeai_tf.evaluation import measured, style, wording

SHOWN = ("15", "40", "80")  # Degrees of the first table.
HIGH_IS_GOOD = ("ssim", "psnr")
PAIRS = {"all_pairs": "all pairs", "held_out": "held out"}  # In headings.
NO_MERIT = ("largest", "mean", "end_to_end")  # In themselves.


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of numbers.

    Attributes:
        head: the heading that it shares with its neighbours.
        sub: its own heading, below.
        path: where its numbers are in a method's part of `metrics.json`.
    """

    head: str
    sub: str
    path: tuple[str, ...]


def headline(metrics: Mapping) -> str:
    """The first table: what tells methods apart, in a few numbers."""
    columns = [
        column
        for head, path in [
            *(
                (f"MSE, {d}° apart", ("mse_vs_interval", d, "mean_in_between"))
                for d in SHOWN
            ),
            (
                "MSE above AEAI's, 80° apart",
                ("mse_above_aeai", "80", "mean_in_between"),
            ),
            (
                "alpha retrieval: mean absolute error",
                ("alpha_retrieval", "mean_absolute_error"),
            ),
            ("alpha retrieval: mean IQR", ("alpha_retrieval", "mean_iqr")),
            (
                "parameter distance: deviation",
                ("parameter_distance", "mean_deviation"),
            ),
            (
                "credibility: distance to the set",
                ("admissibility", "credibility", "relative_distance"),
            ),
        ]
        for column in _of_pairs(head, *path)
    ]
    return table(metrics, "The methods in numbers", columns)


def admissibility(metrics: Mapping) -> str:
    """A table for each of the four conditions."""
    conditions: dict[str, list[str]] = {}
    for path in _paths(metrics):
        if path[0] == "admissibility":
            names = conditions.setdefault(path[2], [])
            if path[3] not in names:
                names.append(path[3])
    tables = [
        table(
            metrics,
            condition.capitalize(),
            [
                column
                for name in names
                for column in _of_pairs(
                    _with_unit(name), "admissibility", condition, name
                )
            ],
        )
        for condition, names in conditions.items()
    ]
    if not tables:
        return ""
    return f'<div class="side-by-side">{"".join(tables)}</div>'


def everything_else(metrics: Mapping) -> str:
    """Every number that the other tables do not show."""
    groups: dict[str, list[Column]] = {}
    for path in _paths(metrics):
        measure, *rest = path
        if measure == "admissibility":
            continue
        if measure == "reconstruction":
            title, column = (
                "Reconstruction of single images",
                Column("", wording.label(rest[0]), path),
            )
        elif measure.startswith(("mse_vs_interval", "mse_above_aeai")):
            pairs, degrees, kind = rest
            title = (
                f"{_mse_title(measure)}: {wording.label(kind)}, "
                f"{measured.PAIRS[pairs]}"
            )
            column = Column("", f"{degrees}°", path)
        else:
            title = measure.replace("_", " ").capitalize()
            pairs, name = rest
            column = Column(_with_unit(name), PAIRS[pairs], path)
        columns = groups.setdefault(title, [])
        if column not in columns:
            columns.append(column)
    return "".join(
        table(metrics, title, sorted(columns, key=_place))
        for title, columns in groups.items()
    )


def runs(metrics: Mapping) -> str:
    """Which runs were measured: seeds, steps, time and folders."""
    rows = []
    for method in style.order(metrics["runs"]):
        found = metrics["runs"][method]
        if not found:
            continue
        steps = sorted({run["steps"] for run in found})
        cells = (
            ", ".join(str(run["seed"]) for run in found),
            ", ".join(f"{count:,}" for count in steps),
            wording.minutes(run["seconds"] for run in found),
        )
        folders = ", ".join(
            f"<code>{html.escape(run['folder'])}</code>" for run in found
        )
        rows.append(
            f'<tr><th scope="row">{_label(method)}</th>'
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + f"<td>{folders}</td></tr>"
        )
    if not rows:
        return ""
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("method", "seeds", "steps", "minutes of training", "runs")
    )
    return _box("Runs", f"<tr>{head}</tr>", "".join(rows))


def table(metrics: Mapping, title: str, columns: Sequence[Column]) -> str:
    """Draws a table with a row a method.

    The best number of a column is bold, where one is better than another.
    Columns that no method has are left out.

    Args:
        metrics: the dict of `metrics.json`.
        title: of the table.
        columns: from left to right; neighbours with the same head share it.

    Returns:
        HTML; empty if no column is left.
    """
    methods = style.order(metrics["methods"])
    numbers = {
        column: {
            m: number
            for m in methods
            if (number := measured.get(metrics["methods"][m], *column.path))
        }
        for column in columns
    }
    numbers = {column: found for column, found in numbers.items() if found}
    if not numbers:
        return ""
    best = {column: _best(column, found) for column, found in numbers.items()}
    firsts = _firsts(numbers)
    rows = []
    for method in methods:
        cells = "".join(
            _cell(found.get(method), method in best[column], column in firsts)
            for column, found in numbers.items()
        )
        rows.append(f'<tr><th scope="row">{_label(method)}</th>{cells}</tr>')
    return _box(title, _head(numbers, firsts), "".join(rows))


def _mse_title(measure: str) -> str:
    if measure == "mse_above_aeai":
        return "MSE above AEAI's"
    factor = measure.removeprefix("mse_vs_interval").strip("_")
    return "MSE against the interval" + (f" along {factor}" if factor else "")


def _of_pairs(head: str, measure: str, *rest: str) -> list[Column]:
    return [
        Column(head, words, (measure, pairs, *rest))
        for pairs, words in PAIRS.items()
    ]


def _paths(metrics: Mapping) -> list[tuple[str, ...]]:
    """Of every number that any method has."""
    methods = metrics["methods"]
    return list(
        dict.fromkeys(
            path
            for method in style.order(methods)
            for path in measured.numbers(methods[method])
        )
    )


def _place(column: Column):
    """Heads together, in the order of their names; degrees as numbers."""
    degrees = column.sub.removesuffix("°").replace(".", "", 1)
    number = float(column.sub[:-1]) if degrees.isdigit() else 0.0
    return column.head, number


def _with_unit(name: str) -> str:
    unit = wording.unit(name)
    return wording.label(name) + (f" ({unit})" if unit else "")


def _best(column: Column, found: Mapping[str, Mapping]) -> set[str]:
    """The methods with the best number; none if all are as good."""
    name = column.path[-1]
    values = {method: number["value"] for method, number in found.items()}
    best = (max if name in HIGH_IS_GOOD else min)(values.values())
    if name in NO_MERIT or set(values.values()) == {best}:
        return set()
    return {method for method, value in values.items() if value == best}


def _firsts(columns: Sequence[Column]) -> set[Column]:
    """The first columns under each head."""
    grouped = itertools.groupby(columns, key=lambda column: column.head)
    return {next(group) for _, group in grouped}


def _head(columns: Sequence[Column], firsts: set[Column]) -> str:
    grouped = [
        (head, len(list(group)))
        for head, group in itertools.groupby(columns, key=lambda c: c.head)
    ]
    upper = ""
    if any(head for head, _ in grouped):
        cells = "".join(
            f'<th scope="colgroup" colspan="{count}" class="first">'
            f"{html.escape(head)}</th>"
            for head, count in grouped
        )
        upper = f"<tr><td></td>{cells}</tr>"
    lower = "".join(
        f'<th scope="col"{_class(first=column in firsts)}>'
        f"{html.escape(column.sub)}</th>"
        for column in columns
    )
    return f'{upper}<tr><th scope="col">method</th>{lower}</tr>'


def _cell(number: Mapping | None, best: bool, first: bool) -> str:
    if number is None:
        return f"<td{_class(first=first)}>–</td>"
    value, low, high = (
        f"{number[key]:.3g}" for key in ("value", "low", "high")
    )
    return (
        f"<td{_class(first=first, best=best)}>{value} "
        f"<small>[{low}, {high}]</small></td>"
    )


def _class(**names: bool) -> str:
    chosen = " ".join(name for name, is_so in names.items() if is_so)
    return f' class="{chosen}"' if chosen else ""


def _label(method: str) -> str:
    return html.escape(style.of(method).label)


def _box(title: str, head: str, body: str) -> str:
    # What scrolls must take the focus, for those who use the keyboard.
    title = html.escape(title)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}">'
        f"<table><caption>{title}</caption>"
        f"<thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )
