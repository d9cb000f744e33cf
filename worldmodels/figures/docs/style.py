"""What the figures of README and docs/ share: width, ground, sizes of text, and SVG files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from worldmodels.figures.common.matplotlib_defaults import Figure, FigureCanvasAgg, matplotlib
from worldmodels.figures.common.style import README_WIDTH

PIXELS_PER_INCH = 96  # of a browser
TEXT = "#727980"  # as readable on white as on GitHub's dark ground
# Where a browser knows the ground, text has more contrast; and still some if it is mistaken.
GROUNDS = {"light": "#59636e", "dark": "#8e959e"}
TITLE_SIZE = 12.0  # points; 4/3 pixels each
TITLE_LINE = 19  # pixels from one line of a title to the next
TEXT_SIZE = 9.0
STYLE: dict[Any, Any] = {
    "font.size": TEXT_SIZE,
    "text.color": TEXT,
    "axes.edgecolor": TEXT,
    "axes.labelcolor": TEXT,
    "axes.titlesize": TITLE_SIZE,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": TEXT,
    "grid.alpha": 0.22,
    "svg.hashsalt": "worldmodels",  # names within a file are the same each time
    "svg.fonttype": "path",  # no reader needs the font
}


@contextmanager
def docs_style() -> Iterator[None]:
    """A block in which figures have a transparent ground, and text for any ground."""
    with matplotlib.rc_context(STYLE):
        yield


def docs_figure(height: int, title: str, subtitle: str) -> Figure:
    """A figure as wide as a README and `height` high, with its finding and what it shows on top.

    The finding may have several lines.
    """
    figure = Figure((README_WIDTH / PIXELS_PER_INCH, height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
    FigureCanvasAgg(figure)
    figure.text(0.008, 1 - 8 / height, title, va="top", weight="bold", size=TITLE_SIZE)
    below = 33 + title.count("\n") * TITLE_LINE
    figure.text(0.008, 1 - below / height, subtitle, va="top")
    return figure


def svg(figure: Figure) -> bytes:
    """The figure as an SVG file, whose bytes depend on the figure alone."""
    buffer = io.BytesIO()
    with docs_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    head, style, rest = buffer.getvalue().partition(b'<style type="text/css">')
    return head + style + "".join(map(_rules, GROUNDS)).encode() + rest


def _rules(ground: str) -> str:
    """The rules of CSS for text on a light or on a dark ground."""
    rules = "".join(
        f'[style*="{key}: {TEXT}"]{{{key}: {GROUNDS[ground]} !important}}'
        for key in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme: {ground}) {{{rules}}}"
