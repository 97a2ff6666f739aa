#!/usr/bin/env python3
"""Trains methods on objects with seeds over a grid of configuration keys.

    tools/sweep.py --methods=aeai --objects=14,pole --seeds=0,1 \\
        --grid=lambda_cycle=1e-3:1e1:5 --grid=lambda_smoothness=0,0.01,0.1 \\
        --steps=1000 --config.normalization=group --out=sweeps/lambdas

A --grid is key=lowest:highest:count, at equal ratios, or key=value,value,...;
several make all combinations; with --one_at_a_time the others stay as they
are. --config.<key>=<value> is for all trials. Stop it whenever you like: the
same command goes on where it stopped, leaves finished trials alone, and tries
failed ones again; another grid adds its trials.
Writes table.csv, table.md, plot.png and plot.svg. docs/sweep.md says more.
"""

import os

from absl import flags

from aeai_tf import planned, programs
from aeai_tf.sweep import driving, grid, measures, scheduling, trials

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COSTS = os.path.join(ROOT, "docs/results/performance/bench.json")

_METHODS = flags.DEFINE_list(
    "methods", ["aeai"], "methods and ablations of AEAI"
)
_OBJECTS = flags.DEFINE_list(
    "objects", ["pole"], "objects of COIL-100 by numbers, and the pole set"
)
_SEEDS = flags.DEFINE_list("seeds", ["0"], "seeds")
_GRID = flags.DEFINE_multi_string(
    "grid", [], "key=lowest:highest:count or key=value,value,..."
)
_ONE = flags.DEFINE_bool(
    "one_at_a_time",
    False,
    "vary each key of --grid while the others are as the configuration has "
    "them, instead of making all combinations",
)
_STEPS = flags.DEFINE_integer("steps", 1000, "steps of every trial", 1)
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 32, "pixels")
_BATCH_SIZE = flags.DEFINE_integer("batch_size", 16, "pairs in a batch", 1)
_COIL100_DIR = flags.DEFINE_string(
    "coil100_dir", "", "folder with COIL-100's PNGs; default: download"
)
_MEASURE = flags.DEFINE_multi_string(
    "measure",
    ["mse_vs_interval.all_pairs.80.mean_in_between"],
    "number of aeai-evaluate's metrics.json, below methods.<method>; "
    "held_out in place of all_pairs is for pairs that were not trained on; "
    "several are shown side by side, and the first one says what is best",
)
_OUT = flags.DEFINE_string("out", None, "folder of the sweep")
_ADDRESS = flags.DEFINE_string(
    "address", None, "of a Ray cluster that sees --out; default: this machine"
)
_AT_ONCE = flags.DEFINE_integer(
    "trials_at_once", None, "at most; default: as many as have cores", 1
)
_CORES = flags.DEFINE_integer("cores", 1, "of each trial, for itself alone", 1)
_GPUS = flags.DEFINE_float(
    "gpus", 0, "GPUs of each trial, or its share of one; 0: CPU only", 0
)
_DRY = flags.DEFINE_bool(
    "dry_run", False, "list the trials and what they would take, and stop"
)
flags.mark_flag_as_required("out")

_fixed: dict[str, str] = {}  # The --config.<key>=<value>.


def main() -> None:
    """Trains and measures what is missing, then writes table and plot."""
    methods, names = _METHODS.value, _MEASURE.value
    trials.check_methods(methods)
    for seed in _SEEDS.value:
        planned.check_seed(seed)
    data_sets = [planned.data_set(name) for name in _OBJECTS.value]
    measures.check(names, data_sets)
    grids = grid.parse_all(_GRID.value)
    values = {k: v for k, v in _flags().items() if k not in grids}
    fixed = trials.fix(methods, values | _fixed)
    seeds = [int(seed) for seed in _SEEDS.value]
    made = trials.make(methods, data_sets, seeds, grids, fixed, _ONE.value)
    folder = trials.Folder(os.path.abspath(_OUT.value))
    folder.check(fixed, grids)
    where = scheduling.Where(
        _ADDRESS.value, _AT_ONCE.value, _CORES.value, _GPUS.value
    )
    if _DRY.value:
        driving.say_what_it_would_take(folder, made, names, where, COSTS)
        return
    where.check()
    with folder.alone():
        folder.open(fixed, made)
        driving.run(folder, made, names, where)
    print(os.path.join(_OUT.value, "table.md"))


def _flags() -> dict:
    values = {
        "steps": _STEPS.value,
        "image_size": _IMAGE_SIZE.value,
        "batch_size": _BATCH_SIZE.value,
        **planned.rarely_watched(_STEPS.value),
    }
    if _COIL100_DIR.value:
        values["data.coil100_dir"] = os.path.abspath(_COIL100_DIR.value)
    return values


def _take_config(argv: list[str]) -> list[str]:
    values, rest = grid.take_config(argv)
    _fixed.update(values)
    return rest


if __name__ == "__main__":
    programs.run(main, "tools/sweep.py", __doc__, "methods", _take_config)
