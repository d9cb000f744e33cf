"""The released agents, and what their cards show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.support.documented_commands import FENCE
from tests.support.project import ROOT

OF_A_RECIPE = ("recipes/dream", "recipes/paper")  # whose pipeline has made what is released
PROJECTS = (*OF_A_RECIPE, "carracing")


def released(project: str) -> Path:
    """The folder of a project's agent."""
    return ROOT / project / "released"


def read_json(project: str, name: str) -> dict[str, Any]:
    """The content of one of its JSON files."""
    content: dict[str, Any] = json.loads((released(project) / name).read_text(encoding="utf-8"))
    return content


def card(project: str) -> str:
    """The text of its card."""
    return (released(project) / "README.md").read_text(encoding="utf-8")


def code(project: str, language: str) -> str:
    """The one block of code in this language in its card."""
    (found,) = (text for name, text in FENCE.findall(card(project)) if name == language)
    return str(found)


def table(project: str) -> dict[str, list[str]]:
    """The rows of its card's tables, by their first cells."""
    lines = re.findall(r"^\| (.*) \|$", card(project), re.M)
    return {first: rest for first, *rest in (line.split(" | ") for line in lines)}
