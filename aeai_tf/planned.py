"""Runs that a tool is about to train: their names, commands and times.

What `tools/reproduce` and `tools/sweep.py` share. Only timing a step imports
TensorFlow.
"""

import json
import os
import sys
import time
from collections.abc import Mapping

from aeai_tf import checkpoints, methods
from aeai_tf import config as configuration
from aeai_tf.configs import aeai, common
from aeai_tf.data import image_set
from aeai_tf.errors import UserError

ABLATIONS = tuple(
    f"aeai_{name}" for name in aeai.CHOICES["ablation"] if name != "none"
)
METHODS = (*methods.REGISTRY, *ABLATIONS)
# What decides how long a step of AE takes.
COSTLY = (
    *("image_size", "batch_size", "latent_dim", "num_blocks"),
    *("convs_per_block", "normalization"),
)
# Of a run beside its steps: imports, data, compiling, strips, checkpoints.
SECONDS_A_RUN = 25


def check_method(name: str) -> None:
    """Refuses what is neither a method nor an ablation of AEAI.

    Raises:
        UserError: lists what there is.
    """
    if name not in METHODS:
        raise UserError(
            f"unknown method {name!r} in --methods; there are "
            f"{', '.join(METHODS)}"
        )


def check_seed(text: str) -> None:
    """Refuses a seed that is no whole number.

    Raises:
        UserError: names it.
    """
    if not text.isdecimal():
        raise UserError(f"--seeds are whole numbers, not {text!r}")


def data_set(name: str, preset: str = common.PRESETS[0]) -> str:
    """Returns the data set that a tool calls "pole" or, for short, "12".

    Args:
        name: so.
        preset: of the methods' settings; one that is not the default follows
            after a comma, as in `configs/<method>.py:coil100/12,paper`.

    Raises:
        UserError: there is none of that name.
    """
    data = f"coil100/{name}" if name.isdigit() else name
    image_set.check_name(data)
    return data if preset == common.PRESETS[0] else f"{data},{preset}"


def config_file(method: str, data: str) -> str:
    """Returns the configuration file of a method, `aeai-train --config`."""
    return f"configs/{method.partition('_no_')[0]}.py:{data}"


def settings(method: str, values: Mapping[str, object]) -> dict:
    """Returns those of the values whose keys the method's configuration has.

    Args:
        method: of `METHODS`; an ablation is one more value.
        values: by dotted keys; `aeai.batch_size` is AEAI's alone, and comes
            before a `batch_size` for all.
    """
    name, _, ablation = method.partition("_no_")
    known = configuration.flatten(configuration.load_file(f"configs/{name}.py"))
    own = {
        key.removeprefix(f"{name}."): value
        for key, value in values.items()
        if key.startswith(f"{name}.")
    }
    values = {**values, **own}
    chosen = {key: value for key, value in values.items() if key in known}
    return chosen | ({"ablation": f"no_{ablation}"} if ablation else {})


def rarely_watched(steps: int) -> dict:
    """Returns settings for a run that nobody watches while it trains."""
    return {"log_every": 100, "strip_every": steps, "checkpoint_every": 500}


def train_flags(
    method: str, data: str, folder: str, values: Mapping[str, object]
) -> list[str]:
    """Returns the flags of `python -m aeai_tf.train` for a run.

    Args:
        method: of `METHODS`.
        data: as `data_set` returns it.
        folder: of the run.
        values: as `settings` returns them.
    """
    return [
        f"--config={config_file(method, data)}",
        f"--workdir={folder}",
        *(f"--config.{key}={value}" for key, value in values.items()),
    ]


def train_command(*arguments) -> list[str]:
    """Returns the whole command; arguments as of `train_flags`."""
    return [sys.executable, "-m", "aeai_tf.train", *train_flags(*arguments)]


def steps_left(folder: str, steps: int) -> int:
    """Returns how many of its steps a run has yet to take."""
    last = checkpoints.last(folder)
    return max(0, steps - (checkpoints.step_of(last) if last else 0))


def seconds_of_training(
    method: str, steps: int, ae_step: float, costs: Mapping[str, Mapping]
) -> float:
    """Returns about how long a run takes.

    Args:
        method: of `METHODS`.
        steps: to take.
        ae_step: seconds of a step of AE, as of `seconds_of_ae`.
        costs: as `costs` returns them.
    """
    name = method.partition("_no_")[0]
    return SECONDS_A_RUN + steps * ae_step * costs.get(name, {}).get(
        "times_ae", 0
    )


def costs(path: str) -> dict[str, dict]:
    """Reads what a step of each method costs, in those of AE.

    Args:
        path: of a file that `tools/bench_train.py` wrote.
    """
    with open(path) as file:
        found = json.load(file)["methods"]
    # Where "aeai" is with the paper's losses alone.
    return found | {"aeai": found.get("aeai_tuned", found.get("aeai", {}))}


def seconds_of_ae(like: Mapping[str, object]) -> tuple[float, float]:
    """Times AE on this machine, for as long as it takes to compile it.

    Args:
        like: a configuration of any method that learns, or the part of it
            that is `COSTLY`.

    Returns:
        Seconds of a training step, and of decoding an image in a batch.
    """
    import numpy as np
    import tensorflow as tf

    from aeai_tf import runs
    from aeai_tf.data import pipeline

    config = configuration.load_file("configs/ae.py")
    config.update({key: like[key] for key in COSTLY})
    model = runs.build_model(config)
    images = np.zeros([8, *model.encoder.input_shape[1:]], np.float32)
    step, decode = tf.function(model.train_step), tf.function(model.decode)
    latents = tf.zeros([256, model.latent_dim])
    seconds = []
    for batch in pipeline.pairs(images, 0, config.batch_size, 8):
        began = time.perf_counter()
        float(step(batch)["reconstruction"])
        middle = time.perf_counter()
        decode(latents).numpy()
        seconds.append((middle - began, time.perf_counter() - middle))
    stepped, decoded = np.median(seconds[2:], axis=0)
    return float(stepped), float(decoded) / len(latents)


def is_run(folder: str) -> bool:
    """Whether a run was begun there."""
    return os.path.isfile(os.path.join(folder, "config.json"))
