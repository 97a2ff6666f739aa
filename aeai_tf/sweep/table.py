"""`table.md`: the best of the grid, all of it, and what failed."""

from collections.abc import Iterator, Sequence

from aeai_tf.evaluation import style, wording
from aeai_tf.sweep import grid, measures, results


def markdown(found: Sequence[results.Result], measure: str) -> str:
    """Returns the text of `table.md`.

    Args:
        found: of all trials.
        measure: keys of `metrics.json` joined with dots.
    """
    points = results.points(found)
    keys = sorted({key for result in found for key in result.values})
    better = "higher" if measures.is_better(measure, 1, 0) else "lower"
    states = [result.state for result in found]
    lines = [
        f"# {measures.label(measure)}",
        "",
        f"`{measure}`; {better} is better. {len(found)} trials: "
        + ", ".join(
            f"{states.count(state)} {state}"
            for state in ("finished", "failed", "open")
            if state in states
        )
        + ". A number is the mean over seeds, in brackets the lowest and the "
        "highest of them; the best of each method is bold.",
    ]
    steps = sorted({result.steps for result in found if result.number})
    if len(steps) > 1:
        lines += [
            "",
            f"They were trained for different numbers of steps, "
            f"{', '.join(map(str, steps))}; table.csv says which.",
        ]
    if points:
        lines += ["", "## The best", "", *_best(points, keys, found, measure)]
        lines += ["", "## All", "", *_all(points, keys, measure)]
    failed = [result for result in found if result.state == "failed"]
    if failed:
        lines += ["", "## Failed", "", *_failed(failed)]
    return "\n".join(lines) + "\n"


def _best(points, keys, found, measure: str) -> list[str]:
    blends = results.blends(found)
    rows = [["object", "method", *keys, "seeds", "measure", "pixel blend"]]
    for data, method in _lines(points):
        group = [p for p in points if (p.data, p.method) == (data, method)]
        point = results.best(group, measure)
        blend = f"{blends[data]:.3g}" if data in blends else ""
        rows.append([*_cells(point, keys), blend])
    return _table(rows)


def _all(points, keys, measure: str) -> list[str]:
    rows = [["object", "method", *keys, "seeds", "measure"]]
    for data, method in _lines(points):
        group = [p for p in points if (p.data, p.method) == (data, method)]
        best = results.best(group, measure)
        group.sort(key=lambda point: [_place(point, key) for key in keys])
        for point in group:
            *cells, number = _cells(point, keys)
            rows.append([*cells, f"**{number}**" if point is best else number])
    return _table(rows)


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
    number = f"{point.mean:.3g}"
    if len(point.numbers) > 1:
        number += f" [{min(point.numbers):.3g}, {max(point.numbers):.3g}]"
    return [
        wording.data_set({"data_set": point.data}),
        style.of(point.method).label,
        *(
            grid.text(point.values[key]) if key in point.values else "–"
            for key in keys
        ),
        ", ".join(map(str, sorted(point.seeds))),
        number,
    ]


def _place(point: results.Point, key: str) -> tuple:
    value = point.values.get(key, "")
    return (isinstance(value, str), value)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = rows
    return [
        "| " + " | ".join(row) + " |"
        for row in (head, ["---"] * len(head), *body)
    ]
