"""The interactive pages: one HTML file with its code, its style and all weights inside."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
ENTRY = "page.js"
PLAIN = " !$&'()*+,/:;=?@[]^`{|}~"  # what a URL need not escape, in a script element
SLOT = re.compile(r"<!-- (\w+) -->")  # where a template takes a part

Arrays = Mapping[str, NDArray[Any]]


def page(data: Mapping[str, Any]) -> str:
    """The page of the racing environment or of CarRacing as HTML; its code reads `data` as JSON."""
    return _page(data, "page.html", _style("scene.css", "small_screens.css"), ENTRY, _import_map())


def doom_page(data: Mapping[str, Any]) -> str:
    """The page of Doom as HTML; its code, which reads `data` as JSON, is in the folder `doom`."""
    style = _style("scene.css", "small_screens.css", "doom/page.css")
    return _page(data, "doom/page.html", style, "doom/main.js", _import_map("doom"))


def _page(data: Mapping[str, Any], template: str, layout: str, entry: str, modules: str) -> str:
    # The text must not close the element that holds it.
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return _fill(
        template,
        {
            "layout": layout,
            "modules": f'<script type="importmap">{modules}</script>',
            "data": f'<script type="application/json" id="data">{text}</script>',
            "code": f'<script type="module">import "{entry}";</script>',
        },
    )


def too_large_page(*, weights: int, size: int, bytes_a_weight: int, limit: int) -> str:
    """A page that says why there is none for these models.

    Args:
        weights: of V, M and C.
        size: bytes that the page would have.
        bytes_a_weight: at this precision.
        limit: the most bytes that it may have.
    """
    return _fill(
        "too_large.html",
        {
            "weights": f"{weights:,}",
            "bytes": f"{size:,}",
            "bytes_a_weight": str(bytes_a_weight),
            "limit": f"{limit:,}",
        },
    )


def pack(arrays: Arrays, size: int) -> dict[str, dict[str, Any]]:
    """Arrays by name as weights.js unpacks them: the shape, and base64 of float32 values rounded to
    their `size` highest bytes.

    4 bytes are the whole value; 3 keep 15 bits of the mantissa, 2 keep 7.
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
    dropped = 8 * (4 - size)
    if dropped:
        bits = bits + np.uint32(1 << (dropped - 1))  # round to nearest
    return bits.astype("<u4").view(np.uint8).reshape(-1, 4)[:, 4 - size :].tobytes()


def _import_map(*subfolders: str) -> str:
    """All modules of the folder by file name, and those of subfolders, as `data:` URLs.

    From disk, a browser loads no module files, but it does load modules from `data:` URLs.
    """
    paths = [path for each in (".", *subfolders) for path in sorted((FOLDER / each).glob("*.js"))]
    urls = {
        path.relative_to(FOLDER).as_posix(): f"data:text/javascript,{quote(_read(path), PLAIN)}"
        for path in paths
    }
    return json.dumps({"imports": urls}, separators=(",", ":"))


def _fill(template: str, parts: Mapping[str, str]) -> str:
    """A template of the folder with its slots filled, `style` with what all pages share."""
    whole = {"style": _style("page.css"), **parts}
    return SLOT.sub(lambda slot: whole[slot[1]], _read(template))


def _style(*files: str) -> str:
    return f"<style>\n{''.join(map(_read, files))}</style>"


def _read(file: str | Path) -> str:
    return (FOLDER / file).read_text(encoding="utf-8")
