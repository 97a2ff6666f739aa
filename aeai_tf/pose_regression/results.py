"""What came out: errors of every unseen pose, and numbers with intervals.

errors.json holds what was measured, a row a job, from which the rest is made:

settings, versions      of the study, and of what it ran on
rows                    list of {data, poses, seed, variant, steps, attempts,
                        kept, angles, errors}: the last two by unseen pose, in
                        degrees
notes                   sentences about what is missing

metrics.json has of these, with NUMBER as {"value", "low", "high"}:

settings, versions, notes
bootstrap               its `draws`, `level` and `seed`
numbers.DATA.POSES.VARIANT:
  mean, median          error in degrees over unseen poses and seeds   NUMBER
  difference            of the mean to that of "nothing"; of the same
                        seeds and poses                                NUMBER
  seeds, steps          lists
  kept                  share of samples that passed the filter, and
  samples               how many of them there were to train on, a list
"""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata

import numpy as np

from aeai_tf import files
from aeai_tf.evaluation import bootstrap, figures, metrics
from aeai_tf.pose_regression import plot, table
from aeai_tf.pose_regression.study import NOTHING, Job, Study

PACKAGES = ("aeai-tf", "keras", "numpy", "tensorflow")
TITLE = "Error of a pose regressor"


def gather(study: Study) -> dict:
    """Returns the dict of errors.json."""
    rows, notes = [], []
    for job in study.jobs():
        result = study.result(job)
        if result is None:
            reason = study.failure(job) or "it was not done"
            notes.append(f"{job.name} is missing: {reason}")
            continue
        rows.append(_row(job, result))
    return {
        "settings": {
            "poses": list(study.poses),
            "seeds": list(study.seeds),
            "samples": study.samples,
            "regressor_steps": study.regressor_steps,
            **{k: v for k, v in study.fixed.items() if k not in _PLACES},
        },
        "versions": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in PACKAGES},
        },
        "notes": notes,
        "rows": rows,
    }


# What is of no interest elsewhere.
_PLACES = ("data.coil100_dir", "data.data_dir")


def _row(job: Job, result: Mapping) -> dict:
    return {
        "data": job.data,
        "poses": job.poses,
        "seed": job.seed,
        "variant": job.variant,
        **{k: v for k, v in result.items() if k != "settings"},
    }


def summary(gathered: Mapping) -> dict:
    """Returns the dict of metrics.json.

    Args:
        gathered: the dict of errors.json.
    """
    cells: dict[tuple, dict[str, list]] = {}
    for row in gathered["rows"]:
        cell = cells.setdefault((row["data"], row["poses"]), {})
        cell.setdefault(row["variant"], []).append(row)
    numbers = {}
    for (data, poses), cell in cells.items():
        numbers.setdefault(data, {})[str(poses)] = {
            variant: _numbers(rows, cell.get(NOTHING, []))
            for variant, rows in cell.items()
        }
    return metrics.plain(
        {
            **{k: v for k, v in gathered.items() if k != "rows"},
            "bootstrap": {
                "draws": bootstrap.DRAWS,
                "level": bootstrap.LEVEL,
                "seed": bootstrap.SEED,
            },
            "numbers": numbers,
        }
    )


def _numbers(rows: Sequence[Mapping], nothing: Sequence[Mapping]) -> dict:
    seeds, angles, errors = _paths(rows)
    found = {
        "mean": bootstrap.of_mean(errors, seeds, angles),
        "median": bootstrap.of_sample(errors, seeds, angles, np.median),
        "seeds": [row["seed"] for row in rows],
        "steps": sorted({row["steps"] for row in rows}),
    }
    attempts = sum(row["attempts"] for row in rows)
    if attempts:
        found["kept"] = sum(row["kept"] for row in rows) / attempts
        found["samples"] = [row["kept"] for row in rows]
    if rows[0]["variant"] != NOTHING:
        known = {
            (seed, angle): error
            for seed, angle, error in zip(*_paths(nothing), strict=True)
        }
        pairs = [
            (seed, angle, error - known[seed, angle])
            for seed, angle, error in zip(seeds, angles, errors, strict=True)
            if (seed, angle) in known
        ]
        if pairs:
            seeds, angles, apart = map(np.array, zip(*pairs, strict=True))
            found["difference"] = bootstrap.of_mean(apart, seeds, angles)
    return found


def _paths(rows: Sequence[Mapping]) -> tuple[np.ndarray, ...]:
    """Seed, angle and error of each unseen pose of each seed."""
    counts = np.array([len(row["errors"]) for row in rows], int)
    return (
        np.repeat(np.array([row["seed"] for row in rows], int), counts),
        np.array([angle for row in rows for angle in row["angles"]]),
        np.array([error for row in rows for error in row["errors"]]),
    )


def write(gathered: Mapping, out: str) -> None:
    """Writes errors.json, and what is made of it: numbers, table, figure.

    Args:
        gathered: the dict of errors.json.
        out: folder, made if need be.
    """
    os.makedirs(out, exist_ok=True)
    measured = summary(gathered)
    for name, text in {
        "errors.json": _by_rows(gathered),
        "metrics.json": metrics.to_json(measured),
        "table.md": table.markdown(measured),
    }.items():
        files.write_text(os.path.join(out, name), text)
    figure = plot.draw(measured)
    if figure:
        figures.save(figure, out, "figure", TITLE, TITLE)


def _by_rows(gathered: Mapping) -> str:
    """JSON with one line a row."""
    head = json.dumps({k: v for k, v in gathered.items() if k != "rows"})
    rows = ",\n".join(json.dumps(row) for row in gathered["rows"])
    return f'{head[:-1]}, "rows": [\n{rows}\n]}}\n'
