"""What is compared: objects, numbers of poses, seeds, and what is added.

runs/pose_regression/           the folder of a study
  lock, worker_0.log            of the processes
  coil100_12/8_poses_seed0/     an object, so many real images, a seed
    ae/                         a job: what is added to the real images
      run/                      as of `aeai-train`, if there is one to train
      result.json               the regressor's errors
      failure.txt               why it has none, if it has none
"""

import dataclasses
import itertools
import json
import os
from collections.abc import Mapping, Sequence

import ml_collections

from aeai_tf import checkpoints, planned
from aeai_tf import config as configuration
from aeai_tf.errors import UserError
from aeai_tf.sweep import trials

NOTHING, MIXUP = "nothing", "mixup"
WITHOUT_RUN = (NOTHING, MIXUP)
BLEND = trials.BLEND
FACTOR = "angle"
FRACTION = "data.train_fraction"
# No method can have one of its own.
SHARED = ("seed", "image_size", "data.name", "data.coil100_dir", FRACTION)
TRIES = 20  # For each sample that is wanted, as of `aeai-augment`.
FEWEST_POSES = 2


@dataclasses.dataclass(frozen=True)
class Job:
    """One regressor to train.

    Attributes:
        data: such as "coil100/12".
        poses: how many real images it trains on.
        seed: of the split, of the autoencoder, and of the regressor.
        variant: what is added: `NOTHING`, `MIXUP`, or the interpolations of a
            method of `aeai_tf.planned.METHODS`.
    """

    data: str
    poses: int
    seed: int
    variant: str

    @property
    def name(self) -> str:
        """Its folder below that of the study."""
        cell = f"{self.poses}_poses_seed{self.seed}"
        return os.path.join(self.data.replace("/", "_"), cell, self.variant)


