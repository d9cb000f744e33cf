"""Colours and style of all figures, and PNG files that are the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import (
    Figure,
    FigureCanvasAgg,
    Text,
    matplotlib,
)

# The palette of Okabe & Ito, which colour-blind readers can tell apart
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
INK = "#222222"
GREY = "#8A8A8A"
# One meaning a colour; all of them can be read on a light and on a dark ground.
ENVIRONMENT = BLUE
DREAM = VERMILION
VISION = "#785C1E"  # as dark as it can be: to deuteranopes a lighter gold is vermilion
MEMORY = "#B8579B"
CONTROLLER = GREEN
PROJECT = "#8468D9"  # this project beside the paper
PAPER = "#7D858C"
DPI = 110
README_WIDTH = 830  # pixels, on GitHub: a figure of that width is not made smaller there
WIDTH = README_WIDTH / DPI  # inches
LABEL_SIZE = 8.0  # points, 12 pixels: of the smallest text

HYPHEN = re.compile(r"(?<!\w)-(?=\d)")  # before a number

Curve = Mapping[str, NDArray[np.float64]]  # a learning curve: column -> values

matplotlib.rcParams.update(
    {
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titley": 1.0,  # fixed: an automatic one is recomputed at every drawing
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "grid.linewidth": 0.6,
        "xtick.color": INK,
        "ytick.color": INK,
        "text.color": INK,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "path.simplify": True,
    }
)


def new_figure(width: float, height: float, dpi: int = DPI) -> Figure:
    """An empty figure, width and height in inches, without a window."""
    figure = Figure(figsize=(width, height), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a PNG whose bytes depend on the figure alone."""
    _set_minus_signs(figure)
    figure.savefig(path, format="png", metadata={"Software": None})


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """The figure as an RGB image, (height, width, 3)."""
    _set_minus_signs(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="raw")
    width, height = (round(edge) for edge in figure.bbox.size)
    return np.frombuffer(buffer.getvalue(), np.uint8).reshape(height, width, 4)[..., :3].copy()


def with_minus_signs(text: str) -> str:
    """The text, with a minus sign in place of each hyphen before a number, as axes have it."""
    return HYPHEN.sub("\N{MINUS SIGN}", text)


def _set_minus_signs(figure: Figure) -> None:
    for text in figure.findobj(Text):
        if HYPHEN.search(text.get_text()):
            text.set_text(with_minus_signs(text.get_text()))
