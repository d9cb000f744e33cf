"""Files as the stages make them."""

from pathlib import Path

import pytest

from tests.support.valid_files import make_valid_files


@pytest.fixture(scope="session")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all six artifacts, a curve and params, to read from."""
    folder = tmp_path_factory.mktemp("valid")
    make_valid_files(folder)
    return folder
