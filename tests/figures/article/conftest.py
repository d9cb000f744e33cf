"""The article as a file, and a browser to open it in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import CHROMIUM, Browser, chromium
from tools.article import make_article


@pytest.fixture(scope="session")
def article() -> str:
    return make_article()


@pytest.fixture(scope="session")
def page(article: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("article") / "article.html"
    path.write_text(article, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium")
    with chromium() as browser:
        yield browser
