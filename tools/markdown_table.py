"""Tables of Markdown, as the docs have them."""

from __future__ import annotations

from collections.abc import Sequence


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells, the first of them the head; all but the first column stand to the right."""
    lines = [rows[0], ["---", *["---:"] * (len(rows[0]) - 1)], *rows[1:]]
    return "".join(
        f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|\n" for cells in lines
    )
