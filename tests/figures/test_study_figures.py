"""Figures of studies in several environments."""

import pytest

from tests.support.figure_texts import LEAST_TEXT, README_WIDTH, texts, written
from worldmodels.figures.docs.intervals import Interval
from worldmodels.figures.docs.panels import Panel, panels_figure

ROWS = ("z", "z and an untrained h", "z and h", "z, c and h")
RACING = {row: Interval("", 120.2 + n, 119.8 + n, 121.0 + n) for n, row in enumerate(ROWS)}
DOOM = {row: Interval("", 918 + 99 * n, 800 + 99 * n, 990 + 99 * n) for n, row in enumerate(ROWS)}
TITLE = "C on z and h returns more than C on z; " * 5
SUBTITLE = ("Interquartile means of the return and intervals of 95 % over 5 seeds;", "others")


def panels(carracing):
    return panels_figure(
        TITLE,
        SUBTITLE,
        ROWS,
        [
            Panel("Narrow and winding tracks", "return", RACING),
            Panel("Wide tracks", "return", RACING),
            Panel("CarRacing", "mean return", carracing),
            Panel("Doom", "tics alive", DOOM, ",.0f"),
        ],
    )


DRAWN = {
    "panels": lambda: panels({"z and h": Interval("", 918, 907, 928)}),
    "nothing run": lambda: panels({}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_all_text_can_be_read_in_a_readme_and_none_is_cut_off(name):
    figure = DRAWN[name]()
    width, height = figure.bbox.size
    assert width == pytest.approx(README_WIDTH)
    for text in texts(figure):
        assert text.get_size() * figure.dpi / 72 >= LEAST_TEXT
        left, bottom, right, top = text.get_window_extent().extents
        assert (left >= 0, right <= width, bottom >= 0, top <= height) == (True,) * 4, text
    assert not [axes for axes in figure.axes if axes.get_legend()]


def test_a_row_has_its_number_in_each_environment_or_that_it_has_not_been_run():
    figure = DRAWN["panels"]()
    assert {"+120.2", "+123.2", "+918.0", "1,215"} <= written(figure)
    assert [text.get_text() for text in texts(figure)].count("not run") == 3
