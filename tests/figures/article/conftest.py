"""The article as a file."""

from pathlib import Path

import pytest

from tools.article import make_article


@pytest.fixture(scope="session")
def article() -> str:
    return make_article()


@pytest.fixture(scope="session")
def page(article: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("article") / "article.html"
    path.write_text(article, encoding="utf-8")
    return path
