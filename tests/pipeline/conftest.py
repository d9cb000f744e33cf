"""Files as the stages make them, and params from a text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.valid_files import make_valid_files
from worldmodels.pipeline.config.params import Params
from worldmodels.pipeline.config.reader import read_params


@pytest.fixture(scope="session")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all six artifacts, a curve and params, to read from."""
    folder = tmp_path_factory.mktemp("valid")
    make_valid_files(folder)
    return folder


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Params]:
    """Reads a text as params.yaml."""

    def read_text(text: str) -> Params:
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return read_params(path)

    return read_text
