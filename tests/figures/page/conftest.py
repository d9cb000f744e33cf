"""Agents and their pages."""

from pathlib import Path

import pytest

from tests.support.page_agents import DOOM_KINDS, KINDS, PageAgent


@pytest.fixture(scope="session")
def agents() -> dict[str, PageAgent]:
    return {kind: PageAgent(kind) for kind in (*KINDS, *DOOM_KINDS)}


@pytest.fixture(scope="session")
def pages(agents: dict[str, PageAgent], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page of each agent."""
    folder = tmp_path_factory.mktemp("pages")
    for kind, agent in agents.items():
        (folder / f"{kind}.html").write_text(agent.play()[0], encoding="utf-8")
    return folder
