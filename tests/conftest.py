"""What tests share: where the real images are, if they are here."""

import os
import pathlib

import pytest
from tensorflow.python.framework import config

BESIDE = pathlib.Path(__file__).parents[2] / "shared/data/coil-100"


@pytest.fixture(scope="session")
def coil100_dir() -> str:
    """Folder with PNGs of COIL-100; skips where there is none."""
    folder = os.environ.get("AEAI_COIL100_DIR", BESIDE)
    if not os.path.isdir(folder):
        pytest.skip(
            "needs images of COIL-100: set AEAI_COIL100_DIR to a folder with "
            "the archive's PNGs"
        )
    return str(folder)


@pytest.fixture(autouse=True)
def _no_determinism_left_on():
    """A training switches it on for its process, and Keras then has no XLA."""
    yield
    config.disable_op_determinism()
