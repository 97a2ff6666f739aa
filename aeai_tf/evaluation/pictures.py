"""Pictures of what the models draw: AEAI paper, figures 1, 2, 5 and 9 to 13.

Strips are straight lines in latent space, decoded; grids are bilinear patches
between the latents of four images.
"""

from collections.abc import Mapping

import matplotlib.figure
import numpy as np

from aeai_tf import interpolation
from aeai_tf.data import showcase
from aeai_tf.errors import UserError
from aeai_tf.evaluation import canvas, figures, manifold, paths, style

BLEND = "pixel_blend"
STRIP_ALPHAS = np.linspace(0.0, 1.0, 9, dtype=np.float32)
SIDE = 7  # Images of a grid, along either side.
GAP = 0.06  # Between images, of an image's side.
BACKGROUND = 0.88  # White images stand out from it.


def draw(image_set, models: Mapping, out_dir: str) -> list[figures.Figure]:
    """Draws all pictures of a set of models.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        models: `aeai_tf.methods.base.InterpolationModel`s by the keys of
            their methods.
        out_dir: folder for the files, made if need be.
    """
    compared, ablation = style.split(models)
    pole = image_set.name == "pole"
    drawn = [
        *_strips(image_set, models, compared, "01_05", "Figures 1 and 5"),
        *manifold.draw(image_set, models, [m for m in compared if m != BLEND]),
        *_grids(
            image_set,
            models,
            compared,
            *(("11", "Figure 11") if pole else ("09_10", "Figures 9 and 10")),
        ),
    ]
    if ablation:
        title = "Figures 12 and 13, ablation"
        drawn += [
            *_strips(image_set, models, ablation, "12_13", title),
            *_grids(image_set, models, ablation, "12_13", title),
        ]
    return [
        figures.save(figure, out_dir, name, title, caption)
        for name, title, caption, figure in drawn
    ]


def strip_rows(image_set, models, methods, source: int, target: int) -> dict:
    """Interpolates between two images with every method.

    Args:
        image_set: an `aeai_tf.data.image_set.ImageSet`.
        models: by the keys of their methods.
        methods: the keys of those to draw.
        source: index of the image at alpha 0.
        target: index of the image at alpha 1.

    Returns:
        Rows `[9, height, width, 3]` by label: the pixel blend, the methods,
        and the true images where the set knows them.
    """
    ends = image_set.images[[source]], image_set.images[[target]]
    alphas = STRIP_ALPHAS[np.newaxis]
    rows = {style.of(BLEND).label: interpolation.lerp(*ends, alphas)[0].numpy()}
    for method in methods:
        images = models[method].interpolate(*ends, alphas)
        rows[style.of(method).label] = np.asarray(images[0])
    truth = [image_set.between(source, target, a) for a in STRIP_ALPHAS]
    if any(image is not None for image in truth[1:-1]):
        blank = np.full_like(ends[0][0], BACKGROUND)
        rows["true"] = np.stack([blank if x is None else x for x in truth])
    return rows


@canvas.styled
def strip(rows: Mapping[str, np.ndarray]) -> matplotlib.figure.Figure:
    """Draws rows of images, `strip_rows`, under their alphas."""
    steps = len(STRIP_ALPHAS)
    left = 0.2 + 0.075 * max(map(len, rows))  # Inches, for their names.
    side = (canvas.WIDTH - left) / steps
    figure = matplotlib.figure.Figure(
        figsize=(canvas.WIDTH, side * len(rows) + 0.4), layout="constrained"
    )
    axis = figure.subplots()
    centres = _show(axis, np.stack(list(rows.values())))
    axis.set_xticks(centres[:steps], [f"{a:.3g}" for a in STRIP_ALPHAS])
    axis.set_yticks(centres[: len(rows)], rows)
    axis.xaxis.tick_top()
    axis.set_title("alpha", fontsize=9)
    return figure


def grid_indices(image_set) -> np.ndarray | None:
    """Chooses the images of a grid whose corners are interpolated between.

    With two factors the first one changes from row to row and the last one
    from column to column, by one spacing if it ends somewhere and by two if it
    goes round. With one factor, each column is a spacing further than the one
    before, and each row two spacings. Of the grids in the set that one is
    taken of whose corners the most are held out.

    Returns:
        `[7, 7]`, indices; None if the set has no such grid.
    """
    names = list(image_set.factors)
    down, across = names[0], names[-1]
    strides = {name: 2 if image_set.periods[name] else 1 for name in names}
    if down == across:
        walks = [_walks(image_set, down, stride) for stride in (2, 1)]
    else:
        walks = [_walks(image_set, n, strides[n]) for n in (down, across)]
    grids = [
        np.stack([walks[1][k] for k in first])
        for first in walks[0].values()
        if all(k in walks[1] for k in first)
    ]
    corners = [np.isin(g[::6, ::6], image_set.held_out).sum() for g in grids]
    return grids[int(np.argmax(corners))] if grids else None


