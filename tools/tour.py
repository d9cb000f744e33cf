"""Runs the cells of docs/tour.md, and writes their outputs into it and into docs/tour.ipynb.

Run it after a change of a cell, or of what it prints: `python -m tools.tour`. A test compares.
"""

from __future__ import annotations

import worldmodels  # isort: skip  # noqa: F401  (before NumPy)
import ast
import base64
import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import nbformat
from PIL import Image

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE, NOTEBOOK = "tour.md", "tour.ipynb"
CELL = re.compile(
    r"```python\n(?P<code>.*?)```\n"
    r"(?:\n```text\n.*?```\n|\n!\[(?P<alt>[^\]]*)\]\((?P<file>[^)]*)\)\n)?",
    re.DOTALL,
)


class Output(NamedTuple):
    """What a cell prints, or the picture that is its value."""

    text: str
    picture: bytes | None = None  # a PNG


class Tour(NamedTuple):
    """The files of docs/ that the tour consists of, by name."""

    texts: dict[str, str]
    pictures: dict[str, bytes]


def run(code: str, namespace: dict[str, Any]) -> Output:
    """The output of a cell, as a notebook would show it."""
    tree, value, printed = ast.parse(code), None, io.StringIO()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, PAGE, "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), PAGE, "eval"), namespace)
    if isinstance(value, Image.Image):
        file = io.BytesIO()
        value.save(file, "png")
        return Output(printed.getvalue(), file.getvalue())
    return Output(printed.getvalue() + ("" if value is None else f"{value!r}\n"))


def tour(page: str) -> Tour:
    """The page with the outputs of its cells, run anew, and the notebook.

    Raises:
        ValueError: a cell's value is a picture, and no link to one stands below it.
    """
    outputs: list[Output] = []
    pictures: dict[str, bytes] = {}
    namespace: dict[str, Any] = {}

    def with_output(cell: re.Match[str]) -> str:
        output = run(cell["code"], namespace)
        outputs.append(output)
        shown = f"```text\n{output.text}```\n" if output.text else ""
        if output.picture:
            if not cell["file"]:
                raise ValueError(f"{PAGE}: ![what it shows](FILE.png) should stand below a picture")
            pictures[cell["file"]] = output.picture
            shown = f"![{cell['alt']}]({cell['file']})\n"
        return f"```python\n{cell['code']}```\n" + (f"\n{shown}" if shown else "")

    text = CELL.sub(with_output, page)
    return Tour({PAGE: text, NOTEBOOK: _notebook(page, outputs)}, pictures)


def _notebook(page: str, outputs: list[Output]) -> str:
    """The notebook of a page, with these outputs of its cells."""
    bare = CELL.sub(lambda cell: f"```python\n{cell['code']}```\n", page)
    notebook = jupytext.reads(bare, "md")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, output in zip(code_cells, outputs, strict=True):
        cell.outputs = [*_notebook_outputs(output)]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # random otherwise
    return f"{nbformat.writes(notebook)}\n"


def _notebook_outputs(output: Output) -> Iterator[Any]:
    """The outputs of a notebook's cell."""
    if output.text:
        yield nbformat.v4.new_output("stream", name="stdout", text=output.text)
    if output.picture:
        data = {"image/png": base64.b64encode(output.picture).decode()}
        yield nbformat.v4.new_output("display_data", data)


def main() -> None:
    """Write the page, its pictures and the notebook."""
    made = tour((DOCS / PAGE).read_text(encoding="utf-8"))
    for name, text in made.texts.items():
        (DOCS / name).write_text(text, encoding="utf-8")
    for name, picture in made.pictures.items():
        (DOCS / name).write_bytes(picture)


if __name__ == "__main__":
    main()
