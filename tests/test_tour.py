"""The tour of docs/: its cells run, and the page and the notebook show what they print."""

import pytest

pytest.importorskip("gymnasium", reason="needs requirements-gymnasium.txt")
pytest.importorskip("jupytext", reason="needs requirements-dev.txt")

from tests.support.project import ROOT
from tools.tour import DOCS, NOTEBOOK, PAGE, Output, run, tour


@pytest.fixture(scope="module")
def made():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return tour((DOCS / PAGE).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [PAGE, NOTEBOOK])
def test_page_and_notebook_show_what_the_cells_print(made, name):
    """If not: `python -m tools.tour` writes both anew."""
    assert made.texts[name] == (DOCS / name).read_text(encoding="utf-8")


def test_pictures_are_those_of_the_cells(made):
    assert made.pictures == {name: (DOCS / name).read_bytes() for name in made.pictures}
    assert made.pictures


def test_there_are_twelve_cells(made):
    assert made.texts[PAGE].count("```python") == 12
    assert made.texts[NOTEBOOK].count('"cell_type": "code"') == 12


def test_a_cell_shows_what_it_prints_and_its_value():
    names = {}
    assert run("a = 1\nprint(a)\na + 1\n", names) == Output("1\n2\n")
    assert run("b = a\n", names) == Output("")
    assert run("print(b)\n", names) == Output("1\n")


def test_a_picture_without_a_link_is_refused():
    page = '```python\nfrom PIL import Image\n\nImage.new("L", (2, 2))\n```\n'
    with pytest.raises(ValueError, match=r"should stand below a picture"):
        tour(page)
