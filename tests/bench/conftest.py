"""Small networks, which compile in a second."""

import pytest

from aeai_tf import networks

FILTERS = (8,)
DENSE_UNITS = 8


@pytest.fixture(scope="module")
def small_networks():
    """One block of few maps in place of four."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "BLOCK_FILTERS", FILTERS)
        patch.setattr(networks, "DENSE_UNITS", DENSE_UNITS)
        yield
