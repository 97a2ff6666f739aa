"""Sweeps that needed no training."""

import json
import pathlib

from aeai_tf import config as configuration
from aeai_tf.sweep import measures, trials

MEASURE = "mse_vs_interval.all_pairs.40.mean_in_between"
OTHER = "mse_vs_interval.all_pairs.40.middle"
ABSENT = "mse_vs_interval.all_pairs.40.mean_all"
OBJECT = "coil100/3"


def make(methods=("ae",), seeds=(0,), grids=None, one_at_a_time=False, **fixed):
    methods = list(methods)
    fixed = trials.fix(methods, fixed)
    return trials.make(
        methods, [OBJECT], list(seeds), grids or {}, fixed, one_at_a_time
    )


def finish(folder, trial, value, steps=1000):
    """Makes a trial look as if it had been trained and measured.

    The other measure is 1 less the value.
    """
    run = pathlib.Path(folder.run(trial))
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / f"step_{steps:08d}.npz").touch()
    (run / "config.json").write_text(configuration.to_json(trial.config))

    def number(value):
        errors = {
            "mean_in_between": {"value": value, "low": 0, "high": 1},
            "middle": {"value": 1 - value, "low": 0, "high": 1},
        }
        return {
            "mse_vs_interval": {"all_pairs": {"40": errors}},
            "reconstruction": {"train": errors["middle"]},
        }

    metrics = {
        "runs": {trial.method: [{"steps": steps}]},
        "methods": {
            trial.method: number(value),
            "pixel_blend": number(0.5),
        },
    }
    path = measures.path(folder.of(trial), MEASURE)
    pathlib.Path(path).write_text(json.dumps(metrics))
