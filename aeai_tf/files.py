"""Files that are there whole or not at all."""

import contextlib
import os


def write_text(path: str, text: str) -> None:
    """Writes a file whole or not at all."""
    partial = path + ".partial"
    try:
        with open(partial, "w") as file:
            file.write(text)
        os.replace(partial, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.remove(partial)
        raise
