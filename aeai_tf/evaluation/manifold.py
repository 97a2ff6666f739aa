"""The latent manifold of a data set: AEAI paper, figure 2.

The latents of all images, with grid lines along each factor, and what the
decoder makes of a point on the manifold and of one off it.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import matplotlib.figure
import numpy as np
from matplotlib import cm, colors

from aeai_tf.evaluation import canvas, paths, style

BATCH = 128
PAIRS = 500  # Whose midpoints are looked at for A and B.
SEED = 0
HEIGHT = 2.7  # Inches, of a method's plot.
COLOURS = "twilight_shifted"  # It ends as it begins, like an angle.
LINES = ("#9A9A9A", "#C4C4C4")  # Of the last factor, and of the others.


@dataclasses.dataclass(frozen=True)
class Manifold:
    """The latents of a set, and two points that were decoded.

    Attributes:
        latents: `[n, latent_dim]`.
        ends: `[2, 2, latent_dim]`: the two latents, of real images, that A is
            the middle of; the same for B.
        decoded: `[2, height, width, 3]`, the images at A and B.
    """

    latents: np.ndarray
    ends: np.ndarray
    decoded: np.ndarray


def measure(model, images: np.ndarray) -> Manifold:
    """Encodes a set and looks for points on and off its manifold.

    Of the midpoints of random pairs A is the one with the least distance to
    the nearest latent of an image, B the one with the greatest.

    Args:
        model: an `aeai_tf.methods.base.InterpolationModel`.
        images: `[n, height, width, 3]`, [0, 1], n at least 2.
    """
    latents = np.concatenate(
        [
            np.asarray(model.encode(images[k : k + BATCH]))
            for k in range(0, len(images), BATCH)
        ]
    )
    random = np.random.default_rng(SEED)
    first = random.integers(len(images), size=PAIRS)
    other = random.integers(1, len(images), size=PAIRS)
    second = (first + other) % len(images)  # Never the first one itself.
    middles = (latents[first] + latents[second]) / 2
    squares = (
        np.sum(middles**2, 1)[:, None]
        + np.sum(latents**2, 1)
        - 2 * middles @ latents.T
    )
    nearest = squares.min(axis=1)
    chosen = [np.argmin(nearest), np.argmax(nearest)]
    ends = np.stack([latents[first[chosen]], latents[second[chosen]]], axis=1)
    return Manifold(latents, ends, np.asarray(model.decode(ends.mean(axis=1))))


def projection(latents: np.ndarray):
    """Finds the plane, or the space, in which latents are drawn.

    Args:
        latents: `[n, latent_dim]`.

    Returns:
        A function from latents `[..., latent_dim]` to `[..., 2 or 3]`, and the
        shares of variance along these axes: principal components if there are
        more than 3 dimensions, else the dimensions themselves and None.
    """
    dimensions = latents.shape[-1]
    if dimensions in (2, 3):
        return lambda points: points, None
    middle = latents.mean(axis=0)
    _, size, axes = np.linalg.svd(latents - middle, full_matrices=False)
    axes = np.pad(axes, [(0, max(0, 2 - len(axes))), (0, 0)])[:2]
    size = np.pad(size, [0, max(0, 2 - len(size))])
    shares = size[:2] ** 2 / max(np.sum(size**2), np.finfo(float).tiny)
    return lambda points: (points - middle) @ axes.T, shares


def grid_lines(image_set, factor: str) -> np.ndarray:
    """Returns `[edges, 2]`, the images next to each other along a factor."""
    pairs = paths.neighbours(image_set)
    way = image_set.difference(factor, pairs[:, 0], pairs[:, 1])
    return pairs[np.abs(way) > paths.PRECISION]


def draw(
    image_set, models: Mapping, methods: Sequence[str]
) -> Iterator[tuple[str, str, str, matplotlib.figure.Figure]]:
    """Draws figure 2.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        models: `aeai_tf.methods.base.InterpolationModel`s by method.
        methods: the keys of those to draw.

    Yields:
        Name, title, caption and figure; nothing without methods.
    """
    if not methods:
        return
    found = {m: measure(models[m], image_set.images) for m in methods}
    projected = [
        f"{style.of(method).label} {shares.sum():.0%}"
        for method, seen in found.items()
        if (shares := projection(seen.latents)[1]) is not None
    ]
    explained = (
        " Of latents with more than 3 dimensions the two principal components "
        f"are shown; share of variance explained: {', '.join(projected)}. What "
        "is off the manifold may lie on it in this projection."
        if projected
        else ""
    )
    yield (
        "figure_02_manifold",
        "Figure 2: the latent manifold",
        f"The latents of all images; grid lines along "
        f"{' and '.join(image_set.factors)}. Beside it what the decoder makes "
        f"of A, on the manifold, and B, off it: of the midpoints of {PAIRS} "
        f"random pairs (dashed) those nearest to, and furthest from, the "
        f"latent of any image.{explained}",
        manifolds(image_set, found),
    )


@canvas.styled
def manifolds(
    image_set, found: Mapping[str, Manifold]
) -> matplotlib.figure.Figure:
    """Draws the manifolds of methods, two in a row."""
    in_row = min(2, len(found))
    rows = -(-len(found) // in_row)
    figure = matplotlib.figure.Figure(
        figsize=(canvas.WIDTH, rows * HEIGHT + 0.6), layout="constrained"
    )
    # A plot, its two images, and room for the names of the next plot's axes.
    places = figure.add_gridspec(
        2 * rows, 3 * in_row, width_ratios=[2.6, 1, 0.25] * in_row
    )
    factor = list(image_set.factors)[-1]
    values = image_set.factors[factor]
    period = image_set.periods[factor]
    scale = colors.Normalize(0, period) if period else colors.Normalize()
    shades = cm.ScalarMappable(scale, COLOURS if period else "viridis")
    shades.set_array(values)
    plots = []
    for k, (method, seen) in enumerate(found.items()):
        row, column = 2 * (k // in_row), 3 * (k % in_row)
        project, shares = projection(seen.latents)
        dimensions = project(seen.latents).shape[1]
        plot = figure.add_subplot(
            places[row : row + 2, column],
            projection="3d" if dimensions == 3 else None,
        )
        plot.set_title(style.of(method).label)
        _lines(plot, image_set, project(seen.latents))
        points = project(seen.latents).T
        plot.scatter(
            *points,
            c=shades.to_rgba(values),
            s=9,
            lw=0.3,
            edgecolors="#666666",
            zorder=3,
        )
        _points(plot, project(seen.ends))
        _name_axes(plot, dimensions, shares)
        plots.append(plot)
        for part, (name, image) in enumerate(
            zip("AB", seen.decoded, strict=True)
        ):
            axis = figure.add_subplot(places[row + part, column + 1])
            axis.imshow(np.clip(image, 0, 1))
            axis.set_title(name, weight="bold")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)  # White images have an edge.
    bar = figure.colorbar(
        shades, ax=plots, location="bottom", shrink=0.6, aspect=40
    )
    bar.set_label(f"{factor} in degrees")
    return figure


def _lines(plot, image_set, latents: np.ndarray) -> None:
    for factor, colour in zip(reversed(image_set.factors), LINES, strict=False):
        edges = latents[grid_lines(image_set, factor)]
        # NaN ends a line: all of them are drawn at once.
        lines = np.pad(edges, [(0, 0), (0, 1), (0, 0)], constant_values=np.nan)
        lines = lines.reshape(-1, latents.shape[1])
        plot.plot(*lines.T, color=colour, lw=0.6, zorder=1)


def _points(plot, ends: np.ndarray) -> None:
    for name, pair in zip("AB", ends, strict=True):
        plot.plot(*pair.T, color="#111111", ls="--", lw=0.8, zorder=4)
        plot.plot(
            *pair.mean(axis=0)[:, np.newaxis],
            marker="o",
            ms=11,
            mfc="white",
            mec="#111111",
            zorder=5,
        )
        plot.text(
            *pair.mean(axis=0),
            name,
            ha="center",
            va="center_baseline",
            fontsize=7.5,
            weight="bold",
            zorder=6,
        )


def _name_axes(plot, dimensions: int, shares) -> None:
    names = [f"z{k + 1}" for k in range(dimensions)]
    if shares is not None:
        names = [
            f"component {k + 1} ({share:.0%})" for k, share in enumerate(shares)
        ]
    plot.set_xlabel(names[0])
    plot.set_ylabel(names[1])
    plot.tick_params(labelsize=7)
    if dimensions == 3:
        plot.set_zlabel(names[2], labelpad=3)
        plot.locator_params(nbins=4)
        plot.set_box_aspect(None, zoom=0.85)  # Room for the names of the axes,
        plot.zaxis.set_ticks_position("lower")  # and of z at the left, where
        plot.zaxis.set_label_position("lower")  # no image stands.
