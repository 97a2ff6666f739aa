"""Writes an evaluation: the whole folder, or nothing.

metrics.json            see aeai_tf.evaluation.metrics
tables.md, *.csv        see aeai_tf.evaluation.tables
figures/                see aeai_tf.evaluation.figures and pictures
report.html             all of it on one page
"""

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator, Mapping

from aeai_tf import runs
from aeai_tf.errors import UserError
from aeai_tf.evaluation import (
    figures,
    metrics,
    pictures,
    report,
    tables,
    tensorboard,
)

# What differs from one evaluation to the next; the rest is always replaced.
EARLIER = (
    *(f"{curve}.csv" for curve in tables.CURVES),
    *(f"figures/*.{kind}" for kind in ("png", "svg")),
)


@contextlib.contextmanager
def folder(out: str) -> Iterator[str]:
    """Makes a folder to write to, whose files go to `out` if all goes well.

    What an earlier evaluation left in `out` goes, other files stay.

    Args:
        out: a folder, which need not exist yet.

    Yields:
        Another folder, beside it, which is gone afterwards.

    Raises:
        UserError: `out` is a file.
    """
    out = os.path.abspath(out)
    if os.path.exists(out) and not os.path.isdir(out):
        raise UserError(f"--out: {out!r} is a file; name a folder")
    partial = f"{out}.partial-{os.getpid()}"
    os.makedirs(partial)
    try:
        yield partial
        if os.path.isdir(out):
            _remove_earlier(out)
            _move_files(partial, out)
        else:
            os.rename(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write(measured: Mapping, image_set, models: Mapping, out: str) -> None:
    """Writes everything, and the figures into the runs' TensorBoard logs.

    Args:
        measured: the dict of `metrics.json`.
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        models: one a method, by its name.
        out: folder to write to.
    """
    files = {
        "metrics.json": metrics.to_json(measured),
        "tables.md": tables.markdown(measured),
        **tables.csv_files(measured),
    }
    for name, text in files.items():
        runs.write_text(os.path.join(out, name), text)
    figure_dir = os.path.join(out, "figures")
    drawn = [
        *figures.draw(measured, figure_dir),
        *pictures.draw(image_set, models, figure_dir),
    ]
    report.write(measured, drawn, out)
    folders = {
        method: [run["folder"] for run in found]
        for method, found in measured["runs"].items()
    }
    tensorboard.write(measured, drawn, folders)


def _remove_earlier(out: str) -> None:
    if not os.path.isfile(os.path.join(out, "metrics.json")):
        return
    for pattern in EARLIER:
        for path in glob.glob(os.path.join(glob.escape(out), pattern)):
            os.remove(path)


def _move_files(source: str, target: str) -> None:
    for here, _, names in os.walk(source):
        there = os.path.join(target, os.path.relpath(here, source))
        os.makedirs(there, exist_ok=True)
        for name in names:
            os.replace(os.path.join(here, name), os.path.join(there, name))
