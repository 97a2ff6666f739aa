"""What is seen of a method's interpolations along paths of one kind."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from aeai_tf.evaluation import bootstrap


@dataclasses.dataclass(frozen=True)
class Observations:
    """Numbers of every image of every path, of one or more runs.

    A path has `steps + 1` images, the interpolations at alpha = 0, ..., 1.
    Beside the attributes below there are those of `numbers`, by their names:
    `seen.error` is `seen.numbers["error"]`.

    Attributes:
        change: degrees by factor: what changes from a source to its target.
        paths: `[paths, steps + 1]`, indices of the true images.
        run: `[paths]`, which run interpolated, by its seed.
        held_out: `[paths]`, whether that run trained on neither end.
        numbers: `[paths, ...]` by name; see `aeai_tf.evaluation.observe`.
    """

    change: Mapping[str, float]
    paths: np.ndarray
    run: np.ndarray
    held_out: np.ndarray
    numbers: Mapping[str, np.ndarray]

    def __getattr__(self, name: str) -> np.ndarray:
        """A number by its name."""
        try:
            return self.__dict__["numbers"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __len__(self) -> int:
        """The number of paths."""
        return len(self.paths)

    @property
    def alphas(self) -> np.ndarray:
        """Of the images of a path, `[steps + 1]`."""
        return np.linspace(0.0, 1.0, self.paths.shape[1])

    @property
    def start(self) -> np.ndarray:
        """The image that a path starts from, `[paths]`."""
        return self.paths[:, 0]

    def where(self, chosen: np.ndarray) -> "Observations":
        """Returns those of the chosen paths, `[paths]`, bool."""
        return Observations(
            self.change,
            self.paths[chosen],
            self.run[chosen],
            self.held_out[chosen],
            {name: value[chosen] for name, value in self.numbers.items()},
        )

    def only(self, *names: str) -> "Observations":
        """Returns them without the other numbers."""
        return dataclasses.replace(
            self, numbers={name: self.numbers[name] for name in names}
        )

    def mean(self, values: np.ndarray, **options) -> dict[str, float]:
        """The mean of `[paths]` with its interval; see `bootstrap.of_mean`."""
        return bootstrap.of_mean(values, self.run, self.start, **options)


def pool(parts: Sequence[Observations]) -> Observations:
    """Puts together the observations of several runs on the same paths."""
    return Observations(
        parts[0].change,
        *(
            np.concatenate([getattr(part, field) for part in parts])
            for field in ("paths", "run", "held_out")
        ),
        {
            name: np.concatenate([part.numbers[name] for part in parts])
            for name in parts[0].numbers
        },
    )
