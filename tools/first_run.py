#!/usr/bin/env python3
"""Writes a page about finished runs: strips, curves, times and errors.

    tools/first_run.py --runs=runs/aeai_12,runs/aeai_pole --out=docs/results

Writes the pictures, OUT/first_run/, and of OUT/first_run.md all that follows
the line saying so; what stands above it is written by hand.
"""

import glob
import json
import os
import shutil

import matplotlib
import numpy as np
from absl import app, flags

from aeai_tf import checkpoints, interpolation, runs
from aeai_tf.evaluation.mse_against_truth import mse_against_truth

matplotlib.use("agg")
import matplotlib.pyplot as plt

INTERVALS = (15, 40, 80)
MARK = "<!-- Below: written by tools/first_run.py -->"
_RUNS = flags.DEFINE_list("runs", None, "folders of runs")
_OUT = flags.DEFINE_string("out", "docs/results", "folder of the page")
flags.mark_flags_as_required(["runs"])


def main(_):
    """Measures every run and writes the page."""
    pictures = os.path.join(_OUT.value, "first_run")
    os.makedirs(pictures, exist_ok=True)
    sections = [_section(folder, pictures) for folder in _RUNS.value]
    path = os.path.join(_OUT.value, "first_run.md")
    with open(path) as file:
        head = file.read().partition(MARK)[0]
    with open(path, "w") as file:
        file.write(head + MARK + "\n\n" + "\n".join(sections))


def _section(folder: str, pictures: str) -> str:
    config, model = runs.load(folder)
    data = runs.load_data(config)
    name = os.path.basename(os.path.normpath(folder))
    _curves(folder, os.path.join(pictures, f"{name}_curves.png"))
    strips = []
    last = sorted(glob.glob(os.path.join(folder, "strips", "step_*")))[-1]
    for path in sorted(glob.glob(os.path.join(last, "*.png"))):
        target = f"{name}_{os.path.basename(path)}"
        shutil.copy(path, os.path.join(pictures, target))
        title = os.path.basename(path)[:-4].replace("_", " ")
        strips.append(f"{title}\n\n![{title}](first_run/{target})\n")
    with open(os.path.join(folder, "environment.json")) as file:
        environment = json.load(file)
    step = checkpoints.step_of(checkpoints.last(folder))
    seconds = runs.read_metrics(folder)[-1]["seconds"]
    overrides = " ".join(
        argument
        for argument in environment["command"][1:]
        if "workdir" not in argument and "_dir" not in argument
    )
    return "\n".join(
        [
            f"## {name}\n",
            f"`aeai-train {overrides}`\n",
            f"{step} steps in {seconds / 60:.1f} minutes, strips, held-out "
            f"metrics and checkpoints included; "
            f"{environment['machine'].rpartition(', ')[2]}.\n",
            *_errors(data, model),
            *strips,
            f"![curves of {name}](first_run/{name}_curves.png)\n",
        ]
    )


def _errors(data, model) -> list[str]:
    def reconstruction(indices):
        images = data.images[indices]
        return np.mean((model.predict(images, verbose=0) - images) ** 2)

    factor = "azimuth" if "azimuth" in data.factors else "angle"
    lines = [
        f"Reconstruction error: {reconstruction(data.train):.5f} on the "
        f"{len(data.train)} training images, "
        f"{reconstruction(data.held_out):.5f} on the {len(data.held_out)} "
        f"held-out ones.\n",
        f"| interval of {factor} | model, in between | model, middle | "
        "pixel blend, in between | pixel blend, middle |",
        "|---|---|---|---|---|",
    ]
    for degrees in INTERVALS:
        row = []
        for method in (model.interpolate, interpolation.lerp):
            errors = mse_against_truth(method, data, factor, degrees)
            between = errors[:, 1:-1].mean()
            middle = errors[:, errors.shape[1] // 2].mean()
            row += [f"{between:.4f}", f"{middle:.4f}"]
        lines.append(f"| {degrees} degrees | " + " | ".join(row) + " |")
    return [*lines, ""]


def _curves(folder: str, path: str) -> None:
    rows = runs.read_metrics(folder)
    terms = list(rows[0])[3:]
    figure, axes = plt.subplots(
        1, len(terms), figsize=(2.6 * len(terms), 2.4), layout="constrained"
    )
    for axis, term in zip(np.atleast_1d(axes), terms, strict=True):
        for split in ("train", "held_out"):
            chosen = [row for row in rows if row["split"] == split]
            axis.plot(
                [row["step"] for row in chosen],
                [row[term] for row in chosen],
                label=split.replace("_", "-"),
            )
        axis.set_title(term.replace("_", " "), fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.tick_params(labelsize=7)
        if "accuracy" not in term:
            axis.set_yscale("log")
    np.atleast_1d(axes)[0].legend(fontsize=7)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    app.run(main)
