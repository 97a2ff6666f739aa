"""The program `aeai-evaluate`: measures runs side by side."""

import os

from absl import flags, logging

from aeai_tf import programs
from aeai_tf.errors import UserError

USAGE = """
aeai-evaluate --run=runs/aeai_12,runs/ae_12 --out=eval/12

Measures how runs on one data set interpolate, with the pixel blend beside
them, and writes metrics.json, tables, figures and report.html. Runs of one
method that differ in their seeds are measured together.
"""

_RUN = flags.DEFINE_list("run", None, "folders that aeai-train wrote")
_OUT = flags.DEFINE_string("out", None, "folder to write to")
_INTERVALS = flags.DEFINE_list(
    "intervals",
    None,
    "degrees between the ends of a path; if left out, those of 15 to 80 by 5 "
    "that fit the set",
)
_COIL100_DIR = flags.DEFINE_string(
    "coil100_dir", None, "images of COIL-100, if not where training had them"
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "sets of TensorFlow Datasets, if not as in training"
)
_DIR = flags.DEFINE_string(
    "dir", None, "folder of own images, if not where training had them"
)
_FACTORS = flags.DEFINE_string(
    "factors", None, "CSV file with the factors of own images, likewise"
)
flags.mark_flags_as_required(["run", "out"])


def main() -> None:
    """Measures what the flags name.

    Raises:
        UserError: runs that cannot be measured together, or bad intervals.
    """
    intervals = _intervals()

    from aeai_tf.evaluation import comparison, output

    logging.set_verbosity(logging.WARNING)  # Else Keras's names, by the page.
    with output.folder(_OUT.value) as partial:
        measured = comparison.evaluate(
            _RUN.value,
            intervals,
            coil100_dir=_COIL100_DIR.value,
            data_dir=_DATA_DIR.value,
            dir=_DIR.value,
            factors=_FACTORS.value,
        )
        output.write(*measured, partial)
    for note in measured[0]["notes"]:
        print(f"note: {note}")
    for name in ("metrics.json", "tables.md", "report.html"):
        print(os.path.join(_OUT.value, name))


def _intervals() -> list[float] | None:
    if _INTERVALS.value is None:
        return None
    try:
        intervals = sorted({float(text) for text in _INTERVALS.value})
    except ValueError as error:
        raise UserError(f"--intervals: {error}; give degrees") from error
    if not intervals or not all(0 < d < 180 for d in intervals):
        raise UserError(
            "--intervals: degrees lie between 0 and 180, and there is at "
            "least one of them"
        )
    return intervals


def run() -> None:
    """Parses the flags and runs `main`."""
    programs.run(main, "aeai-evaluate", USAGE, "out")


if __name__ == "__main__":
    run()
