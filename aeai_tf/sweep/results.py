"""What came of each trial, read from its folder."""

import csv
import dataclasses
import io
import os
from collections.abc import Mapping, Sequence

from aeai_tf import checkpoints
from aeai_tf import config as configuration
from aeai_tf.sweep import grid, measures
from aeai_tf.sweep.trials import BLEND, Folder, Trial


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of a trial.

    Attributes:
        trial: it.
        values: of all the sweep's keys that its method has; those it does not
            vary have the value that all its runs share.
        state: "finished", "failed" or "open".
        steps: taken so far.
        seconds: of training, by the clock.
        number: the measure's "value", "low" and "high"; None if not finished.
        blend: likewise, of the pixel blend.
        reason: of a failure.
    """

    trial: Trial
    values: Mapping[str, object]
    state: str
    steps: int
    seconds: float
    number: Mapping[str, float] | None
    blend: Mapping[str, float] | None
    reason: str

    @property
    def point(self) -> tuple:
        """What it shares with its repetitions of other seeds."""
        values = tuple(self.values.items())
        return (self.trial.data, self.trial.method, values)


def read(folder: Folder, measure: str) -> list[Result]:
    """Reads all trials of a sweep, those of earlier calls too.

    Args:
        folder: of the sweep.
        measure: keys of `metrics.json` joined with dots.

    Returns:
        One result a trial.
    """
    trials = folder.trials()
    keys = sorted({key for trial in trials for key in trial.values})
    return [read_one(folder, trial, measure, keys) for trial in trials]


def read_one(
    folder: Folder, trial: Trial, measure: str, keys: Sequence[str] = ()
) -> Result:
    """Reads one trial.

    Args:
        folder: of the sweep.
        trial: of it.
        measure: keys of `metrics.json` joined with dots.
        keys: all that the sweep varies.
    """
    run = folder.run(trial)
    config = _config(run)
    last = checkpoints.last(run)
    steps = checkpoints.step_of(last) if last else 0
    found = {}
    if last and steps >= config["steps"]:
        found = measures.read(folder.of(trial), measure, steps)
    number = found.get(trial.method)
    reason = folder.failure(trial) or ""
    if found and number is None:
        reason = f"{measure} could not be measured"
    state = "failed" if reason else "finished" if number else "open"
    return Result(
        trial=trial,
        values={
            key: trial.values.get(key, config.get(key))
            for key in keys
            if key in trial.values or key in config
        },
        state=state,
        steps=steps,
        seconds=_seconds(run),
        number=number if state == "finished" else None,
        blend=found.get(BLEND),
        reason=reason,
    )


def _config(run: str) -> dict:
    path = os.path.join(run, "config.json")
    if not os.path.isfile(path):
        return {}
    with open(path) as file:
        return configuration.flatten(configuration.from_json(file.read()))


def _seconds(run: str) -> float:
    path = os.path.join(run, "metrics.csv")
    if not os.path.isfile(path):
        return 0.0
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return float(rows[-1]["seconds"]) if rows else 0.0


def to_csv(results: Sequence[Result], measure: str, folder: Folder) -> str:
    """Returns the text of table.csv, a row a trial.

    Args:
        results: of the trials.
        measure: keys of `metrics.json` joined with dots.
        folder: of the sweep.
    """
    keys = sorted({key for result in results for key in result.values})
    rows = [
        [
            *("method", "data", "seed", *keys, "state", "steps", "measure"),
            *("value", "low", "high", "pixel_blend", "training_seconds"),
            *("reason", "folder"),
        ]
    ]
    for result in results:
        trial, number = result.trial, result.number or {}
        rows.append(
            [
                *(trial.method, trial.data, trial.seed),
                *(grid.text(result.values.get(key, "")) for key in keys),
                *(result.state, result.steps, measure),
                *(number.get(name, "") for name in ("value", "low", "high")),
                (result.blend or {}).get("value", ""),
                round(result.seconds, 1),
                result.reason,
                os.path.relpath(folder.of(trial), folder.path),
            ]
        )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


@dataclasses.dataclass(frozen=True)
class Point:
    """The finished trials of one point of the grid, which differ in seeds.

    Attributes:
        data: the data set.
        method: of `aeai_tf.planned.METHODS`.
        values: of the sweep's keys.
        seeds: of the trials.
        numbers: the measure of each, `[seeds]`.
    """

    data: str
    method: str
    values: Mapping[str, object]
    seeds: tuple[int, ...]
    numbers: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over seeds."""
        return sum(self.numbers) / len(self.numbers)


def points(results: Sequence[Result]) -> list[Point]:
    """Gathers the seeds of each point of the grid that has any result."""
    groups: dict[tuple, dict[int, float]] = {}
    for result in results:
        if result.number:
            group = groups.setdefault(result.point, {})
            group[result.trial.seed] = result.number["value"]
    return [
        Point(data, method, dict(values), tuple(group), tuple(group.values()))
        for (data, method, values), group in groups.items()
    ]


def best(found: Sequence[Point], measure: str) -> Point:
    """Returns the point whose mean is best, of those of the most seeds.

    Args:
        found: at least one.
        measure: keys of `metrics.json` joined with dots.
    """
    most = max(len(point.numbers) for point in found)
    chosen = None
    for point in found:
        if len(point.numbers) == most and (
            chosen is None
            or measures.is_better(measure, point.mean, chosen.mean)
        ):
            chosen = point
    return chosen


def blends(results: Sequence[Result]) -> dict[str, float]:
    """Returns the pixel blend's measure by data set, averaged over splits."""
    found: dict[str, dict[int, float]] = {}
    for result in results:
        if result.blend:
            seeds = found.setdefault(result.trial.data, {})
            seeds[result.trial.seed] = result.blend["value"]
    return {
        data: sum(seeds.values()) / len(seeds) for data, seeds in found.items()
    }
