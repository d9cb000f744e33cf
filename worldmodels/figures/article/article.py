"""The article: one HTML file with its text, its code, its style and all weights inside."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from worldmodels.figures.article.numbers import NUMBERS
from worldmodels.figures.page.page import FOLDER as PAGE_FOLDER

FOLDER = Path(__file__).parent
ENTRY = "article/article.js"
TOYS = [  # each has its text, its style and its code
    *("vision_toy", "memory_toy", "controller_toy"),
    *("evolution_toy", "cheat_toy", "carracing_toy"),
]
PART = re.compile(r"<!-- (\w+) -->")  # where the template takes a part
SLOT = re.compile(r"\{\{(\w+)\}\}")  # where the text takes a number
# What the experiments do in the browser.
SEARCH = {  # of C, in dreams
    "population": 24,
    "generations": 24,
    "dreams": 1,  # of a candidate in a generation
    "sigma": 0.1,
    "temperature": 1.0,
}
RACE_SECONDS = 10  # of the game


def article(data: Mapping[str, Any], values: Mapping[str, float]) -> str:
    """The article as HTML.

    Args:
        data: what its code reads as JSON.
        values: of NUMBERS, by name.
    """
    settings = {"search": SEARCH, "race_seconds": RACE_SECONDS}
    # The text must not close the element that holds it.
    text = json.dumps({**data, "settings": settings}, allow_nan=False, separators=(",", ":"))
    styles = ["article.css", *(f"{toy}.css" for toy in TOYS)]
    parts = {
        "style": f"<style>\n{''.join(map(_read, styles))}</style>",
        "modules": f'<script type="importmap">{_import_map()}</script>',
        "data": '<script type="application/json" id="data">'
        + text.replace("<", "\\u003c")
        + "</script>",
        "code": f'<script type="module">import "{ENTRY}";</script>',
    }
    numbers = {name: NUMBERS[name].markup(values[name]) for name in NUMBERS}
    numbers |= {f"search_{name}": f"{value:g}" for name, value in SEARCH.items()}
    numbers |= {"race_seconds": f"{RACE_SECONDS:g}"}

    def prose(file: str) -> str:
        return SLOT.sub(lambda slot: numbers[slot[1]], _read(file))

    parts |= {toy: prose(f"{toy}.html") for toy in TOYS}
    return PART.sub(lambda part: parts[part[1]], prose("article.html"))


def _import_map() -> str:
    """The modules of the article, as article/NAME, and those of the page, by their names.

    From disk, a browser loads no module files, but it does load modules from `data:` URLs.
    """
    paths = {path.name: path for path in sorted(PAGE_FOLDER.glob("*.js"))}
    paths |= {f"article/{path.name}": path for path in sorted(FOLDER.glob("*.js"))}
    urls = {
        name: f"data:text/javascript;base64,{base64.b64encode(path.read_bytes()).decode()}"
        for name, path in paths.items()
    }
    return json.dumps({"imports": urls}, separators=(",", ":"))


def _read(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")
