"""The folder layout of served models: one whole number a version."""

import os


def versions(base_path: str | os.PathLike) -> dict[int, str]:
    """Finds the versions below a model's folder, as TensorFlow Serving does.

    Args:
        base_path: folder whose sub-folders are versions; those whose names
            are no whole numbers are skipped, and `00000123` is 123.

    Returns:
        Version -> path of its folder, ascending.

    Raises:
        OSError: `base_path` is no folder, or cannot be read.
    """
    found = {}
    with os.scandir(base_path) as entries:
        for entry in entries:
            if entry.name.isascii() and entry.name.isdigit() and entry.is_dir():
                found[int(entry.name)] = entry.path
    return dict(sorted(found.items()))
