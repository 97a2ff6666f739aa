#!/usr/bin/env python3
"""Asks whether interpolated images help to learn a pose.

    tools/pose_regression.py --coil100_dir=coil-100 --dry_run
    tools/pose_regression.py --coil100_dir=coil-100

Trains autoencoders on a few images of an object on a turntable, and then
regressors, from an image to its angle, on the same few images: with nothing
added, with mixup, and with each method's interpolations. Writes what their
errors on unseen poses are: errors.json, metrics.json, table.md, figure.png and
figure.svg. Stop it whenever you like: the same command goes on where it
stopped. --config.<key>=<value> is for all autoencoders that have the key,
--config.aeai.<key>=<value> for those of AEAI alone. docs/augmentation.md says
more.
"""

import os

from absl import flags

from aeai_tf import methods, planned, programs
from aeai_tf.errors import UserError
from aeai_tf.pose_regression import driving
from aeai_tf.pose_regression import study as studies
from aeai_tf.sweep import grid, scheduling

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
COSTS = os.path.join(ROOT, "docs/results/performance/bench.json")
# Of autoencoders, where --config says nothing else: small ones, with what helps
# all methods on turntables (docs/recipe.md).
SMALL = {
    "convs_per_block": 1,
    "normalization": "group",
    "weight_averaging": 0.998,
}
# Of those that learn by the absolute error: on 8 images it stays that of the
# mean image at their presets' rate, and falls at half of it, slowly.
SLOW = {
    "learning_rate": 1e-3,
    "adam_beta_1": 0.9,
    "adam_beta_2": 0.999,
}
OWN = {"acai": SLOW, "aeai": SLOW | {"discriminator_learning_rate": 1e-3}}

_OBJECTS = flags.DEFINE_list(
    "objects", ["12", "14", "74"], "objects of COIL-100 by their numbers"
)
_METHODS = flags.DEFINE_list(
    "methods", [*methods.REGISTRY], "methods, and ablations of AEAI"
)
_POSES = flags.DEFINE_list(
    "poses", ["8", "16", "32"], "numbers of real images to train on"
)
_SEEDS = flags.DEFINE_list("seeds", ["0", "1", "2"], "seeds")
_STEPS = flags.DEFINE_integer(
    "steps", 400, "steps of an autoencoder; ACAI and AEAI take twice as many", 1
)
_IMAGE_SIZE = flags.DEFINE_integer("image_size", 32, "pixels")
_BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 8, "pairs in a batch of an autoencoder", 1
)
_SAMPLES = flags.DEFINE_integer(
    "samples", 500, "interpolations that are wanted of every autoencoder", 1
)
_REGRESSOR_STEPS = flags.DEFINE_integer(
    "regressor_steps", 500, "steps of every regressor", 1
)
_COIL100_DIR = flags.DEFINE_string(
    "coil100_dir", "", "folder with COIL-100's PNGs; default: download"
)
_RUNS = flags.DEFINE_string(
    "runs", "runs/pose_regression", "folder of the runs"
)
_OUT = flags.DEFINE_string(
    "out", "docs/results/augmentation", "folder for the results"
)
_WORKERS = flags.DEFINE_integer(
    "workers", None, "processes, each on a core; default: one a core", 1
)
_DRY = flags.DEFINE_bool("dry_run", False, "say what it would take, and stop")

_typed: dict[str, str] = {}  # The --config.<key>=<value>.


def main() -> None:
    """Does what is missing, then writes what came out."""
    workers = _WORKERS.value or scheduling.cores_here()
    driving.check_workers(workers)
    for seed in _SEEDS.value:
        planned.check_seed(seed)
    names = [_data_set(name) for name in _OBJECTS.value]
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise UserError(f"--objects: {twice[0]} is there twice")
    poses = tuple(map(_whole, _POSES.value))
    fixed = studies.fix(_METHODS.value, _own_flags(), _typed)
    study = studies.Study(
        folder=os.path.abspath(_RUNS.value),
        images={name: studies.count_images(name, fixed) for name in names},
        methods=tuple(_METHODS.value),
        poses=poses,
        seeds=tuple(map(int, _SEEDS.value)),
        fixed=fixed,
        samples=_SAMPLES.value,
        regressor_steps=_REGRESSOR_STEPS.value,
    )
    study.check()
    if _DRY.value:
        driving.say_what_it_would_take(study, workers, COSTS)
        return
    driving.run(study, workers)

    from aeai_tf.pose_regression import results  # noqa: PLC0415 (matplotlib)

    results.write(results.gather(study), _OUT.value)
    print(os.path.join(_OUT.value, "table.md"))


def _data_set(name: str) -> str:
    if not name.isdecimal():
        raise UserError(
            f"--objects are numbers of COIL-100's objects, not {name!r}"
        )
    return planned.data_set(name)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise UserError(f"--poses are whole numbers, not {text!r}")
    return int(text)


def _own_flags() -> dict:
    values = {
        "steps": _STEPS.value,
        "image_size": _IMAGE_SIZE.value,
        "batch_size": _BATCH_SIZE.value,
        **planned.rarely_watched(_STEPS.value),
        **SMALL,
    }
    learned = {method.partition("_no_")[0] for method in _METHODS.value}
    for method in learned & set(OWN):
        own = {"steps": 2 * _STEPS.value, **OWN[method]}
        values |= {
            f"{method}.{key}": value
            for key, value in own.items()
            if key not in _typed
        }
    if _COIL100_DIR.value:
        values["data.coil100_dir"] = os.path.abspath(_COIL100_DIR.value)
    return values


def _take_config(argv: list[str]) -> list[str]:
    values, rest = grid.take_config(argv)
    _typed.update(values)
    return rest


if __name__ == "__main__":
    programs.run(
        main, "tools/pose_regression.py", __doc__, "poses", _take_config
    )
