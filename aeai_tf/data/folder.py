"""Images of the user's own: all those in a folder and in the folders in it.

Files and folders whose names begin with a dot are passed over, links to
folders are not followed, and every other file that is no usable image is left
out with a sentence. Images are in the order of their names.
"""

import concurrent.futures
import dataclasses
import functools
import os
import sys
import warnings
from collections.abc import Sequence

import numpy as np
import tqdm

from aeai_tf.data import decoding, factors_file, image_cache
from aeai_tf.errors import UserError

NAME = "folder"
# To train on three of them, and to hold one out.
FEWEST = 4
NAMED = 3  # Files, of more that have the same fault.


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the images are and how they are read: `config.data`'s keys.

    Attributes:
        dir: the folder.
        factors: path of a CSV file, see `factors_file`; empty if there is
            none.
        factor_columns: those of it to use, separated by commas; empty for all.
        fit: "crop" or "pad", see `decoding.read`.
        background: a colour that Pillow knows.
        cache_dir: see `image_cache.path`.
    """

    dir: str
    factors: str = ""
    factor_columns: str = ""
    fit: str = "crop"
    background: str = "white"
    cache_dir: str = ""

    def check(self) -> None:
        """Refuses what cannot be read at all, reading nothing.

        Raises:
            UserError: names the key and what would do.
        """
        if not self.dir:
            raise UserError(
                "the data set 'folder' is your own images: name their folder "
                "with --config.data.dir=FOLDER"
            )
        if not os.path.isdir(self.dir):
            what = "is a file" if os.path.exists(self.dir) else "does not exist"
            raise UserError(
                f"the folder of images {self.dir!r} {what}: "
                f"--config.data.dir=FOLDER names one"
            )
        decoding.check(self.fit, self.background)
        if self.factor_columns and not self.factors:
            raise UserError(
                f"data.factor_columns={self.factor_columns!r} are of no file: "
                f"name it with --config.data.factors=FILE.csv"
            )


def load(source: Source, size: int) -> dict:
    """Reads the images, and the factors if there are any.

    Args:
        source: where they are.
        size: height and width of the images, in pixels.

    Returns:
        The fields of an `aeai_tf.data.image_set.ImageSet` but for its split.
        48 KiB an image of 64 x 64 pixels.

    Raises:
        UserError: no folder, no factors where they should be, or fewer than
            `FEWEST` usable images.
    """
    source.check()
    found = source.factors and factors_file.read(
        source.factors, source.factor_columns
    )
    names = _files(source)
    decoded = _decode(source, names, size)
    for name, image in decoded.items():
        if isinstance(image, str):
            _say(f"left out {os.path.join(source.dir, name)!r}: {image}")
    usable = [n for n, image in decoded.items() if not isinstance(image, str)]
    if found:
        usable = _with_factors(source, usable, found.rows)
    if len(usable) < FEWEST:
        raise UserError(
            f"{source.dir!r} has {len(usable)} usable images, of "
            f"{len(names)} files, and at least {FEWEST} are needed"
        )
    images = np.empty([len(usable), size, size, 3], np.float32)
    for place, name in enumerate(usable):
        np.divide(decoded.pop(name), np.float32(255), out=images[place])
    return {
        "name": f"{NAME}/{os.path.basename(os.path.abspath(source.dir))}",
        "images": images,
        "factors": found.columns(usable) if found else {},
        "periods": dict(found.periods) if found else {},
        "files": tuple(usable),
    }


def _files(source: Source) -> list[str]:
    """The names of all files, as seen from the folder, with slashes."""
    names = []

    def unreadable(error: OSError):
        if error.filename == source.dir:
            raise UserError(
                f"the folder of images {source.dir!r} cannot be read "
                f"({error.strerror})"
            ) from error
        _say(f"left out {error.filename!r}: {error.strerror}")

    for here, folders, files in os.walk(source.dir, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = os.path.join(here, name)
            if name.startswith(".") or _same(path, source.factors):
                continue
            relative = os.path.relpath(path, source.dir).replace(os.sep, "/")
            if not _is_text(relative):
                _say(f"left out {path!r}: its name is no line of UTF-8")
                continue
            names.append(relative)
    return sorted(names)


def _decode(source: Source, names: Sequence[str], size: int) -> dict:
    """By name uint8 `[size, size, 3]`, or why there is no image."""
    cache = image_cache.path(
        source.cache_dir,
        *(os.path.abspath(source.dir), size, source.fit, source.background),
    )
    known = image_cache.load(cache)
    keys = [_key(source.dir, name) for name in names]

    def decode(key: image_cache.Key):
        if key in known:
            return known[key]
        path = os.path.join(source.dir, key[0])
        try:
            return decoding.read(path, size, source.fit, source.background)
        except decoding.UnusableError as error:
            return str(error)

    # Threads: Pillow decodes and resizes without Python's lock.
    with (
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # Pillow's, of odd but usable files.
        done = tqdm.tqdm(
            pool.map(decode, keys),
            f"reading {source.dir}",
            len(keys),
            unit="file",
            delay=1,
            disable=None,  # Unless on a terminal.
        )
        decoded = dict(zip(keys, done, strict=True))
    images = {k: x for k, x in decoded.items() if not isinstance(x, str)}
    if images.keys() != known.keys():
        image_cache.save(cache, images)
    return {key[0]: image for key, image in decoded.items()}


def _key(folder: str, name: str) -> image_cache.Key:
    try:
        status = os.stat(os.path.join(folder, name))
    except OSError:
        return name, -1, -1  # A link to nowhere: the reader says so.
    return name, status.st_size, status.st_mtime_ns


def _with_factors(source: Source, usable: list[str], rows) -> list[str]:
    """Those with factors; says which images and which lines have no other."""
    without = [name for name in usable if name not in rows]
    if without:
        _say(
            f"left out {_some(without)} of {source.dir!r}: no line of "
            f"{source.factors!r} names {'it' if len(without) == 1 else 'them'}"
        )
    beyond = sorted(rows.keys() - set(usable))
    if beyond:
        _say(f"{source.factors!r} names no usable image by {_some(beyond)}")
    return [name for name in usable if name in rows]


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(map(repr, names[:NAMED])) + (
        f" and {more} more" if more > 0 else ""
    )


def _same(path: str, other: str) -> bool:
    try:
        return bool(other) and os.path.samefile(path, other)
    except OSError:
        return False


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return len(name.splitlines()) == 1


@functools.cache  # Several runs on one folder are often loaded together.
def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
