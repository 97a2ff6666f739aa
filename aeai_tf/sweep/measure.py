"""Processes of a sweep that need TensorFlow and are no training.

    python -m aeai_tf.sweep.measure trial <run> <folder> <measure> ...
    python -m aeai_tf.sweep.measure prepare <configurations> <measure> ...

The first measures a run, as `aeai-evaluate` does, but only what the measures
need, and draws nothing. The second makes the data sets of configurations,
given as a JSON list, ready, so that trials do not all do it at once.
"""

import json
import sys

from absl import logging

from aeai_tf import config as configuration
from aeai_tf import files, programs
from aeai_tf.sweep import measures


def trial(run: str, folder: str, *names: str) -> None:
    """Measures a run.

    Args:
        run: its folder.
        folder: of the trial.
        *names: of measures, keys joined with dots.

    Raises:
        UserError: it cannot be measured.
    """
    from aeai_tf.evaluation import comparison, metrics

    logging.set_verbosity(logging.WARNING)  # Else Keras's names, by the page.
    # Several measures may need the same degrees, and so one file.
    paths = {measures.path(folder, name): name for name in names}
    for path, name in paths.items():
        measured, _, _ = comparison.evaluate([run], measures.intervals(name))
        files.write_text(path, metrics.to_json(measured))


def prepare(configs: str, *names: str) -> None:
    """Downloads or renders data sets, and finds out whether they will do.

    Args:
        configs: JSON list of configurations.
        *names: of measures, keys joined with dots.

    Raises:
        UserError: a set cannot be had, or has no such intervals.
    """
    from aeai_tf import runs
    from aeai_tf.evaluation import plan

    for config in json.loads(configs):
        images = runs.load_data(configuration.from_json(json.dumps(config)))
        for name in names:
            plan.make(images, measures.intervals(name))


def main() -> None:
    """Calls one of the two."""
    name, *arguments = sys.argv[1:]
    {"trial": trial, "prepare": prepare}[name](*arguments)


if __name__ == "__main__":
    programs.report(main, "tools/sweep.py", 1)
