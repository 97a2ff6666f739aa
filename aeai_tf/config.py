"""Run configurations: checked, compared, and kept as JSON.

Nothing here imports TensorFlow: a bad configuration is refused at once.
"""

import dataclasses
import difflib
import importlib
import importlib.util
import json
import os
from collections.abc import Iterable

import ml_collections

from aeai_tf import configs, methods
from aeai_tf.configs import common
from aeai_tf.data import folder, image_set
from aeai_tf.errors import UserError

MIN_BLOCKS = 4  # Of the networks, where their number follows the images.
VGG16_SIZE = 32  # The smallest that it takes.
# Keys that may change between two calls on one work folder: they change how
# long a run goes on, what it reports and where its images lie, not a step.
FREE_KEYS = {
    "steps",
    "log_every",
    "strip_every",
    "checkpoint_every",
    "data.coil100_dir",
    "data.data_dir",
    "data.dir",
    "data.factors",
    "data.factor_columns",
    "data.cache_dir",
    "perceptual_weights",
}
# What keys were before they were keys, for older runs.
EARLIER = {
    "precision": "float32",
    "pair_share": 1.0,
    "weight_averaging": 0.0,
    "smoothness": "squared",
    "pace": "pixels",
    "pace_neighbors": 4,
    "hold": 0,
    "fade": 0,
    "num_blocks": 4,
}


def check(config: ml_collections.ConfigDict) -> None:
    """Refuses a configuration that could not be trained.

    Raises:
        UserError: names the key, its value and what would do.
    """
    if config.method not in methods.REGISTRY:
        raise UserError(
            f"unknown method {config.method!r}"
            f"{nearest(config.method, methods.REGISTRY)}; the methods are "
            f"{', '.join(methods.REGISTRY)}"
        )
    image_set.check_name(config.data.name)
    own = config.data.name == folder.NAME
    if own != ("dir" in config.data):
        raise UserError(
            f"data.name={config.data.name!r} is chosen together with its keys: "
            f"--config=configs/{config.method}.py:{config.data.name}"
        )
    if own:
        own_images(config).check()
    if not 0 < config.data.train_fraction < 1:
        raise UserError(
            f"data.train_fraction={config.data.train_fraction} must lie "
            f"between 0 and 1, so that there are images to train on and to test"
        )
    for key, allowed in _limits("CHOICES", config.method).items():
        if key in config and config[key] not in allowed:
            raise UserError(
                f"{key}={config[key]!r}{nearest(config[key], allowed)} is "
                f"none of {', '.join(allowed)}"
            )
    for key, (least, most) in _limits("RANGES", config.method).items():
        # Written so that NaN is refused too.
        if key in config and not least <= config[key] <= most:
            side = (
                f"at most {most}" if config[key] > most else f"at least {least}"
            )
            raise UserError(f"{key}={config[key]} must be {side}")
    size = config.image_size
    if "latent_dim" in config:
        _check_pooling(size, config.get("num_blocks") or MIN_BLOCKS)
    if config.get("reconstruction") == "perceptual" and size < VGG16_SIZE:
        raise UserError(
            f"reconstruction='perceptual' needs images of at least "
            f"{VGG16_SIZE} pixels, not image_size={size}"
        )
    if config.get("smoothness") == "relative" and config.num_alphas < 2:
        raise UserError(
            f"smoothness='relative' compares the speeds at several points of "
            f"a line: num_alphas={config.num_alphas} must be at least 2"
        )


def _check_pooling(size: int, num_blocks: int) -> None:
    factor = 2**num_blocks
    if size < factor or size % factor:
        below = max(factor, size // factor * factor)
        raise UserError(
            f"image_size={size} cannot be halved {num_blocks} times by the "
            f"pooling; multiples of {factor} can, such as {below} or "
            f"{below + factor}"
        )


def own_images(config: ml_collections.ConfigDict) -> folder.Source:
    """Where the images of a run on a folder are, and how they are read."""
    fields = dataclasses.fields(folder.Source)
    return folder.Source(**{f.name: config.data[f.name] for f in fields})


def find_file(file: str) -> str:
    """Finds a configuration file, here or among those of the package.

    Args:
        file: such as "configs/aeai.py:pole"; what follows the colon is kept.

    Raises:
        UserError: there is none; lists those of the package.
    """
    path, colon, data = file.partition(":")
    packaged = os.path.join(
        os.path.dirname(configs.__file__), os.path.basename(path)
    )
    for candidate in (path, packaged):
        if os.path.isfile(candidate):
            return candidate + colon + data
    known = [f"configs/{name}.py" for name in methods.REGISTRY]
    raise UserError(
        f"no configuration file {path!r}{nearest(path, known)}; there is one "
        f"a method: {', '.join(known)}"
    )


def load_file(file: str) -> ml_collections.ConfigDict:
    """Loads a configuration as its file gives it.

    Args:
        file: as in `find_file`.
    """
    path, _, data = find_file(file).partition(":")
    spec = importlib.util.spec_from_file_location("aeai_tf_config", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config(*([data] if data else []))


def check_keys(
    overrides: Iterable[str], config: ml_collections.ConfigDict
) -> None:
    """Refuses overrides of keys that the configuration lacks.

    Args:
        overrides: dotted keys.
        config: as its file gives it.

    Raises:
        UserError: names the key and the nearest known one.
    """
    known = flatten(config)
    for key in overrides:
        if key not in known:
            hint = nearest(key, known) or f"; there are {', '.join(known)}"
            raise UserError(f"unknown configuration key {key!r}{hint}")


def flatten(config: ml_collections.ConfigDict, prefix: str = "") -> dict:
    """All values by their dotted keys."""
    flat = {}
    for key, value in config.items():
        if isinstance(value, ml_collections.ConfigDict):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def differences(old, new) -> list[str]:
    """Says in which keys two configurations would train differently."""
    old, new = EARLIER | flatten(old), EARLIER | flatten(new)
    return [
        f"{key} is {old.get(key)!r} there and {new.get(key)!r} here"
        for key in sorted((old.keys() | new.keys()) - FREE_KEYS)
        if old.get(key) != new.get(key)
    ]


def to_json(config: ml_collections.ConfigDict) -> str:
    """The configuration as JSON, for the run folder."""
    return json.dumps(config.to_dict(), indent=2) + "\n"


def from_json(text: str) -> ml_collections.ConfigDict:
    """The inverse of `to_json`."""
    return ml_collections.ConfigDict(json.loads(text))


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns a hint at the known name that is nearest, or nothing."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _limits(name: str, method: str) -> dict:
    """What the configuration files let their keys be: common and own ones."""
    own = importlib.import_module(f"aeai_tf.configs.{method}")
    return getattr(common, name) | getattr(own, name, {})
