"""Decoded images, kept from one call to the next.

One file a folder and way of decoding, below `$XDG_CACHE_HOME/aeai_tf` or
`~/.cache/aeai_tf`. An image is taken from it while its file has the size and
the time of change that it had; the cache may be deleted at any time.
"""

import contextlib
import hashlib
import json
import os
import uuid
import zipfile
from collections.abc import Mapping

import numpy as np
import PIL

# A file is known by its name, its size and when it was changed.
Key = tuple[str, int, int]


def path(cache_dir: str, *what) -> str:
    """Names the cache of images that are decoded in one way.

    Args:
        cache_dir: folder of all caches; empty for the one of the module.
        *what: all that the decoded images depend on, but for their files.
    """
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    text = json.dumps([*what, PIL.__version__])
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    return os.path.join(
        cache_dir or os.path.join(home, "aeai_tf"), f"images_{name}.npz"
    )


def load(path: str) -> dict[Key, np.ndarray]:
    """Loads what `save` saved; nothing if it is absent or damaged.

    Returns:
        The images, uint8 `[size, size, 3]`, by their files.
    """
    try:
        with np.load(path) as arrays:
            images = arrays["images"]
            keys = json.loads(str(arrays["keys"]))
        return dict(zip(map(tuple, keys), images, strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def save(path: str, images: Mapping[Key, np.ndarray]) -> None:
    """Saves whole or not at all, if there is room; it is only a cache."""
    arrays = {
        "images": np.array(list(images.values())),
        "keys": json.dumps(list(images)),
    }
    partial = f"{path}.{uuid.uuid4().hex}.partial"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(partial, "wb") as file:
            np.savez(file, **arrays)
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.remove(partial)
