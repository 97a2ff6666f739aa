"""Processes of a sweep that need TensorFlow and are no training.

    python -m aeai_tf.sweep.measure trial <run> <measure> <folder>
    python -m aeai_tf.sweep.measure prepare <measure> <configurations>

The first measures a run, as `aeai-evaluate` does, but only what the measure
needs, and draws nothing. The second makes the data sets of configurations,
given as a JSON list, ready, so that trials do not all do it at once.
"""

import json
import sys

from absl import logging

from aeai_tf import config as configuration
from aeai_tf import files, programs
from aeai_tf.sweep import measures


def trial(run: str, measure: str, folder: str) -> None:
    """Measures a run.

    Args:
        run: its folder.
        measure: keys joined with dots.
        folder: of the trial.

    Raises:
        UserError: it cannot be measured.
    """
    from aeai_tf.evaluation import comparison, metrics

    logging.set_verbosity(logging.WARNING)  # Else Keras's names, by the page.
    measured, _, _ = comparison.evaluate([run], measures.intervals(measure))
    files.write_text(measures.path(folder, measure), metrics.to_json(measured))


def prepare(measure: str, configs: str) -> None:
    """Downloads or renders data sets, and finds out whether they will do.

    Args:
        measure: keys joined with dots.
        configs: JSON list of configurations.

    Raises:
        UserError: a set cannot be had, or has no such intervals.
    """
    from aeai_tf import runs
    from aeai_tf.evaluation import plan

    for config in json.loads(configs):
        images = runs.load_data(configuration.from_json(json.dumps(config)))
        plan.make(images, measures.intervals(measure))


def main() -> None:
    """Calls one of the two."""
    name, *arguments = sys.argv[1:]
    {"trial": trial, "prepare": prepare}[name](*arguments)


if __name__ == "__main__":
    programs.report(main, "tools/sweep.py", 1)
