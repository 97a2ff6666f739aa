"""What was measured as tables to read, in Markdown."""

from collections.abc import Iterator

from aeai_tf.bench.settings import BFLOAT16

AXES = {
    "image_size": ("image size", "of 8 pairs"),
    "batch_size": ("pairs in a batch", ""),
    "num_alphas": ("alphas of each pair", ""),
    "images": ("images to train on", ""),
    "paths": ("paths of evaluation", ""),
}


def markdown(report: dict) -> str:
    """Returns all tables of a report.

    Args:
        report: as of `measure.run`.
    """
    machine = report["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["versions"].items())
    lines = [
        "# What training costs",
        "",
        f"Written by `tools/bench_train.py`, which docs/performance.md "
        f"explains. Images of {report['image_size']}x{report['image_size']} "
        f"pixels, {report['batch_size']} pairs in a batch; medians of "
        f"{report['steps']} steps.",
        "",
        f"* {machine.get('device', '')} ({machine['cpus']} x "
        f"{machine['processor']}), {machine['platform']}",
        f"* Python {machine['python']}, {versions}",
    ]
    sections = {
        "methods": ("Methods", _methods),
        "ceiling": ("Ceiling", _ceiling),
        "derivative": ("The alpha-derivative alone", _derivative),
        "outside": ("Outside the step", _outside),
        "start": ("Start", _start),
        "pytorch": ("PyTorch", _pytorch),
        "growth": ("Growth", _growth),
    }
    for key, (title, table) in sections.items():
        if key in report:
            lines += ["", f"## {title}", "", *table(report[key])]
    return "\n".join(lines) + "\n"


def _methods(rows: dict) -> Iterator[str]:
    yield from _head(
        "method",
        "step, ms (quartiles)",
        "× AE",
        "first step, s",
        "peak memory, MiB",
        "GFLOP",
        "GFLOP/s",
        "of matrix product",
    )
    for name, row in rows.items():
        ceiling = row.get("share_of_ceiling", {}).get("matrix product")
        yield _row(
            _method(name),
            _time(row),
            _number(row.get("times_ae"), ".2f"),
            _number(row["first_step_seconds"], ".1f"),
            _number(row["peak_mib"], ".0f"),
            _number(row["operations"] / 1e9, ".1f"),
            _number(row["gflops_per_second"], ".1f"),
            _number(ceiling, ".0%"),
        )
    aeai = rows.get("aeai", {})
    if "times_floor" in aeai:
        yield ""
        yield (
            f"AEAI needs at least {aeai['floor_times_ae']:.2f} times the "
            f"operations of AE, and its step performs "
            f"{aeai['operations'] / rows['ae']['operations']:.2f} times as "
            f"many. It takes {aeai['times_floor']:.2f} times its floor, which "
            f"is AE's step {aeai['floor_times_ae']:.2f} times."
        )
    for name, row in rows.items():
        if name.endswith(BFLOAT16):
            plain = rows[name.removesuffix(BFLOAT16)]
            ratio = plain["median_ms"] / row["median_ms"]
            yield ""
            yield f"{_method(name)}: {ratio:.2f} times as fast as float32."


def _method(name: str) -> str:
    plain = name.removesuffix(BFLOAT16)
    return f"`{plain}`" + (", bfloat16" if plain != name else "")


def _ceiling(rows: dict) -> Iterator[str]:
    yield from _head("float32", "ms (quartiles)", "GFLOP", "GFLOP/s")
    for name, row in rows.items():
        yield _row(
            name,
            _time(row),
            _number(row["operations"] / 1e9, ".1f"),
            _number(row["gflops_per_second"], ".1f"),
        )


def _derivative(rows: dict) -> Iterator[str]:
    yield from _head("forward and backward", "ms (quartiles)", "× decoder")
    for name, row in rows.items():
        if isinstance(row, str):
            yield _row(f"`{name}`", row, "")
        else:
            ratio = _number(row["times_decoder"], ".2f")
            yield _row(f"`{name}`", _time(row), ratio)


def _outside(rows: dict) -> Iterator[str]:
    yield from _head(
        "method", "steps", "of a run, ms a step", "alone, ms", "outside"
    )
    for name, row in rows.items():
        yield _row(
            _method(name),
            str(row["steps"]),
            _number(row["run_ms"], ".1f"),
            _number(row["step_ms"], ".1f"),
            _number(row["share_outside"], ".1%"),
        )


def _start(rows: dict) -> Iterator[str]:
    yield from _head("method", "first start, s", "again, s")
    for name, row in rows.items():
        again = ", ".join(f"{seconds:.1f}" for seconds in row["again"])
        yield _row(_method(name), f"{row['first_seconds']:.1f}", again)


def _pytorch(found: dict | str) -> Iterator[str]:
    if isinstance(found, str):
        yield found
        return
    yield from _head("method", "by", "step, ms (quartiles)")
    for method, rows in found.items():
        for name, row in rows.items():
            if isinstance(row, dict):
                yield _row(_method(method), name, _time(row))
            elif isinstance(row, str) and name != "fastest_twin":
                yield _row(_method(method), name, row)
    for method, rows in found.items():
        if "fastest_twin" in rows:
            yield ""
            yield (
                f"{_method(method)}: the fastest in PyTorch, "
                f"{rows['fastest_twin']}, takes {rows['twin_to_ours']:.2f} "
                f"times as long as ours."
            )


def _growth(axes: dict) -> Iterator[str]:
    for number, (axis, points) in enumerate(axes.items()):
        if number:
            yield ""
        name, of = AXES[axis]
        found = dict.fromkeys(
            key for point in points for key in point if key in _GROWN
        )
        yield from _head(name, *(f"{_GROWN[k][0]} {of}".strip() for k in found))
        for point in points:
            if "skipped" in point:
                cells = [f"left out: {point['skipped']}"]
                cells += [""] * (len(found) - 1)
            else:
                cells = [_number(point[k], _GROWN[k][1]) for k in found]
            yield _row(str(point["value"]), *cells)


_GROWN = {
    "median_ms": ("step, ms", ".0f"),
    "peak_mib": ("peak memory, MiB", ".0f"),
    "load_seconds": ("loading the PNG files, s", ".2f"),
    "first_batch_seconds": ("first batch, s", ".2f"),
    "seconds": ("error and nearest image, s", ".2f"),
    "detailed_seconds": ("all measures, s", ".2f"),
}


def _head(*cells: str) -> list[str]:
    return [_row(*cells), "|" + len(cells) * "---|"]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _time(row: dict) -> str:
    low, high = row["quartiles_ms"]
    return f"{row['median_ms']:.1f} ({low:.1f} to {high:.1f})"


def _number(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)
