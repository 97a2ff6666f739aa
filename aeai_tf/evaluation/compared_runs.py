"""Runs that are to be measured side by side, and whether they can be."""

import dataclasses
import os
from collections.abc import Iterator, Sequence

import ml_collections
import numpy as np

from aeai_tf import checkpoints, runs
from aeai_tf import config as configuration
from aeai_tf.data.image_set import ImageSet
from aeai_tf.errors import UserError

BLEND = "pixel_blend"


@dataclasses.dataclass(frozen=True)
class Run:
    """A run to be measured.

    Attributes:
        folder: of the run.
        method: as in `metrics.json`.
        config: of the run.
        steps: taken at its last checkpoint.
        seconds: of training, as logged.
    """

    folder: str
    method: str
    config: ml_collections.ConfigDict
    steps: int
    seconds: float


def find(folders: Sequence[str]) -> list[Run]:
    """Finds runs, and out whether they can be compared, loading nothing.

    Raises:
        UserError: no folder, the same one twice, no run, one without a
            checkpoint, runs of different images or splits, or runs of one
            method that differ in more than seed and length.
    """
    if not folders:
        raise UserError("there is no run to measure: name one with --run")
    opened, seen = [], {}
    for folder in folders:
        real = os.path.realpath(folder)
        if real in seen:
            raise UserError(
                f"{folder!r} and {seen[real]!r} are the same run: name it once"
            )
        seen[real] = folder
        config, path = runs.find(folder)
        steps = checkpoints.step_of(path)
        rows = runs.read_metrics(folder)
        seconds = rows[-1]["seconds"] if rows else 0.0
        opened.append(Run(folder, _name(config), config, steps, seconds))
    first = opened[0]
    for run in opened[1:]:
        _check_same_images(first, run)
    for k, run in enumerate(opened):
        _check_same_settings(
            [r for r in opened[:k] if r.method == run.method], run
        )
    return opened


def _name(config) -> str:
    ablation = config.get("ablation", "none")
    return config.method + ("" if ablation == "none" else f"_{ablation}")


def _check_same_images(first: Run, run: Run) -> None:
    for key in ("data.name", "image_size", "data.train_fraction"):
        old, new = (configuration.flatten(r.config)[key] for r in (first, run))
        if old != new:
            raise UserError(
                f"{first.folder!r} has {key}={old} and {run.folder!r} has "
                f"{key}={new}: only runs on the same images and with splits of "
                f"the same size are compared; evaluate them in two calls"
            )


def _check_same_settings(others: Sequence[Run], run: Run) -> None:
    for other in others:
        different = [
            text
            for text in configuration.differences(other.config, run.config)
            if not text.startswith("seed is")
        ]
        if different:
            raise UserError(
                f"{other.folder!r} and {run.folder!r} are both {run.method}, "
                f"whose runs are pooled, but they differ in more than their "
                f"seeds ({'; '.join(different)}): evaluate them in two calls"
            )
        if other.config.seed == run.config.seed:
            raise UserError(
                f"{other.folder!r} and {run.folder!r} are both {run.method} "
                f"with seed {run.config.seed}: leave one out, or train it with "
                f"another seed"
            )


def load_sets(opened: Sequence[Run], **places: str | None) -> list[ImageSet]:
    """Loads the data set of each run, with its split.

    Args:
        opened: as `find` returns them.
        **places: where the images are, as in `aeai_tf.runs.load_data`.

    Returns:
        One set a run; all share their images.

    Raises:
        UserError: the data cannot be had, or is another for another run.
    """
    known, sets = {}, []
    for run in opened:
        key = (run.config.seed, run.config.data.to_json())
        if key not in known:
            try:
                loaded = runs.load_data(run.config, **places)
            except UserError as error:
                raise UserError(
                    f"the images of {run.folder!r} cannot be had: {error} "
                    f"For aeai-evaluate the flags are --coil100_dir and "
                    f"--data_dir, and --dir and --factors for own images."
                ) from error
            first = sets[0] if sets else loaded
            if not np.array_equal(first.images, loaded.images):
                raise UserError(
                    f"{opened[0].folder!r} and {run.folder!r} find different "
                    f"images under the name {loaded.name}: point both to one "
                    f"folder with --coil100_dir, --data_dir or --dir"
                )
            known[key] = dataclasses.replace(loaded, images=first.images)
        runs.check_images(run.folder, known[key])
        sets.append(known[key])
    return sets


def notes(opened: Sequence[Run]) -> Iterator[str]:
    """Says what one should know before comparing the runs."""
    for run in opened:
        if run.steps < run.config.get("steps", 0):
            yield (
                f"{run.folder} is unfinished: it is measured at step "
                f"{run.steps} of {run.config.steps}"
            )
    steps = sorted({run.steps for run in opened if run.method != BLEND})
    if len(steps) > 1:
        yield (
            f"runs were trained for different numbers of steps: "
            f"{', '.join(map(str, steps))}"
        )
    counts = {}
    for run in opened:
        counts[run.method] = counts.get(run.method, 0) + 1
    alone = [m for m, n in counts.items() if n == 1 and m != BLEND]
    if alone:
        yield (
            f"one run only, so that intervals say nothing of other seeds: "
            f"{', '.join(alone)}"
        )
