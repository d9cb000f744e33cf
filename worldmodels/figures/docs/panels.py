"""Estimates and their intervals in several environments side by side, with the same rows."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import CONTROLLER, with_minus_signs
from worldmodels.figures.docs.intervals import TITLE_WIDTH, Interval
from worldmodels.figures.docs.style import TEXT, TITLE_LINE, docs_figure, docs_style

HEAD, PANEL_HEAD, FOOT, ROW = 62, 34, 42, 40  # pixels: title, a panel's title; axis; a row
SUBTITLE_LINE = 15  # pixels
LEFT, RIGHT, BETWEEN = 0.125, 0.99, 0.022  # of the figure
LABEL_WIDTH = 12  # characters
NOT_RUN = "not run"
_CENTRE: dict[str, Any] = {"ha": "center", "va": "center"}


class Panel(NamedTuple):
    """An environment."""

    title: str
    xlabel: str
    rows: Mapping[str, Interval]  # by the label of the row; what is absent has not been run
    number: str = "+.1f"  # the format of an estimate


def panels_figure(
    title: str, subtitle: Sequence[str], rows: Sequence[str], panels: Sequence[Panel]
) -> Figure:
    """A panel for each environment, in which each row has an estimate, if it has been run."""
    lines = textwrap.wrap(title, TITLE_WIDTH)
    head = HEAD + (len(lines) - 1) * TITLE_LINE + (len(subtitle) - 1) * SUBTITLE_LINE
    span = len(rows) * ROW  # pixels
    height = head + PANEL_HEAD + span + FOOT
    width = (RIGHT - LEFT + BETWEEN) / len(panels)
    with docs_style():
        figure = docs_figure(height, "\n".join(lines), "\n".join(subtitle))
        for number, panel in enumerate(panels):
            place = (LEFT + number * width, FOOT / height, width - BETWEEN, span / height)
            axes = figure.add_axes(place)
            axes.set(ylim=(len(rows), 0), xlabel=panel.xlabel, yticks=[])
            axes.set_title(panel.title, size=10, loc="left", pad=6)
            if number == 0:
                axes.set_yticks(
                    [row + 0.5 for row in range(len(rows))],
                    [textwrap.fill(row, LABEL_WIDTH) for row in rows],
                )
            axes.tick_params(left=False)
            axes.spines["left"].set_visible(False)
            axes.grid(visible=False, axis="y")
            axes.locator_params(axis="x", nbins=3)
            _draw(axes, panel, rows)
    return figure


def _draw(axes: Axes, panel: Panel, rows: Sequence[str]) -> None:
    """The estimates of an environment, each with its number above."""
    ends = [end for each in panel.rows.values() for end in (each.low, each.high)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    margin = 0.22 * ((high - low) or 1.0)
    axes.set_xlim(low - margin, high + margin)
    if not panel.rows:
        axes.set_xticks([])
    for y, row in enumerate(rows):
        if y:
            axes.axhline(y, color=TEXT, alpha=0.22, linewidth=0.6)
        if row not in panel.rows:
            axes.text(0.5, y + 0.5, NOT_RUN, transform=axes.get_yaxis_transform(), **_CENTRE)
            continue
        each = panel.rows[row]
        axes.plot((each.low, each.high), (y + 0.66, y + 0.66), color=CONTROLLER, linewidth=1.4)
        axes.plot(each.value, y + 0.66, "o", color=CONTROLLER, markersize=6.5)
        text = with_minus_signs(format(each.value, panel.number))
        axes.text(each.value, y + 0.27, text, color=CONTROLLER, **_CENTRE)
