"""What the figures of dreams share: the width of a README, titles, and labels at lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import DPI, new_figure

WIDTH = 830  # pixels: of a README on GitHub, so that text is not made smaller there
MARGIN = 8  # pixels, around a title
TITLE_SIZE = 10.5  # points
LABEL_GAP = 17  # pixels from a label to the next
Label = tuple[float, str, str]  # the y of the line's end, words, colour


def titled_figure(height: int, finding: str, explanation: str) -> Figure:
    """A figure WIDTH pixels wide and `height` high, with its finding and what it shows on top."""
    figure = new_figure(WIDTH / DPI, height / DPI)
    left = MARGIN / WIDTH
    figure.text(left, 1 - MARGIN / height, finding, va="top", size=TITLE_SIZE, weight="bold")
    below = 1 - (MARGIN + 24) / height
    figure.text(left, below, explanation, va="top", linespacing=1.35)
    return figure


def add_axes(figure: Figure, left: int, bottom: int, wide: int, high: int) -> Axes:
    """New axes, placed in pixels from the lower left corner of the figure."""
    width, height = figure.bbox.size
    return figure.add_axes((left / width, bottom / height, wide / width, high / height))


def label_ends(axes: Axes, labels: Sequence[Label]) -> None:
    """Write labels right of the axes, at the ends of lines, or above where one would cover another.

    The limits of the axes must be set before.
    """
    low, high = axes.get_ylim()
    gap = LABEL_GAP * (high - low) / axes.get_window_extent().height
    places = spread([y for y, _, _ in labels], gap)
    for (_, text, colour), y in zip(labels, places, strict=True):
        axes.annotate(
            text,
            (1, y),
            (6, 0),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )


def spread(values: ArrayLike, gap: float) -> list[float]:
    """The values, moved as little as makes neighbours at least `gap` apart; the order is kept."""
    wanted = np.asarray(values, np.float64)
    order = np.argsort(wanted, kind="stable")
    # Without the gaps, neighbours may be equal: least squares then pools what is in wrong order.
    pools: list[list[float]] = []
    for value in wanted[order] - gap * np.arange(len(order)):
        pools.append([value])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    levels = np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools])
    places = np.empty_like(wanted)
    places[order] = levels + gap * np.arange(len(order))
    moved: list[float] = places.tolist()
    return moved
