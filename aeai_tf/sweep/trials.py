"""The trials of a sweep, and its folder.

sweep.json             what all trials share, and the trials, of all calls
table.csv, table.md    what came out, a row a trial; and to read
plot.png, plot.svg     the measure over the grid
trials/<data>/<name>/  a trial:
  run/                 as of `aeai-train`
  metrics_80.json      as of `aeai-evaluate`, with only those degrees
  log.txt              what both printed
  failure.txt          why it has no result, if it has none
"""

import contextlib
import dataclasses
import fcntl
import itertools
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence

import ml_collections

from aeai_tf import config as configuration
from aeai_tf import files, planned
from aeai_tf.errors import UserError
from aeai_tf.sweep import grid

BLEND = "pixel_blend"
LONGEST = 240  # Of the name of a trial.


@dataclasses.dataclass(frozen=True)
class Trial:
    """A run with values of the grid.

    Attributes:
        method: of `aeai_tf.planned.METHODS`.
        data: of `aeai_tf.data.image_set.NAMES`.
        seed: of the run.
        values: of the grid's keys that the method has.
        settings: of all keys that are set, these among them.
    """

    method: str
    data: str
    seed: int
    values: Mapping[str, object]
    settings: Mapping[str, object]

    @property
    def name(self) -> str:
        """Its folder below `trials/`."""
        parts = [f"{self.method}_seed{self.seed}"]
        parts += [f"{k}={grid.text(v)}" for k, v in self.values.items()]
        name = "_".join(parts).replace(os.sep, "-")
        if len(name) > LONGEST:  # File systems take 255.
            name = f"{name[:LONGEST]}_{zlib.crc32(name.encode()):08x}"
        return os.path.join(self.data.replace("/", "_"), name)

    @property
    def config(self) -> ml_collections.ConfigDict:
        """The configuration of its run."""
        config = _load(self.method, self.data)
        config.update_from_flattened_dict(self.settings)
        return config

    def train_flags(self, folder: str) -> list[str]:
        """The flags of `python -m aeai_tf.train` for its run in a folder."""
        texts = {key: grid.text(v) for key, v in self.settings.items()}
        return planned.train_flags(self.method, self.data, folder, texts)


def make(
    methods: Sequence[str],
    data_sets: Sequence[str],
    seeds: Sequence[int],
    grids: Mapping[str, Sequence[str | float]],
    fixed: Mapping[str, str | float],
    one_at_a_time: bool = False,
) -> list[Trial]:
    """Makes the trials, seeds last and methods first in turn.

    A method that lacks a key is not varied along it.

    Args:
        methods: of `aeai_tf.planned.METHODS`.
        data_sets: of `aeai_tf.data.image_set.NAMES`.
        seeds: of the runs.
        grids: values to try, as `grid.parse` returns them.
        fixed: values of other keys, as `fix` returns them.
        one_at_a_time: whether, instead of all combinations, each key is
            varied while the others are as the configuration has them.

    Raises:
        UserError: a key that no method has, a value that it cannot have, or
            anything twice.
    """
    for flag, names in (
        ("--methods", methods),
        ("--objects", data_sets),
        ("--seeds", seeds),
    ):
        twice = [name for k, name in enumerate(names) if name in names[:k]]
        if twice:
            raise UserError(f"{flag}: {twice[0]} is there twice")
    for key in grids:
        if key in fixed:
            raise UserError(f"{key!r} is both fixed and in --grid")
    configuration.check_keys(grids, _all_keys(methods))
    points = {}
    for method, data in itertools.product(methods, data_sets):
        known = configuration.flatten(_load(method, data))
        own = {
            key: [grid.typed(key, v, known[key]) for v in values]
            for key, values in grids.items()
            if key in known
        }
        base = planned.settings(method, fixed)
        made = (
            grid.around({key: known[key] for key in own}, own)
            if one_at_a_time
            else grid.points(own)
        )
        points[method, data] = [
            (dict(sorted(point.items())), base | point) for point in made
        ]
    made = [
        Trial(method, data, seed, values, settings | {"seed": seed})
        for seed in seeds
        for data in data_sets
        for method in methods
        for values, settings in points[method, data]
    ]
    for trial in made:
        configuration.check(trial.config)
    return made


def check_methods(methods: Sequence[str]) -> None:
    """Refuses what cannot be trained.

    Raises:
        UserError: it is no method, or learns nothing.
    """
    for method in methods:
        planned.check_method(method)
        if method == BLEND:
            raise UserError(
                f"--methods: {BLEND} has nothing to learn; it is measured "
                f"beside every trial"
            )