def grid_images(model, images: np.ndarray) -> np.ndarray:
    """Decodes the bilinear patch between the latents of four images.

    Args:
        model: an `aeai_tf.methods.base.InterpolationModel`.
        images: `[2, 2, height, width, 3]`, [0, 1].

    Returns:
        `[7, 7, height, width, 3]`.
    """
    latents = model.encode(images.reshape(4, *images.shape[2:]))
    places = np.linspace(0.0, 1.0, SIDE, dtype=np.float32)
    patch = interpolation.bilinear(latents, *np.meshgrid(places, places))
    decoded = model.decode(np.reshape(patch, [SIDE**2, -1]))
    return np.reshape(decoded, [SIDE, SIDE, *images.shape[2:]])


@canvas.styled
def grid(blocks: Mapping[str, np.ndarray]) -> matplotlib.figure.Figure:
    """Draws a block `[7, 7, height, width, 3]` a name."""
    columns = min(len(blocks), 2 if len(blocks) == 4 else 3)
    figure, axes = canvas.panels(
        len(blocks), columns, canvas.WIDTH / columns + 0.3
    )
    for axis, (name, images) in zip(axes.flat, blocks.items(), strict=False):
        _show(axis, images)
        axis.set_title(name)
        axis.set_xticks([])
        axis.set_yticks([])
    return figure


def mosaic(images: np.ndarray) -> np.ndarray:
    """Puts images side by side, with gaps between them.

    Args:
        images: `[rows, columns, height, width, 3]`, [0, 1]; values outside
            are clipped.

    Returns:
        `[picture_height, picture_width, 3]`.
    """
    rows, columns, height, width, _ = images.shape
    gap = _gap(width)
    cells = np.full(
        [rows, columns, height + gap, width + gap, 3], BACKGROUND, np.float32
    )
    cells[:, :, :height, :width] = np.clip(images, 0, 1)
    whole = cells.transpose(0, 2, 1, 3, 4).reshape(
        rows * (height + gap), columns * (width + gap), 3
    )
    return whole[:-gap, :-gap]


def _strips(image_set, models, methods, number, title):
    for source, target in showcase.pairs(image_set):
        pair = showcase.name(image_set, source, target)
        rows = strip_rows(image_set, models, methods, source, target)
        held_out = {source, target} <= set(image_set.held_out.tolist())
        yield (
            f"figure_{number}_strip_{showcase.file_name(pair)}",
            f"{title}: {pair}",
            "Interpolation between two images, one row a method; bottom: the "
            "true images."
            + (
                " The end points are held out of training (first run's split)."
                if held_out
                else ""
            ),
            strip(rows),
        )


def _grids(image_set, models, methods, number, title):
    indices = grid_indices(image_set)
    if indices is None:
        return
    corners = image_set.images[indices[::6, ::6]]
    blocks = {
        style.of(m).label: grid_images(models[m], corners) for m in methods
    }
    blocks["true"] = image_set.images[indices]
    first, last = indices[0, 0], indices[-1, -1]
    span = " and ".join(
        f"{name} from {values[first]:g}° to {values[last]:g}°"
        for name, values in image_set.factors.items()
    )
    held_out = np.isin(indices[::6, ::6], image_set.held_out).sum()
    yield (
        f"figure_{number}_grid",
        f"{title}: bilinear interpolation",
        f"Each block is decoded from the bilinear interpolation of the latents "
        f"of four images, those in the corners of the last block: {span}. "
        f"{held_out} of the four are held out of training (first run's split). "
        f"Last block: the true images.",
        grid(blocks),
    )


def _walks(image_set, factor: str, stride: int) -> dict[int, np.ndarray]:
    """`[7]` indices a stride apart along a factor, by their first one."""
    degrees = (SIDE - 1) * stride * paths.spacing(image_set, factor)
    if degrees >= (image_set.periods[factor] or np.inf) / 2:
        return {}  # The other way round is as short.
    try:
        found = paths.along(image_set, {factor: degrees})
    except UserError:
        return {}
    return {int(path[0]): path[::stride] for path in found}


def _show(axis, images: np.ndarray) -> np.ndarray:
    """Shows a mosaic; returns the middles of its columns, in pixels."""
    axis.imshow(mosaic(images))
    axis.grid(visible=False)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    width = images.shape[3]
    count = max(images.shape[:2])
    return np.arange(count) * (width + _gap(width)) + (width - 1) / 2


def _gap(width: int) -> int:
    return max(1, round(GAP * width))
