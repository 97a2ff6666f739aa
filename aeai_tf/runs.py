"""The folder of a run: all that is needed to use, resume or repeat it.

config.json            the configuration
environment.json       versions, machine, strategy and command of the last call
images.csv             of own images: file, split and checksum
metrics.csv            step, split, seconds and every term
checkpoints/           see aeai_tf.checkpoints
strips/                step_00000500/<pair>.png, the strips of TensorBoard
logs/                  TensorBoard: train, held_out, strips
"""

import csv
import io
import json
import os
import platform
import sys
import zlib
from importlib import metadata

import keras
import numpy as np

from aeai_tf import checkpoints, losses, methods
from aeai_tf import config as configuration
from aeai_tf.data import folder as image_folder
from aeai_tf.data import image_set
from aeai_tf.errors import UserError
from aeai_tf.files import write_text

PACKAGES = (
    "aeai-tf",
    "keras",
    "mitsuba",
    "numpy",
    "pillow",
    "tensorflow",
    "tensorflow-datasets",
)
FULL_PRECISION = "float32"


def build_model(config, precision: str | None = None):
    """Builds and compiles the model of a configuration.

    Weights follow from `config.seed`, whatever the precision.

    Args:
        config: checked by `aeai_tf.config.check`.
        precision: in which networks compute, a choice of `config.precision`,
            which is the default. Weights, optimisers, batch statistics, what
            networks return and so all terms are float32 in any case.

    Returns:
        A compiled `aeai_tf.methods.base.InterpolationModel`.
    """
    keras.utils.set_random_seed(config.seed)
    method = methods.get(config.method)
    reconstruction = _reconstruction(config)
    before = keras.config.dtype_policy()
    precision = precision or config.get("precision", FULL_PRECISION)
    if precision != FULL_PRECISION:
        keras.config.set_dtype_policy(precision)
    try:
        model = method.from_settings(config, reconstruction)
    finally:
        keras.config.set_dtype_policy(before)
    if precision != FULL_PRECISION:
        for network in {n for names in model.players.values() for n in names}:
            # Whose output, an image, latent or logit, is wanted in full.
            all_layers = getattr(model, network).layers
            names = [layer.name for layer in all_layers]
            for layer in all_layers[names.index("head") :]:
                layer.dtype_policy = FULL_PRECISION
    model.compile(
        {
            player: keras.optimizers.Adam(
                config.get(f"{player}_learning_rate", config.learning_rate),
                beta_1=config.adam_beta_1,
                beta_2=config.adam_beta_2,
            )
            for player in model.players
        },
        config.get("weight_averaging", 0.0),
    )
    return model


def _reconstruction(config):
    if "reconstruction" not in config:
        return None  # The method has no such term.
    if config.reconstruction == "perceptual":
        from aeai_tf import perceptual

        return perceptual.PerceptualDistance(
            config.image_size, config.perceptual_weights
        )
    return {
        "mse": losses.squared_error,
        "l1": losses.absolute_error,
        "bernoulli": losses.bernoulli,
    }[config.reconstruction]


def load_data(config, **places: str | None) -> image_set.ImageSet:
    """Loads and splits the data set of a configuration.

    Args:
        config: of a run.
        **places: keys of `config.data` that say where the images are now, if
            not where they were in training; None for those that stay.

    Raises:
        UserError: the data cannot be had.
    """
    config = config.copy_and_resolve_references()
    for key, value in places.items():
        if value and key not in config.data:
            raise UserError(
                f"--{key} does not say where {config.data.name} lies; of its "
                f"keys {', '.join(config.data)} may"
            )
        if value:
            config.data[key] = value
    if config.data.name == image_folder.NAME:
        where = {"own": configuration.own_images(config)}
    else:
        where = {
            "coil100_dir": config.data.coil100_dir,
            "data_dir": config.data.data_dir or None,
        }
    return image_set.load(
        config.data.name,
        config.image_size,
        seed=config.seed,
        train_fraction=config.data.train_fraction,
        **where,
    )


def load(folder: str):
    """Loads the last checkpoint of a run, to use it.

    Args:
        folder: a work folder of `aeai-train`.

    Returns:
        Its configuration and its model, which computes in float32 whatever
        it was trained in.

    Raises:
        UserError: no run there, or one without a readable checkpoint.
    """
    config, path = find(folder)
    model = build_model(config, FULL_PRECISION)
    checkpoints.load(model, path)
    return config, model


def find(folder: str):
    """Finds the last checkpoint of a run, without loading it.

    Args:
        folder: a work folder of `aeai-train`.

    Returns:
        The run's configuration and the path of the checkpoint.

    Raises:
        UserError: no run there, or one without a checkpoint.
    """
    config = read_config(folder)
    if config is None:
        raise UserError(
            f"{folder!r} is no run: it has no config.json; name the --workdir "
            f"of an aeai-train call"
        )
    path = checkpoints.last(folder)
    if path is None:
        raise UserError(
            f"the run {folder!r} has no checkpoint yet: train it first, or "
            f"wait for its first one (checkpoint_every="
            f"{config.checkpoint_every} steps)"
        )
    return config, path


