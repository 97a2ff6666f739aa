"""What is measured along which paths of a data set."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from aeai_tf.errors import UserError
from aeai_tf.evaluation import admissibility, paths

# Degrees: the AEAI paper's figures 6 and 14, 7 and 15, and 6 and 14 again.
INTERVALS = tuple(float(degrees) for degrees in range(15, 85, 5))
RETRIEVAL = 70.0
DETAILED = 80.0
SPACINGS = range(2, 17)  # Lengths of intervals that are not in degrees.


@dataclasses.dataclass(frozen=True)
class Kind:
    """Paths of one kind.

    Attributes:
        change: degrees by factor.
        paths: `[paths, steps + 1]`, indices of images.
        detailed: whether admissibility, pace, quality and ACAI's scores
            are measured along them.
    """

    change: Mapping[str, float]
    paths: np.ndarray
    detailed: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
    """All kinds of paths, and which measure goes along which.

    Attributes:
        factor: the one whose intervals the paper's figures are about: the
            angle, and of the pole set the azimuth.
        kinds: of all paths.
        retrieval: degrees of `factor` for the retrieval of alpha.
        detailed: degrees of `factor` for admissibility, pace and quality.
        notes: sentences about what is left out.
    """

    factor: str
    kinds: tuple[Kind, ...]
    retrieval: float
    detailed: float
    notes: tuple[str, ...]

    @property
    def detailed_paths(self) -> np.ndarray:
        """Of the kind that is detailed, `[paths, steps + 1]`."""
        return next(kind.paths for kind in self.kinds if kind.detailed)


def make(image_set, intervals: Sequence[float] | None = None) -> Plan:
    """Plans the measurement of a set.

    Along the factor that goes round (else the first), and along every other
    factor, the intervals that fit; along both at once those of the other
    factor together with as much, and twice as much, of the first one in
    either direction.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        intervals: degrees; by default those of `INTERVALS` that fit.

    Raises:
        UserError: the set is too small, neighbouring images are all alike, or
            a given interval does not fit.
    """
    if not image_set.factors:
        raise UserError(
            f"nothing is known of what lies between the images of "
            f"{image_set.name}, so that interpolations cannot be compared with "
            f"the truth: give a CSV file with a factor, --factors=FILE.csv "
            f"(docs/own_images.md)"
        )
    if image_set.files and not len(paths.neighbours(image_set)):
        raise _uneven(image_set)
    if not admissibility.neighbour_distance(image_set):
        raise UserError(
            f"neighbouring images of {image_set.name} are all alike, so that "
            f"no pose can be told from another: look at the images"
        )
    periods = image_set.periods
    main = next((f for f in periods if periods[f]), next(iter(periods)))
    strict = bool(intervals)
    if image_set.files and not intervals and periods[main] != 360:
        intervals = _in_spacings(image_set, main)
    kinds = _fitting(
        image_set, [{main: d} for d in intervals or INTERVALS], strict
    )
    if not kinds and image_set.files:
        raise _uneven(image_set)
    if not kinds:
        raise UserError(
            f"none of the intervals of {INTERVALS[0]:g} to {INTERVALS[-1]:g} "
            f"degrees fits {image_set.name}, whose spacing of {main} is "
            f"{paths.spacing(image_set, main):g} degrees: choose others with "
            f"--intervals"
        )
    fitting = [kind.change[main] for kind in kinds]
    detailed = DETAILED if DETAILED in fitting else max(fitting)
    kinds = [
        dataclasses.replace(kind, detailed=kind.change[main] == detailed)
        for kind in kinds
    ]
    for other in set(periods) - {main}:
        alone = _fitting(
            image_set, [{other: d} for d in intervals or INTERVALS]
        )
        both = [
            {other: kind.change[other], main: times * kind.change[other]}
            for kind in alone
            for times in (-2, -1, 1, 2)
        ]
        kinds += alone + _fitting(image_set, both)
    return Plan(
        factor=main,
        kinds=tuple(kinds),
        retrieval=RETRIEVAL if RETRIEVAL in fitting else max(fitting),
        detailed=detailed,
        notes=tuple(_notes(image_set, main, kinds, intervals or INTERVALS)),
    )


def _uneven(image_set) -> UserError:
    spacings = " and ".join(
        f"{paths.spacing(image_set, factor):g} ({factor})"
        for factor in image_set.factors
    )
    return UserError(
        f"no two images of {image_set.name} have others evenly between them, "
        f"to compare interpolations with: what is measured needs evenly spaced "
        f"factors, and the least of their spacings are {spacings}"
    )


def _fitting(image_set, changes, strict: bool = False) -> list[Kind]:
    kinds = []
    for change in changes:
        try:
            kinds.append(Kind(change, paths.along(image_set, change)))
        except UserError:
            if strict:
                raise
    return kinds


def _in_spacings(image_set, factor: str) -> list[float]:
    """Intervals of a factor whose unit is its own, up to half a turn."""
    unit = paths.spacing(image_set, factor)
    half = (image_set.periods[factor] or np.inf) / 2
    return [k * unit for k in SPACINGS if k * unit < half]


def _notes(image_set, main, kinds, intervals):
    if image_set.files and image_set.periods[main] != 360:
        yield (
            f"{main} is in a unit of its own: where degrees, or °, are "
            f"written, read that unit"
        )
    along_main = [kind for kind in kinds if list(kind.change) == [main]]
    fitting = {kind.change[main] for kind in along_main}
    missing = [f"{d:g}" for d in intervals if d not in fitting]
    if missing:
        yield (
            f"intervals of {', '.join(missing)} degrees are left out: "
            f"{image_set.name} has no such paths of {main}, whose spacing is "
            f"{paths.spacing(image_set, main):g} degrees"
        )
    count = len(image_set.images)
    if image_set.periods[main]:
        whole = min(len(kind.paths) for kind in along_main)
        if whole < count:
            yield (
                f"{image_set.name} lacks images: {count - whole} of its {count}"
                f", or fewer, start a path with a missing pose, which is left "
                f"out"
            )
