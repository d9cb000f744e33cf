"""Agents, their pages, and a browser to open the pages in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import CHROMIUM, Browser, chromium
from tests.support.page_agents import KINDS, PageAgent


@pytest.fixture(scope="session")
def agents() -> dict[str, PageAgent]:
    return {kind: PageAgent(kind) for kind in KINDS}


@pytest.fixture(scope="session")
def pages(agents: dict[str, PageAgent], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page of each agent."""
    folder = tmp_path_factory.mktemp("pages")
    for kind, agent in agents.items():
        (folder / f"{kind}.html").write_text(agent.play()[0], encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium")
    with chromium() as browser:
        yield browser
