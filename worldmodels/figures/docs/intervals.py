"""Estimates and their intervals, a row each, in groups: the figures of studies."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import CONTROLLER, README_WIDTH, with_minus_signs
from worldmodels.figures.docs.style import TEXT, TITLE_LINE, docs_figure, docs_style

HEAD, FOOT, ROW, GAP = 68, 44, 19, 13  # pixels: title; axis; a row; between groups
TITLE_WIDTH, NAME_WIDTH = 80, 24  # characters of a line: of the title; of a group's name
CHARACTER = 6.2  # pixels, at most on average, of a label
LEFT, RIGHT = 0.205, 0.985  # of the axes


class Interval(NamedTuple):
    """An estimate."""

    label: str  # beside it
    value: float
    low: float
    high: float
    share: float = 1.0  # how much of its marker is filled
    others: Sequence[float] = ()  # values that it is better than, as bars across its row


def intervals_figure(
    title: str,
    subtitle: str,
    groups: Mapping[str, Sequence[Interval]],
    xlabel: str = "return",
    number: str = "+.1f",
) -> Figure:
    """A row for each estimate, beside the name of its group; `number` is the estimates' format."""
    lines = textwrap.wrap(title, TITLE_WIDTH, break_on_hyphens=False)
    rows = sum(map(len, groups.values()))
    span = rows * ROW + len(groups) * GAP  # pixels
    height = HEAD + (len(lines) - 1) * TITLE_LINE + span + FOOT
    ends = [
        end
        for group in groups.values()
        for each in group
        for end in (each.low, each.high, *each.others)
    ]
    margin = 0.06 * (max(ends) - min(ends))
    left = min(ends) - margin
    right = max(
        max(ends) + 5 * margin, *(_end(each, number, left) for g in groups.values() for each in g)
    )
    with docs_style():
        figure = docs_figure(height, "\n".join(lines), subtitle)
        axes = figure.add_axes((LEFT, FOOT / height, RIGHT - LEFT, span / height))
        axes.set(xlim=(left, right), ylim=(span, 0), xlabel=xlabel)
        y, ticks = GAP / 2, {}
        for name, group in groups.items():
            ticks[textwrap.fill(name, NAME_WIDTH)] = y + len(group) * ROW / 2
            for each in group:
                _draw(axes, y + ROW / 2, each, number)
                y += ROW
            y += GAP
            if y < span:
                axes.axhline(y - GAP / 2, color=TEXT, alpha=0.22, linewidth=0.6)
        axes.set_yticks([*ticks.values()], [*ticks])
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
        axes.grid(visible=False, axis="y")
    return figure


def _end(each: Interval, number: str, left: float) -> float:
    """Where the axes, which begin at `left`, must end for the label to fit in."""
    share = (len(_text(each, number)) * CHARACTER + 8) / ((RIGHT - LEFT) * README_WIDTH)
    return (each.high - share * left) / (1 - share)


def _text(each: Interval, number: str) -> str:
    return with_minus_signs(f"{each.label + ': ' if each.label else ''}{each.value:{number}}")


def _draw(axes: Axes, y: float, each: Interval, number: str) -> None:
    """An estimate's interval, marker and label."""
    others = [*each.others]
    axes.plot(others, [y] * len(others), "|", color=CONTROLLER, markersize=7, alpha=0.6)
    axes.plot((each.low, each.high), (y, y), color=CONTROLLER, linewidth=1.4)
    axes.plot(each.value, y, "o", color=CONTROLLER, markersize=6.5, markerfacecolor="none")
    axes.plot(each.value, y, "o", color=CONTROLLER, markersize=6.5 * each.share**0.5)
    at, right = (each.high, y), (5, 0)
    text = _text(each, number)
    axes.annotate(text, at, right, textcoords="offset points", va="center", color=CONTROLLER)
