"""How cost grows with the size of images, batches, sets and the rest."""

import os
import sys
import time

from aeai_tf.bench import turns
from aeai_tf.errors import UserError

# Each point differs from the settings in these values, and, so that large
# images fit into memory, all points of that axis in its batch.
AXES = {
    "image_size": (32, 64, 96, 128, 192, 256),
    "batch_size": (4, 8, 16, 32, 64, 128),
    "num_alphas": (1, 2, 4, 8),
    "images": (72, 720, 7200),
    "paths": (10, 100, 1000, 10_000),
}
OF_STEP = ("image_size", "batch_size", "num_alphas")
BATCH_OF_SIZES = 8
STEPS = 10
COMPILING = 20.0  # Seconds, of a point beside its steps.
SHARE_OF_MEMORY = 0.8


def measure(settings: dict, point_seconds: float) -> dict[str, list[dict]]:
    """Measures AEAI along every axis, one process a point.

    Args:
        settings: as of `settings.load_config`.
        point_seconds: a point that is expected to take longer than this, or
            more memory than there is, is left out and says so.

    Returns:
        Points by axis. All have "value"; those left out "skipped", a
        sentence; of the first three axes "median_ms", "quartiles_ms" and
        "peak_mib"; of "images" also "load_seconds", from PNG files, and
        "first_batch_seconds", of the pipeline; of "paths" "seconds" of
        evaluation, and "detailed_seconds" with all measures.
    """
    found = {}
    for axis, values in AXES.items():
        found[axis] = points = []
        for value in values:
            skipped = _too_much(axis, value, points, point_seconds)
            if skipped:
                points.append({"value": value, "skipped": skipped})
                continue
            print(f"growth: {axis} {value}", file=sys.stderr)
            began = time.monotonic()
            try:
                point = _point(axis, value, settings)
            except UserError as error:  # Out of memory, say.
                points.append({"value": value, "skipped": str(error)})
                continue
            point["total_seconds"] = time.monotonic() - began
            points.append({"value": value, **point})
    return found


def _too_much(axis: str, value, points, point_seconds: float) -> str | None:
    """Why a point is left out, by what the one before it took."""
    if not points:
        return None
    before = points[-1]
    if "skipped" in before:
        return before["skipped"]
    times = value / before["value"]
    if axis == "image_size":
        times **= 2
    seconds = COMPILING + times * max(0, before["total_seconds"] - COMPILING)
    if seconds > point_seconds:
        return f"about {seconds:.0f} s, more than {point_seconds:g}"
    if axis not in OF_STEP:
        return None  # Images and paths are small beside a step.
    memory = times * before["peak_mib"]
    available = SHARE_OF_MEMORY * _available_mib()
    if memory > available:
        return f"up to {memory:.0f} MiB of memory, more than {available:.0f}"
    return None


def _available_mib() -> float:
    pages = os.sysconf("SC_AVPHYS_PAGES")
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _point(axis: str, value: int, settings: dict) -> dict:
    own = {"batch_size": BATCH_OF_SIZES} if axis == "image_size" else {}
    module = {
        "images": ("loading", settings, value),
        "paths": ("evaluating", settings, value),
    }.get(axis, ("step", "aeai", settings | own | {axis: value}))
    with turns.Held(f"{axis} {value}", *module) as held:
        if axis == "paths":
            return held.info
        seconds = turns.take({"step": turns.Thing(held)}, STEPS, axis)["step"]
        loaded = {
            key: held.info[key]
            for key in ("load_seconds", "first_batch_seconds")
            if key in held.info
        }
        return (
            turns.summary(seconds)
            | {"peak_mib": held.ask(turns.peak_mib)}
            | loaded
        )
