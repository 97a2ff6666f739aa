"""Which training images are mixed, and with which weights.

Every attempt at a sample is a function of the seed and its own number alone,
so that it comes out the same in a call that is resumed, or asks for more.
"""

import csv
import dataclasses

import numpy as np

from aeai_tf.errors import UserError

# How images are mixed, by how many of them; 0 is any number.
MIXES = {"linear": 2, "bilinear": 4, "dirichlet": 0}
NEIGHBOURS, RANDOM = "neighbours", "random"
ROWS = 256  # Of distances, computed at a time.
DIGITS = 6  # Of weights: those that are written are those that were used.


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How samples are drawn.

    Attributes:
        mix: "linear", between two images; "bilinear", within four;
            "dirichlet", among `ways` of them.
        ways: how many images are mixed.
        pairs: "neighbours", an image and others out of those nearest to it;
            "random"; or the path of a CSV file (`read_groups`).
        neighbours: how many images are the nearest ones.
        concentration: of the Dirichlet distribution of the weights (for two
            images, of alpha's beta distribution): 1 is uniform, less prefers
            the sources themselves, more the middle.
        seed: 0 or more.
    """

    mix: str = "linear"
    ways: int = 2
    pairs: str = NEIGHBOURS
    neighbours: int = 4
    concentration: float = 1.0
    seed: int = 0

    def check(self, images: int) -> None:
        """Refuses what cannot be drawn from so many images.

        Raises:
            UserError: names the value and what would do.
        """
        if self.mix not in MIXES:
            raise UserError(f"mix={self.mix!r} is none of {', '.join(MIXES)}")
        if self.ways != (MIXES[self.mix] or max(self.ways, 2)):
            raise UserError(
                f"{self.mix} does not mix {self.ways} images, but "
                f"{MIXES[self.mix] or 'two or more'}"
            )
        if self.ways > images:
            raise UserError(
                f"there are {images} training images, too few to mix "
                f"{self.ways} different ones"
            )
        if self.pairs == NEIGHBOURS and self.neighbours < self.ways - 1:
            raise UserError(
                f"{self.neighbours} neighbours are too few to mix an image "
                f"with {self.ways - 1} of them"
            )
        if not 0 < self.concentration < np.inf:
            raise UserError(
                f"the concentration must be above 0, and is "
                f"{self.concentration}"
            )
        if self.seed < 0:
            raise UserError(f"the seed must be 0 or more, not {self.seed}")

    def weights(self, random: np.random.Generator) -> np.ndarray:
        """Draws the weights of a sample, `[ways]`; their sum is 1."""
        if self.mix == "bilinear":
            a, b = random.beta(self.concentration, self.concentration, 2)
            # In reading order: top left, top right, bottom left, ...
            drawn = np.outer([1 - b, b], [1 - a, a]).ravel()
        else:
            drawn = random.dirichlet([self.concentration] * self.ways)
        drawn = np.round(drawn, DIGITS)
        # What rounding left over; the largest weight stays positive.
        drawn[np.argmax(drawn)] += 1 - drawn.sum()
        return drawn


class Groups:
    """Draws the images of a sample."""

    def __init__(self, recipe: Recipe, image_set, latents: np.ndarray):
        """Finds the neighbours, or reads the file, once.

        Args:
            recipe: how to draw.
            image_set: an `aeai_tf.data.image_set.ImageSet`.
            latents: of its training images, `[train, latent_dim]`: without
                factors they say which images are neighbours.

        Raises:
            UserError: as `Recipe.check` and `read_groups`.
        """
        recipe.check(len(image_set.train))
        self.recipe = recipe
        self.train = image_set.train
        self.table = None
        if recipe.pairs == NEIGHBOURS:
            self.table = nearest(image_set, latents, recipe.neighbours)
        elif recipe.pairs != RANDOM:
            self.table = read_groups(recipe.pairs, recipe.ways, image_set)

    def draw(self, random: np.random.Generator, attempt: int) -> np.ndarray:
        """Draws the images of an attempt: indices of the set, `[ways]`."""
        ways = self.recipe.ways
        if self.recipe.pairs == RANDOM:
            return random.choice(self.train, ways, replace=False)
        if self.recipe.pairs == NEIGHBOURS:
            first = random.integers(len(self.train))
            others = random.choice(self.table[first], ways - 1, replace=False)
            return np.array([self.train[first], *others])
        return self.table[attempt % len(self.table)]


def nearest(image_set, latents: np.ndarray, count: int) -> np.ndarray:
    """Finds the training images nearest to each training image.

    Nearest by their factors, round a circle the shorter way, each in units of
    the median gap between its values; in a set without factors by the L2
    distance of their latents.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        latents: of its training images, `[train, latent_dim]`.
        count: how many; all others, if they are fewer.

    Returns:
        Indices of the set, `[train, count]`.
    """
    train = image_set.train
    gaps = {}
    for factor, values in image_set.factors.items():
        apart = np.diff(np.unique(values[train]))
        gaps[factor] = np.median(apart) if len(apart) else 1.0
    rows = []
    for first in range(0, len(train), ROWS):
        here = np.arange(first, min(first + ROWS, len(train)))
        if gaps:
            squares = sum(
                np.square(
                    image_set.difference(factor, train[here, None], train) / gap
                )
                for factor, gap in gaps.items()
            )
        else:
            squares = np.sum(latents**2, axis=1) - 2 * latents[here] @ latents.T
        squares[np.arange(len(here)), here] = np.inf
        order = np.argsort(squares, axis=1, kind="stable")
        rows.append(train[order[:, : min(count, len(train) - 1)]])
    return np.concatenate(rows)


def read_groups(path: str, ways: int, image_set) -> np.ndarray:
    """Reads which images to mix.

    Args:
        path: of a CSV file whose columns `source_1`, `source_2` and so on name
            training images, as provenance.csv does; it may have others.
        ways: how many of these columns there are.
        image_set: an `aeai_tf.data.image_set.ImageSet`.

    Returns:
        Indices of the set, `[lines, ways]`.

    Raises:
        UserError: the file cannot be read, or names what is no training
            image.
    """
    columns = [f"source_{k + 1}" for k in range(ways)]
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"--pairs: {path!r} is neither {NEIGHBOURS!r} nor {RANDOM!r}, nor "
            f"a CSV file that can be read ({reason})"
        ) from error
    sources = {key for line in lines for key in line if key and key in columns}
    if sources != set(columns):
        raise UserError(
            f"--pairs: {path!r} needs the columns {', '.join(columns)}, and a "
            f"line below them"
        )
    known = {image_set.label(index): index for index in image_set.train}
    for number, line in enumerate(lines, 2):
        for column in columns:
            if line[column] not in known:
                raise UserError(
                    f"--pairs: line {number} of {path!r} names "
                    f"{line[column]!r}, which is no training image (such as "
                    f"{next(iter(known))!r})"
                )
    return np.array([[known[line[c]] for c in columns] for line in lines])


def mixed_factors(
    image_set, sources: np.ndarray, weights: np.ndarray
) -> dict[str, float | None]:
    """The factors that a sample should show: the mean of its sources'.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        sources: indices, `[ways]`.
        weights: `[ways]`; their sum is 1.

    Returns:
        By factor. Of one with a period the mean along the arc that holds all
        sources, in [0, period); None if there is none of half the circle, so
        that it has no mean.
    """
    means = {}
    for factor, values in image_set.factors.items():
        period = image_set.periods[factor]
        ways = image_set.difference(factor, sources[0], sources)
        mean = float(values[sources[0]]) + float(np.dot(weights, ways))
        if period and np.ptp(ways) > period / 2:
            means[factor] = None
        else:
            means[factor] = mean % period if period else mean
    return means
