"""Names of lines, written at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Axes, to_rgb
from worldmodels.figures.common.style import INK, LABEL_SIZE

LINE_HEIGHT = 1.3 * LABEL_SIZE  # points
DARKER = 0.3  # share of ink in the colour of text
LEADER = 9.0  # points: from the end of a line to its name


class LineLabel(NamedTuple):
    """The name of a line that ends at y."""

    y: float
    text: str
    colour: str


def label_lines(axes: Axes, labels: Sequence[LineLabel]) -> None:
    """Write the names on the right of a panel, as near to their y as they do not overlap.

    What the panel shows must be complete, because its limits place the names.
    """
    axes.get_ylim()  # sets limits that are still to follow from the data
    points = 72 / axes.figure.dpi
    height = axes.get_window_extent().height * points
    low = axes.get_window_extent().y0
    ends = [(axes.transData.transform((0.0, label.y))[1] - low) * points for label in labels]
    ends = np.clip(ends, 0, height)
    halves = np.array([(label.text.count("\n") + 1) * LINE_HEIGHT / 2 for label in labels])
    for label, end, middle in zip(labels, ends, apart(ends, halves, height), strict=True):
        axes.annotate(
            label.text,
            (1, end / height),
            (LEADER, middle - end),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            fontsize=LABEL_SIZE,
            color=readable(label.colour),
            linespacing=1.1,
        )
        axes.plot(
            [1, 1 + 0.8 * LEADER / (axes.get_window_extent().width * points)],
            [end / height, middle / height],
            color=label.colour,
            linewidth=0.8,
            transform=axes.transAxes,
            clip_on=False,
        )


def readable(colour: str) -> tuple[float, float, float]:
    """A colour made darker, so that small text in it can be read on white."""
    red, green, blue = (
        (1 - DARKER) * one + DARKER * ink
        for one, ink in zip(to_rgb(colour), to_rgb(INK), strict=True)
    )
    return red, green, blue


def apart(
    middles: NDArray[np.float64], halves: NDArray[np.float64], height: float
) -> NDArray[np.float64]:
    """Middles (n,) of texts that reach `halves` up and down, moved until none overlap.

    They stay between 0 and `height`, if there is room for all.
    """
    order = np.argsort(middles, kind="stable")
    moved, half = np.array(middles, np.float64)[order], halves[order]
    floor = 0.0
    for number in range(len(moved)):
        moved[number] = max(moved[number], floor + half[number])
        floor = moved[number] + half[number]
    ceiling = max(height, 2 * float(half.cumsum()[-1])) if len(half) else height
    for number in reversed(range(len(moved))):
        moved[number] = min(moved[number], ceiling - half[number])
        ceiling = moved[number] - half[number]
    placed = np.empty_like(moved)
    placed[order] = moved
    return placed
