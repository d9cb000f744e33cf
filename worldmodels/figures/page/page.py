"""The page to play in: one file of HTML, with its code, its looks and all weights inside."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "play"
ENTRY = "page.js"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<file>\w+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(async |)(const|function|class) )", re.MULTILINE)
DECLARED = re.compile(r"^(?:async )?(?:const|let|function|class) (\w+)", re.MULTILINE)
PLACE = re.compile(r"<!-- (style|data|code) -->")
Arrays = Mapping[str, NDArray[Any]]


def page(data: Mapping[str, Any]) -> str:
    """The whole page; `data` is what its code finds in it."""
    # No text in it may close the element that it stands in.
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "style": f"<style>\n{_read('page.css')}</style>",
        "data": f'<script type="application/json" id="data">{text}</script>',
        "code": f'<script type="module">\n{bundled(ENTRY)}</script>',
    }
    return PLACE.sub(lambda place: parts[place[1]], _read("page.html"))


def bundled(entry: str) -> str:
    """A module and all that it imports as one: imports first, in one scope, without a bundler.

    Browsers load no modules from disk, but take an inline one. So that plain text will do, modules
    write imports and exports in one form only, and no two declare the same name.

    Raises:
        ValueError: they do not.
    """
    texts: dict[str, str] = {}

    def visit(file: str) -> None:
        text = _read(file)
        for wanted in IMPORT.finditer(text):
            if wanted["file"] not in texts:
                visit(wanted["file"])
        texts[file] = EXPORT.sub("", IMPORT.sub("", text))

    visit(entry)
    owners: dict[str, str] = {}
    for file, text in texts.items():
        if found := re.search(r"^(import|export)\b.*", text, re.MULTILINE):
            raise ValueError(f"{file}: cannot be bundled: {found[0]!r}")
        for name in DECLARED.findall(text):
            if name in owners:
                raise ValueError(f"{file}: {name!r} is declared in {owners[name]}, too")
            owners[name] = file
    return "\n".join(f"// {file}\n{text}" for file, text in texts.items())


def packed(arrays: Arrays, size: int) -> dict[str, dict[str, Any]]:
    """Arrays by name as the page unpacks them: shape, and float32 rounded to its `size` highest
    bytes, in base64. 4 bytes are all of it, 3 leave 15 bits of the mantissa, 2 leave 7.
    """
    return {
        name: {
            "shape": list(array.shape),
            "data": base64.b64encode(_highest_bytes(array, size)).decode(),
        }
        for name, array in arrays.items()
    }


def _highest_bytes(array: NDArray[Any], size: int) -> bytes:
    bits = np.ascontiguousarray(array, "<f4").ravel().view("<u4")
    lost = 8 * (4 - size)
    if lost:
        bits = bits + np.uint32(1 << (lost - 1))  # to the nearest
    return bits.astype("<u4").view(np.uint8).reshape(-1, 4)[:, 4 - size :].tobytes()


def _read(file: str) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")