def fix(methods: Sequence[str], values: Mapping[str, object]) -> dict:
    """Gives values that all trials share the types of their keys.

    Args:
        methods: of `aeai_tf.planned.METHODS`.
        values: by dotted keys, of all methods or as `aeai.batch_size` of one;
            texts or of the right type.

    Raises:
        UserError: a key that no method has, or a value of another type.
    """
    names = {method.partition("_no_")[0] for method in methods}
    of_all, fixed = _all_keys(methods), {}
    for key, value in values.items():
        name, _, own = key.partition(".")
        alone = name in names
        known = _load(name, "pole") if alone else of_all
        configuration.check_keys([own if alone else key], known)
        known = configuration.flatten(known)[own if alone else key]
        fixed[key] = grid.typed(key, value, known)
    return fixed


def _load(method: str, data: str) -> ml_collections.ConfigDict:
    return configuration.load_file(planned.config_file(method, data))


def _all_keys(methods: Sequence[str]) -> ml_collections.ConfigDict:
    known = ml_collections.ConfigDict()
    for method in methods:
        known.update(_load(method, "pole"))
    return known


@dataclasses.dataclass(frozen=True)
class Folder:
    """A sweep's folder.

    Attributes:
        path: absolute, for trials may run elsewhere.
    """

    path: str

    def of(self, trial: Trial) -> str:
        """The folder of a trial."""
        return os.path.join(self.path, "trials", trial.name)

    def run(self, trial: Trial) -> str:
        """The folder of its run."""
        return os.path.join(self.of(trial), "run")

    def failure(self, trial: Trial) -> str | None:
        """Why it has no result, if it has failed."""
        path = os.path.join(self.of(trial), "failure.txt")
        if not os.path.isfile(path):
            return None
        with open(path) as file:
            return file.read().strip()

    def check(self, fixed: Mapping, grids: Mapping) -> None:
        """Finds out, writing nothing, whether the folder can be this sweep's.

        Args:
            fixed: as for `make`.
            grids: as for `make`.

        Raises:
            UserError: it is that of another sweep, or of none.
        """
        if os.path.exists(self.path) and not os.path.isdir(self.path):
            raise UserError(f"--out: {self.path!r} is a file; name a folder")
        old = self._read()
        if old is None:
            if os.path.isdir(self.path) and os.listdir(self.path):
                raise UserError(
                    f"--out: {self.path!r} is neither empty nor a sweep's; "
                    f"choose another folder"
                )
            return
        keys = {*old["fixed"], *fixed} - configuration.FREE_KEYS - set(grids)
        different = [
            f"{key} is {old['fixed'].get(key, 'not fixed')} there and "
            f"{fixed.get(key, 'not fixed')} here"
            for key in sorted(keys)
            if old["fixed"].get(key) != fixed.get(key)
        ]
        if different:
            raise UserError(
                f"--out: {self.path!r} belongs to another sweep "
                f"({'; '.join(different)}); choose another folder"
            )

    def open(self, fixed: Mapping, made: Sequence[Trial]) -> None:
        """Adds trials to those of earlier calls."""
        old = self._read() or {"trials": []}
        known = {json.dumps(entry): entry for entry in old["trials"]}
        for trial in made:
            entry = {
                "method": trial.method,
                "data": trial.data,
                "seed": trial.seed,
                "values": dict(trial.values),
            }
            known[json.dumps(entry)] = entry
        os.makedirs(self.path, exist_ok=True)
        content = {"fixed": dict(fixed), "trials": list(known.values())}
        files.write_text(
            os.path.join(self.path, "sweep.json"),
            json.dumps(content, indent=2) + "\n",
        )

    def trials(self) -> list[Trial]:
        """The trials of all calls; of settings only the grid's values."""
        return [
            Trial(**entry, settings=entry["values"])
            for entry in self._read()["trials"]
        ]

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other sweeps out of the folder, which is made if need be.

        Raises:
            UserError: one is at work in it.
        """
        os.makedirs(self.path, exist_ok=True)
        with open(os.path.join(self.path, "lock"), "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"--out: another sweep is at work in {self.path!r}"
                ) from None
            yield

    def _read(self) -> dict | None:
        path = os.path.join(self.path, "sweep.json")
        if not os.path.isfile(path):
            return None
        with open(path) as file:
            return json.load(file)
