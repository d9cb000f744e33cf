"""What the figures of dreams share: their titles, and axes placed in pixels."""

from __future__ import annotations

from worldmodels.figures.common.matplotlib_defaults import Axes, Figure
from worldmodels.figures.common.style import DPI, README_WIDTH, WIDTH, new_figure

MARGIN = 8  # pixels, around a title
TITLE_SIZE = 10.5  # points


def titled_figure(height: int, finding: str, explanation: str) -> Figure:
    """A figure as wide as a README and `height` high, with its finding and what it shows on top."""
    figure = new_figure(WIDTH, height / DPI)
    left = MARGIN / README_WIDTH
    figure.text(left, 1 - MARGIN / height, finding, va="top", size=TITLE_SIZE, weight="bold")
    below = 1 - (MARGIN + 24) / height
    figure.text(left, below, explanation, va="top", linespacing=1.35)
    return figure


def add_axes(figure: Figure, left: int, bottom: int, wide: int, high: int) -> Axes:
    """New axes, placed in pixels from the lower left corner of the figure."""
    width, height = figure.bbox.size
    return figure.add_axes((left / width, bottom / height, wide / width, high / height))
