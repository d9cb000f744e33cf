"""Figures of studies in several environments."""

import numpy as np
import pytest

from tests.support.figure_texts import LEAST_TEXT, README_WIDTH, texts, written
from worldmodels.figures.docs.ablations import Score
from worldmodels.figures.docs.intervals import Interval
from worldmodels.figures.docs.panels import Panel, panels_figure
from worldmodels.figures.docs.transfer import Transfer, transfer_figure

ROWS = ("z", "z and an untrained h", "z and h", "z, c and h")
RACING = {row: Interval("", 120.2 + n, 119.8 + n, 121.0 + n) for n, row in enumerate(ROWS)}
DOOM = {row: Interval("", 918 + 99 * n, 800 + 99 * n, 990 + 99 * n) for n, row in enumerate(ROWS)}
TITLE = "C on z and h returns more than C on z; " * 5
SUBTITLE = ("Interquartile means of the return and intervals of 95 % over 5 seeds;", "others")
TRANSFERS = [
    Transfer(f"temperature {tau}", 120.0 - 10 * tau, Interval(memory, value, value - 9, value + 4))
    for tau in (0.1, 4)
    for memory, value in (("one M", 60 + tau), ("one M, noise", 70), ("two Ms, noise", 80))
]
STUDY = {
    "temperature": np.array([0.01, 0.5, 1.3]),
    "env_return": np.array([1040.0, 700.0, 450.0]),
    "dream_return": np.array([1900.0, 1200.0, 800.0]),
    "env_return_stderr": np.array([30.0, 40.0, 20.0]),
}
CARRACING = {0: (Score(871, 13), Score(914.6, 7.8)), 1: (Score(754, 21), Score(920.6, 1.1))}


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
    "transfer": lambda: transfer_figure(TITLE, SUBTITLE, TRANSFERS, STUDY, CARRACING),
    "not run": lambda: transfer_figure(TITLE, SUBTITLE, TRANSFERS, None, CARRACING),
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
    assert "not run" in written(DRAWN["not run"]())
    assert "not run" not in written(DRAWN["transfer"]())


def test_rows_of_settings_stand_below_their_temperature():
    labels = [text.get_text() for text in DRAWN["transfer"]().axes[0].get_yticklabels()]
    settings = ["one M", "one M, noise", "two Ms, noise"]
    assert labels == ["temperature 0.1", *settings, "temperature 4", *settings]
