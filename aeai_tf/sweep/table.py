"""`table.md`: the best of the grid, all of it, and what failed."""

from collections.abc import Iterator, Sequence

from aeai_tf.evaluation import style, wording
from aeai_tf.sweep import grid, measures, results


def markdown(found: Sequence[results.Result], names: Sequence[str]) -> str:
    """Returns the text of `table.md`.

    Args:
        found: of all trials.
        names: of measures, keys of `metrics.json` joined with dots.
    """
    points = results.points(found)
    keys = sorted({key for result in found for key in result.values})
    states = [result.state for result in found]
    lines = [
        f"# {'; '.join(map(measures.label, names))}",
        "",
        f"{'; '.join(map(_better, names))}. {len(found)} trials: "
        + ", ".join(
            f"{states.count(state)} {state}"
            for state in ("finished", "failed", "open")
            if state in states
        )
        + ". A number is the mean over seeds, in brackets the lowest and the "
        "highest of them; the best of each method is bold"
        + (f", by {measures.label(names[0])}." if len(names) > 1 else "."),
    ]
    steps = sorted({result.steps for result in found if result.numbers})
    if len(steps) > 1:
        lines += [
            "",
            f"They were trained for different numbers of steps, "
            f"{', '.join(map(str, steps))}; table.csv says which.",
        ]
    if points:
        lines += ["", "## The best", "", *_best(points, keys, found, names)]
        lines += ["", "## All", "", *_all(points, keys, names)]
    failed = [result for result in found if result.state == "failed"]
    if failed:
        lines += ["", "## Failed", "", *_failed(failed)]
    return "\n".join(lines) + "\n"


def _better(measure: str) -> str:
    better = "higher" if measures.is_better(measure, 1, 0) else "lower"
    return f"`{measure}`; {better} is better"


def _best(points, keys, found, names) -> list[str]:
    blends = {name: results.blends(found, name) for name in names}
    blends = {name: found for name, found in blends.items() if found}
    rows = [_head(keys, names)]
    rows[0] += [
        f"pixel blend, {measures.label(name)}"
        if len(names) > 1
        else "pixel blend"
        for name in blends
    ]
    for data, method in _lines(points):
        group = [p for p in points if (p.data, p.method) == (data, method)]
        point = results.best(group, names[0])
        rows.append(
            [
                *_cells(point, keys),
                *(_number(point, name) for name in names),
                *(
                    f"{blend[data]:.3g}" if data in blend else ""
                    for blend in blends.values()
                ),
            ]
        )
    return _table(rows)


def _all(points, keys, names) -> list[str]:
    rows = [_head(keys, names)]
    for data, method in _lines(points):
        group = [p for p in points if (p.data, p.method) == (data, method)]
        best = results.best(group, names[0])
        group.sort(key=lambda point: [_place(point, key) for key in keys])
        for point in group:
            numbers = [_number(point, name) for name in names]
            if point is best:
                numbers = [f"**{number}**" for number in numbers]
            rows.append([*_cells(point, keys), *numbers])
    return _table(rows)


def _head(keys, names) -> list[str]:
    columns = [measures.label(name) for name in names]
    if len(names) == 1:
        columns = ["measure"]
    return ["object", "method", *keys, "seeds", *columns]


def _failed(failed: Sequence[results.Result]) -> list[str]:
    rows = [["trial", "steps", "reason"]]
    for result in failed:
        reason = result.reason.replace("|", "\\|").replace("\n", " ")
        rows.append([f"`{result.trial.name}`", str(result.steps), reason])
    return _table(rows)


def _lines(points) -> Iterator[tuple[str, str]]:
    """Data sets as they came, and in each the methods in their usual order."""
    for data in dict.fromkeys(point.data for point in points):
        methods = {point.method for point in points if point.data == data}
        yield from ((data, method) for method in style.order(methods))


def _cells(point: results.Point, keys) -> list[str]:
    return [
        wording.data_set({"data_set": point.data}),
        style.of(point.method).label,
        *(
            grid.text(point.values[key]) if key in point.values else "–"
            for key in keys
        ),
        ", ".join(map(str, sorted(point.seeds))),
    ]


def _number(point: results.Point, measure: str) -> str:
    number, all_seeds = f"{point.mean(measure):.3g}", point.numbers[measure]
    if len(all_seeds) > 1:
        number += f" [{min(all_seeds):.3g}, {max(all_seeds):.3g}]"
    return number


def _place(point: results.Point, key: str) -> tuple:
    value = point.values.get(key, "")
    return (isinstance(value, str), value)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = rows
    return [
        "| " + " | ".join(row) + " |"
        for row in (head, ["---"] * len(head), *body)
    ]
