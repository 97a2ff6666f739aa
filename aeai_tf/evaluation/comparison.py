"""Measures any set of runs on one data set, side by side."""

import sys
from collections.abc import Sequence

import numpy as np
import tqdm

from aeai_tf import methods, runs
from aeai_tf.evaluation import (
    bootstrap,
    compared_runs,
    metrics,
    mse_above_aeai,
    mse_against_truth,
    observations,
    pace,
    paths,
    plan,
    reconstruction,
    summary,
)
from aeai_tf.evaluation.compared_runs import BLEND
from aeai_tf.evaluation.observe import Observer

AEAI = "aeai"


def evaluate(
    folders: Sequence[str],
    intervals: Sequence[float] | None = None,
    **places: str | None,
):
    """Measures runs, several of a method together, and the pixel blend.

    Every run is measured with its own split, which follows from its seed; the
    blend with all of these splits.

    Args:
        folders: of runs, finished or not, on the same images.
        intervals: degrees; by default those of the paper that fit the set.
        **places: where the images are, as in `aeai_tf.runs.load_data`.

    Returns:
        The dict of `metrics.json` (see `aeai_tf.evaluation.metrics`), the
        data set as split by the first run, and one model a method: that of
        its first run.

    Raises:
        UserError: runs that cannot be compared, no checkpoint, no data, an
            interval that does not fit, or a diverged model.
    """
    opened = compared_runs.find(folders)
    sets = compared_runs.load_sets(opened, **places)
    planned = plan.make(sets[0], intervals)
    splits = {run.config.seed: s for run, s in zip(opened, sets, strict=True)}
    groups = {BLEND: []}
    for run, image_set in zip(opened, sets, strict=True):
        groups.setdefault(run.method, []).append((run, image_set))
    found, models, concerns, errors = {}, {}, {}, {}
    learned = sum(run.method != BLEND for run in opened)
    with _progress(planned, 1 + learned) as bar:
        for method, group in groups.items():
            if method == BLEND:
                model = methods.get(BLEND).from_settings(opened[0].config, None)
                loaded = [(BLEND, model, splits)]
            else:
                loaded = (
                    (
                        run.folder,
                        runs.load(run.folder)[1],
                        {run.config.seed: image_set},
                    )
                    for run, image_set in group
                )
            found[method], models[method], more, errors[method] = _measure(
                loaded, planned, bar
            )
            for note in more:
                concerns.setdefault(note, []).append(method)
    _compare(found, errors, concerns)
    named = {
        method: [
            {
                "folder": r.folder,
                "seed": r.config.seed,
                "steps": r.steps,
                "seconds": r.seconds,
            }
            for r, _ in group
        ]
        for method, group in groups.items()
        if group
    }
    paces, said = _true_images(sets[0], planned)
    measured = {
        "data_set": sets[0].name,
        "image_size": opened[0].config.image_size,
        "images": len(sets[0].images),
        "intervals": {
            "factor": planned.factor,
            "alpha_retrieval": planned.retrieval,
            "admissibility": planned.detailed,
            "pace": planned.detailed,
            "quality": planned.detailed,
        },
        **paces,
        "bootstrap": {
            "draws": bootstrap.DRAWS,
            "level": bootstrap.LEVEL,
            "seed": bootstrap.SEED,
        },
        "runs": named,
        "methods": found,
        "notes": [
            *planned.notes,
            *compared_runs.notes(opened),
            *said,
            *(
                note if len(m) == len(found) else f"{', '.join(m)}: {note}"
                for note, m in concerns.items()
            ),
        ],
    }
    return metrics.plain(measured), sets[0], models


def _true_images(image_set, planned: plan.Plan):
    """Returns what they have at paces of their own, and notes that say it."""
    paths, degrees = planned.detailed_paths, planned.detailed
    found = {"even_pace": pace.of_even_pace(image_set, paths)}
    errors = {
        f"a pace that is even in {unit}": error
        for unit, error in found["even_pace"].items()
    }
    period = image_set.periods[planned.factor]
    if period and degrees < period / 2:
        error = pace.of_a_circle(image_set, paths, degrees / period)
        found["circle_pace"] = error
        errors["the pace of a line across an even circle"] = error
    return found, [
        f"the true images themselves, at {way}, have an error of "
        f"{error['mean_in_between']:.2g} at {degrees:g} degrees, mean in "
        f"between, and of {error['middle']:.2g} in the middle"
        for way, error in errors.items()
    ]


def _measure(loaded, planned: plan.Plan, bar):
    """Measures a method.

    Args:
        loaded: name, model, and by seed the data set with each split to
            measure it on.
        planned: along what.
        bar: of progress.

    Returns:
        Its part of the metrics, its first model, notes, and by degrees the
        errors along the plan's factor, as `mse_above_aeai` takes them.
    """
    kinds = [[] for _ in planned.kinds]
    errors, sets, first = [], [], None
    for name, model, splits in loaded:
        bar.set_description(name)
        first = first or model
        image_set, *_ = splits.values()
        observer = Observer(model, image_set, name)
        for seen, kind in zip(kinds, planned.kinds, strict=True):
            numbers = observer.along(kind.paths, kind.detailed, bar.update)
            for seed, split in splits.items():
                seen.append(
                    observations.Observations(
                        kind.change,
                        kind.paths,
                        np.full(len(kind.paths), seed),
                        paths.held_out(split, kind.paths),
                        numbers,
                    )
                )
        error = mse_against_truth.squared_error(
            observer.reconstructions, image_set.images
        )
        errors += [error] * len(splits)
        sets += splits.values()
    pooled = [observations.pool(seen) for seen in kinds]
    measured, notes = summary.of_method(pooled, planned, sets[0])
    measured["reconstruction"] = reconstruction.summary(errors, sets)
    along = {
        f"{seen.change[planned.factor]:g}": seen.only("error")
        for seen in pooled
        if list(seen.change) == [planned.factor]
    }
    return measured, first, notes, along


def _compare(found, errors, concerns) -> None:
    """Adds by how much each other method's error is above AEAI's."""
    reference = errors.pop(AEAI, None)
    if reference is None:
        return
    for method, along in errors.items():
        above = mse_above_aeai.summary(along, reference)
        if above:
            found[method]["mse_above_aeai"] = above
        else:
            note = "no seed in common with AEAI, so no difference to it"
            concerns.setdefault(note, []).append(method)


def _progress(planned: plan.Plan, models: int):
    return tqdm.tqdm(
        total=models * sum(len(kind.paths) for kind in planned.kinds),
        unit="path",
        dynamic_ncols=True,
        # A log file wants few lines, a terminal a moving bar.
        mininterval=0.5 if sys.stderr.isatty() else 30,
    )