def read_config(folder: str):
    """Returns the configuration of a run, or None if there is no run."""
    path = os.path.join(folder, "config.json")
    if not os.path.isfile(path):
        return None
    with open(path) as file:
        return configuration.from_json(file.read())


def check_folder(folder: str, config) -> None:
    """Finds out, writing nothing, whether a folder can be this run's.

    Raises:
        UserError: it is the folder of another configuration, or of no run.
    """
    old = read_config(folder)
    if old is None and os.path.isdir(folder) and os.listdir(folder):
        raise UserError(
            f"{folder!r} is neither empty nor a run; choose another --workdir"
        )
    different = configuration.differences(old, config) if old else []
    if different:
        raise UserError(
            f"{folder!r} belongs to a run with another configuration "
            f"({'; '.join(different)}); choose another --workdir, or repeat "
            f"that run's settings to resume it"
        )


def open_folder(
    folder: str, config, strategy: str = "default", replicas: int = 1
) -> None:
    """Makes a run's folder, if need be, and notes how it is run.

    Args:
        folder: of the run.
        config: of the run.
        strategy: one of `aeai_tf.strategies.NAMES`.
        replicas: devices that share a batch.
    """
    # The configuration first: with it the folder is a run's, and resumable.
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "config.json")
    write_text(path, configuration.to_json(config))
    os.makedirs(os.path.join(folder, "checkpoints"), exist_ok=True)
    environment = {
        "command": sys.argv,
        "python": platform.python_version(),
        "machine": f"{platform.platform()}, {os.cpu_count()} processors",
        "strategy": strategy,
        "replicas": replicas,
        "versions": {name: metadata.version(name) for name in PACKAGES},
    }
    path = os.path.join(folder, "environment.json")
    write_text(path, json.dumps(environment, indent=2) + "\n")


def note_images(folder: str, data: image_set.ImageSet) -> None:
    """Writes images.csv, which `check_images` reads; own images only.

    Args:
        folder: of the run.
        data: what it trains on.
    """
    if data.files:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(_images(data))
        write_text(os.path.join(folder, "images.csv"), text.getvalue())


def check_images(folder: str, data: image_set.ImageSet) -> None:
    """Finds out whether a folder still holds the images of a run.

    Args:
        folder: of the run.
        data: as its configuration is loaded now.

    Raises:
        UserError: images are others, or more, or less.
    """
    path = os.path.join(folder, "images.csv")
    if not data.files or not os.path.isfile(path):
        return
    with open(path, newline="", encoding="utf-8") as file:
        old = {tuple(row) for row in csv.reader(file)}
    new = set(map(tuple, _images(data)))
    if old != new:
        names = sorted({row[0] for row in old ^ new})
        raise UserError(
            f"the images are not those that {folder!r} was trained on, which "
            f"its images.csv lists: {', '.join(names[:3])}"
            f"{' and others' * (len(names) > 3)} differ; bring them back, or "
            f"train a new run"
        )


def _images(data: image_set.ImageSet) -> list[list[str]]:
    held_out = set(data.held_out.tolist())
    return [
        [
            file,
            "held_out" if index in held_out else "train",
            f"{zlib.crc32(np.rint(255 * image).astype(np.uint8)):08x}",
        ]
        for index, (file, image) in enumerate(
            zip(data.files, data.images, strict=True)
        )
    ]


class MetricsFile:
    """A run's metrics.csv, one row a split and logged step."""

    def __init__(self, folder: str, terms, start_step: int):
        """Opens it, dropping rows of steps that a resumed run takes again.

        Args:
            folder: of the run.
            terms: names of the columns after step, split and seconds.
            start_step: steps taken so far.
        """
        self.path = os.path.join(folder, "metrics.csv")
        self.columns = ["step", "split", "seconds", *terms]
        rows = [
            row for row in read_metrics(folder) if row["step"] <= start_step
        ]
        text = [",".join(self.columns)]
        for row in rows:
            text.append(",".join(str(row[column]) for column in self.columns))
        write_text(self.path, "\n".join(text) + "\n")
        self.seconds = rows[-1]["seconds"] if rows else 0.0

    def append(self, step: int, split: str, seconds: float, terms) -> None:
        """Adds a row.

        Args:
            step: steps taken.
            split: "train" or "held_out".
            seconds: of training so far, over all calls.
            terms: values by name.
        """
        values = [repr(float(terms[name])) for name in self.columns[3:]]
        row = [step, split, round(seconds, 2), *values]
        with open(self.path, "a") as file:
            file.write(",".join(map(str, row)) + "\n")


def read_metrics(folder: str) -> list[dict]:
    """Rows of a run's metrics.csv with numbers as numbers; [] if absent."""
    path = os.path.join(folder, "metrics.csv")
    if not os.path.isfile(path):
        return []
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values()]
    for row in rows:
        for key, value in row.items():
            if key != "split":
                row[key] = int(value) if key == "step" else float(value)
    return rows
