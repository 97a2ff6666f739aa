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
        numbers: by measure its "value", "low" and "high"; empty if not
            finished.
        blends: likewise, of the pixel blend; but for its reconstruction, since
            it gives every image back.
        reason: of a failure.
    """

    trial: Trial
    values: Mapping[str, object]
    state: str
    steps: int
    seconds: float
    numbers: Mapping[str, Mapping[str, float]]
    blends: Mapping[str, Mapping[str, float]]
    reason: str

    @property
    def point(self) -> tuple:
        """What it shares with its repetitions of other seeds."""
        values = tuple(self.values.items())
        return (self.trial.data, self.trial.method, values)


def read(folder: Folder, names: Sequence[str]) -> list[Result]:
    """Reads all trials of a sweep, those of earlier calls too.

    Args:
        folder: of the sweep.
        names: of measures, keys of `metrics.json` joined with dots.

    Returns:
        One result a trial.
    """
    trials = folder.trials()
    keys = sorted({key for trial in trials for key in trial.values})
    return [read_one(folder, trial, names, keys) for trial in trials]


def read_one(
    folder: Folder,
    trial: Trial,
    names: Sequence[str],
    keys: Sequence[str] = (),
) -> Result:
    """Reads one trial.

    Args:
        folder: of the sweep.
        trial: of it.
        names: of measures, keys of `metrics.json` joined with dots.
        keys: all that the sweep varies.
    """
    run = folder.run(trial)
    config = _config(run)
    last = checkpoints.last(run)
    steps = checkpoints.step_of(last) if last else 0
    numbers, blends = {}, {}
    reason = folder.failure(trial) or ""
    trained = last and steps >= config["steps"]
    for name in names if trained else ():
        found = measures.read(folder.of(trial), name, steps)
        if found is None:
            continue
        if trial.method in found:
            numbers[name] = found[trial.method]
        else:
            reason = f"{name} could not be measured"
        if BLEND in found and not name.startswith("reconstruction."):
            blends[name] = found[BLEND]
    whole = len(numbers) == len(names)
    state = "failed" if reason else "finished" if whole else "open"
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
        numbers=numbers if state == "finished" else {},
        blends=blends,
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


def to_csv(results: Sequence[Result], folder: Folder) -> str:
    """Returns the text of table.csv, a row a trial and measure.

    What is not finished has one row, without a measure.

    Args:
        results: of the trials.
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
        trial = result.trial
        for measure, number in (result.numbers or {"": {}}).items():
            rows.append(
                [
                    *(trial.method, trial.data, trial.seed),
                    *(grid.text(result.values.get(key, "")) for key in keys),
                    *(result.state, result.steps, measure),
                    *(number.get(key, "") for key in ("value", "low", "high")),
                    result.blends.get(measure, {}).get("value", ""),
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
        numbers: by measure that of each, `[seeds]`.
    """

    data: str
    method: str
    values: Mapping[str, object]
    seeds: tuple[int, ...]
    numbers: Mapping[str, tuple[float, ...]]

    def mean(self, measure: str) -> float:
        """Of a measure, over seeds."""
        return sum(self.numbers[measure]) / len(self.seeds)


def points(results: Sequence[Result]) -> list[Point]:
    """Gathers the seeds of each point of the grid that has any result."""
    groups: dict[tuple, dict[int, Mapping]] = {}
    for result in results:
        if result.numbers:
            group = groups.setdefault(result.point, {})
            group[result.trial.seed] = result.numbers
    return [
        Point(
            data,
            method,
            dict(values),
            tuple(group),
            {
                name: tuple(
                    numbers[name]["value"] for numbers in group.values()
                )
                for name in next(iter(group.values()))
            },
        )
        for (data, method, values), group in groups.items()
    ]


def best(found: Sequence[Point], measure: str) -> Point:
    """Returns the point whose mean is best, of those of the most seeds.

    Args:
        found: at least one.
        measure: keys of `metrics.json` joined with dots.
    """
    most = max(len(point.seeds) for point in found)
    chosen = None
    for point in found:
        if len(point.seeds) == most and (
            chosen is None
            or measures.is_better(
                measure, point.mean(measure), chosen.mean(measure)
            )
        ):
            chosen = point
    return chosen


def blends(results: Sequence[Result], measure: str) -> dict[str, float]:
    """Returns the pixel blend's measure by data set, averaged over splits."""
    found: dict[str, dict[int, float]] = {}
    for result in results:
        if measure in result.blends:
            seeds = found.setdefault(result.trial.data, {})
            seeds[result.trial.seed] = result.blends[measure]["value"]
    return {
        data: sum(seeds.values()) / len(seeds) for data, seeds in found.items()
    }
