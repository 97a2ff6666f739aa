"""Writes an evaluation where training is watched: the runs' own logs."""

import glob
import os
from collections.abc import Mapping, Sequence

import numpy as np
import PIL.Image
import tensorflow as tf

from aeai_tf.evaluation import measured
from aeai_tf.evaluation.figures import Figure


def write(
    metrics: Mapping,
    figures: Sequence[Figure],
    run_folders: Mapping[str, Sequence[str]],
) -> None:
    """Writes numbers and figures into `logs/evaluation` of every run.

    All runs of a method get the numbers of the method, which pool its runs,
    at the step that the run was trained to. What an earlier evaluation wrote
    at that step is replaced.

    Args:
        metrics: the dict of `metrics.json`.
        figures: drawn from it.
        run_folders: folders by method, in the order of `metrics["runs"]`.
    """
    pictures = {figure.name: _read(figure.png) for figure in figures}
    for method, folders in run_folders.items():
        numbers = measured.numbers(metrics["methods"][method])
        found = metrics["runs"][method]
        for folder, run in zip(folders, found, strict=True):
            writer = _writer(folder, run["steps"])
            with writer.as_default(run["steps"]):
                for path, number in numbers.items():
                    tf.summary.scalar("/".join(path), number["value"])
                for figure in figures:
                    tf.summary.image(
                        f"figures/{figure.name}",
                        pictures[figure.name],
                        description=f"{figure.title}. {figure.caption}",
                    )
            writer.close()


def _read(path: str) -> np.ndarray:
    """A picture as `[1, height, width, 3]`, uint8."""
    with PIL.Image.open(path) as image:
        return np.asarray(image.convert("RGB"))[np.newaxis]


def _writer(folder: str, step: int):
    logs = os.path.join(folder, "logs", "evaluation")
    suffix = f".step_{step:08d}"
    for old in glob.glob(os.path.join(glob.escape(logs), f"*{suffix}")):
        os.remove(old)
    return tf.summary.create_file_writer(logs, filename_suffix=suffix)
