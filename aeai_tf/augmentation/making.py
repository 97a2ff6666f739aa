"""New samples of a run, as files: begun, or resumed where they stopped.

augment.json in the folder holds the settings, and once the last sample is
there the result.
"""

import dataclasses
import json
import math
import os
import sys
import zlib

import tqdm

from aeai_tf import files, runs
from aeai_tf.augmentation import writing
from aeai_tf.augmentation.recipe import Recipe
from aeai_tf.augmentation.sampler import Sampler
from aeai_tf.errors import UserError

SETTINGS = "augment.json"


def make(
    run: str,
    out: str,
    count: int,
    recipe: Recipe,
    *,
    threshold: float | None = None,
    file_format: str = "png",
    tries: int = 20,
    **places: str | None,
) -> dict:
    """Makes samples until so many have passed the filter.

    The same settings make the same files, however often the call was stopped,
    on one machine; a larger count adds to them.

    Args:
        run: folder of a run with a checkpoint.
        out: folder for the files, made if absent.
        count: samples to keep, at least 1.
        recipe: how to draw them.
        threshold: the greatest distance to the nearest training image, in
            units (`credibility.Credibility`); by default its own.
        file_format: "png" or "tfrecord".
        tries: attempts for each sample to keep, on average, before giving up.
        **places: where the images are, as in `aeai_tf.runs.load_data`.

    Returns:
        "kept", "attempts", "dropped", "threshold", "unit".

    Raises:
        UserError: bad input, a folder with something else in it, or too few
            samples that pass. Those that did are kept.
    """
    if count < 1 or tries < 1:
        raise UserError(f"count={count} and tries={tries} must be 1 or more")
    if threshold is not None and not threshold > 0:
        raise UserError(f"the threshold must be above 0, not {threshold}")
    old = _old(out)
    config, checkpoint = runs.find(run)
    data = runs.load_data(config, **places)
    runs.check_images(run, data)
    _, model = runs.load(run)
    sampler = Sampler(model, data, recipe)
    credible = sampler.credibility
    threshold = credible.threshold if threshold is None else threshold
    settings = {
        **dataclasses.asdict(recipe),
        # JSON has no number for it.
        "threshold": threshold if math.isfinite(threshold) else "inf",
        "format": file_format,
        "method": config.method,
        "data_set": data.name,
        "checkpoint": _checksum(checkpoint),
        "images": f"{zlib.crc32(data.images[data.train]):08x}",
    }
    _check_old(out, old, settings, count)
    path = os.path.join(out, SETTINGS)
    os.makedirs(out, exist_ok=True)
    files.write_text(path, _json(settings, None))
    writer = writing.FORMATS[file_format](out, data, recipe.ways)
    attempts = writer.next_attempt
    with tqdm.tqdm(
        *(None, "keeping", count),
        initial=writer.kept,
        unit="sample",
        mininterval=0.5 if sys.stderr.isatty() else 30,
    ) as bar:
        for sample in sampler.samples(attempts):
            if writer.kept >= count or attempts >= tries * count:
                break
            attempts = sample.attempt + 1
            if sample.distance <= threshold:
                writer.write(sample)
                bar.update()
    writer.finish()
    result = {
        "kept": writer.kept,
        "attempts": attempts,
        "dropped": attempts - writer.kept,
        "threshold": settings["threshold"],
        "unit": credible.unit,
    }
    files.write_text(path, _json(settings, result))
    if writer.kept < count:
        raise UserError(
            f"only {writer.kept} of {count} samples are within {threshold:.3g} "
            f"units of a training image after {attempts} attempts, and are in "
            f"{out!r}; reconstructed training images are "
            f"{sampler.reconstruction:.3g} away: train longer, or raise "
            f"--threshold, or --tries"
        )
    return result


def _old(out: str) -> dict | None:
    """The settings and the result of an earlier call; None without one."""
    if not os.path.exists(out):
        return None
    if not os.path.isdir(out):
        raise UserError(f"--out: {out!r} is a file; name a folder")
    path = os.path.join(out, SETTINGS)
    if not os.path.isfile(path):
        if os.listdir(out):
            raise UserError(
                f"--out: {out!r} is neither empty nor an earlier "
                f"aeai-augment's; choose another"
            )
        return None
    with open(path) as file:
        return json.load(file)


def _check_old(out: str, old, settings: dict, count: int) -> None:
    if old is None:
        return
    # As they come back from JSON.
    new = json.loads(_json(settings, None))["settings"]
    different = [
        f"{key} is {old['settings'].get(key)!r} there and {new[key]!r} here"
        for key in new
        if old["settings"].get(key) != new[key]
    ]
    if different:
        raise UserError(
            f"--out: {out!r} holds samples made with other settings "
            f"({'; '.join(different)}); choose another, or repeat those"
        )
    kept = old["result"]["kept"] if old["result"] else 0
    if kept > count:
        raise UserError(
            f"--out: {out!r} holds {kept} samples already, more than the "
            f"{count} asked for; choose another"
        )


def _json(settings: dict, result: dict | None) -> str:
    whole = {"settings": settings, "result": result}
    return json.dumps(whole, indent=2) + "\n"


def _checksum(path: str) -> str:
    checksum = 0
    with open(path, "rb") as file:
        while part := file.read(2**20):
            checksum = zlib.crc32(part, checksum)
    return f"{os.path.basename(path)} {checksum:08x}"