@dataclasses.dataclass(frozen=True)
class Study:
    """All that is compared.

    Attributes:
        folder: absolute.
        images: how many there are of each data set.
        methods: of `aeai_tf.planned.METHODS`.
        poses: numbers of real images.
        seeds: of everything random.
        fixed: values of the autoencoders' configurations, by dotted keys.
        samples: that are wanted of each autoencoder.
        regressor_steps: of training each regressor.
    """

    folder: str
    images: Mapping[str, int]
    methods: tuple[str, ...]
    poses: tuple[int, ...]
    seeds: tuple[int, ...]
    fixed: Mapping[str, object]
    samples: int
    regressor_steps: int

    @property
    def variants(self) -> tuple[str, ...]:
        """What is added to the real images, each in turn."""
        return (*WITHOUT_RUN, *self.methods)

    def jobs(self) -> list[Job]:
        """All jobs; seeds last, so that an early stop leaves whole ones."""
        return [
            Job(data, poses, seed, variant)
            for seed, poses, data, variant in itertools.product(
                self.seeds, self.poses, self.images, self.variants
            )
        ]

    def check(self) -> None:
        """Refuses what could not be compared, and folders of other studies.

        Raises:
            UserError: names the value and what would do.
        """
        for flag, values in (
            ("--methods", self.methods),
            ("--poses", self.poses),
            ("--seeds", self.seeds),
        ):
            twice = [v for k, v in enumerate(values) if v in values[:k]]
            if twice:
                raise UserError(f"{flag}: {twice[0]} is there twice")
            if not values and flag != "--methods":
                raise UserError(f"{flag} is empty")
        for data, count in self.images.items():
            for poses in self.poses:
                if not FEWEST_POSES <= poses < count:
                    raise UserError(
                        f"--poses: of the {count} images of {data}, "
                        f"{FEWEST_POSES} to {count - 1} can be trained on, so "
                        f"that there are others to test with, not {poses}"
                    )
        for job in self.jobs():
            config = self.config(job)
            configuration.check(config)
            self._check_run(self.run(job), config)

    def of(self, job: Job) -> str:
        """The folder of a job."""
        return os.path.join(self.folder, job.name)

    def run(self, job: Job) -> str:
        """The folder of its autoencoder's run."""
        return os.path.join(self.of(job), "run")

    def config(self, job: Job) -> ml_collections.ConfigDict:
        """The configuration of its run, without one that of its images.

        `data.train_fraction` is such that exactly `job.poses` images train.
        """
        method = BLEND if job.variant in WITHOUT_RUN else job.variant
        values = {
            **self.fixed,
            "seed": job.seed,
            FRACTION: job.poses / self.images[job.data],
        }
        settings = planned.settings(method, values)
        return trials.Trial(method, job.data, job.seed, {}, settings).config

    def steps(self, job: Job) -> int:
        """Steps that its autoencoder is to train; 0 where nothing learns."""
        if job.variant in (*WITHOUT_RUN, BLEND):
            return 0
        method = job.variant.partition("_no_")[0]
        return self.fixed.get(f"{method}.steps", self.fixed["steps"])

    def steps_taken(self, job: Job) -> int | None:
        """Steps that its autoencoder has taken; None before the first save."""
        if job.variant in WITHOUT_RUN:
            return 0
        last = checkpoints.last(self.run(job))
        return checkpoints.step_of(last) if last else None

    def result(self, job: Job) -> dict | None:
        """What came of a job, as `working` wrote it; None if it is not done.

        A result of other settings, or of an autoencoder that has been trained
        further since, does not count.
        """
        path = os.path.join(self.of(job), "result.json")
        if not os.path.isfile(path):
            return None
        with open(path) as file:
            result = json.load(file)
        taken = self.steps_taken(job)
        if (
            result["settings"] != self.settings(job)
            or taken is None
            or not self.steps(job) <= taken == result["steps"]
        ):
            return None
        return result

    def failure(self, job: Job) -> str | None:
        """Why a job has no result, if it has failed."""
        path = os.path.join(self.of(job), "failure.txt")
        if not os.path.isfile(path):
            return None
        with open(path) as file:
            return file.read().strip()

    def settings(self, job: Job) -> dict:
        """What a result depends on beside its autoencoder."""
        settings = {
            "images": self.images[job.data],
            "image_size": self.fixed["image_size"],
            "regressor_steps": self.regressor_steps,
        }
        if job.variant not in WITHOUT_RUN:
            settings["samples"] = self.samples
        return settings

    def to_json(self) -> str:
        """The study as text."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Study":
        """The inverse of `to_json`."""
        values = json.loads(text)
        for key in ("methods", "poses", "seeds"):
            values[key] = tuple(values[key])
        return cls(**values)

    def _check_run(self, run: str, config) -> None:
        path = os.path.join(run, "config.json")
        if not os.path.isfile(path):
            return
        with open(path) as file:
            old = configuration.from_json(file.read())
        different = configuration.differences(old, config)
        if different:
            raise UserError(
                f"--runs: {run!r} was trained with another configuration "
                f"({'; '.join(different)}); choose another folder, or repeat "
                f"those settings"
            )


def fix(
    methods: Sequence[str],
    own: Mapping[str, object],
    typed: Mapping[str, object],
) -> dict:
    """Gives values of all autoencoders the types of their keys.

    Args:
        methods: of `aeai_tf.planned.METHODS`.
        own: values by dotted keys, of the tool's flags.
        typed: those that were typed, which come first.

    Raises:
        UserError: no method, a key that none has or that has its own flag, or
            a value of another type.
    """
    for method in methods:
        planned.check_method(method)
    for key in typed:
        method, _, part = key.partition(".")
        if part in SHARED and method in planned.METHODS:
            raise UserError(f"--config: {key!r}: all have the same {part}")
        if key == FRACTION:
            raise UserError(f"--config: {key!r} is set by --poses")
    # "ae" has all that there are flags for, were nothing to be trained.
    own = trials.fix(["ae", *methods], own)
    return own | trials.fix([*methods, BLEND], typed)


def count_images(data: str, fixed: Mapping[str, object]) -> int:
    """Returns how many images there are of an object, downloaded if need be.

    Args:
        data: such as "coil100/12".
        fixed: of which `data.coil100_dir` and `data.data_dir` say where.

    Raises:
        UserError: the images cannot be had.
    """
    from aeai_tf.data import coil100

    images, _ = coil100.load(
        fixed["image_size"],
        int(data.removeprefix("coil100/")),
        fixed.get("data.coil100_dir", ""),
        fixed.get("data.data_dir") or None,
    )
    return len(images)
