import pytest

from tests.pose_regression import toy


@pytest.fixture(scope="package")
def images(tmp_path_factory) -> str:
    """Folder with object 5."""
    return toy.save(tmp_path_factory.mktemp("images"))
