"""reconstructions.png: held-out observations that V reconstructs worst, best, and in between."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure, matplotlib
from worldmodels.figures.common.style import DPI, INK, LABEL_SIZE, README_WIDTH, WIDTH, new_figure

Array = NDArray[np.floating[Any]]
RGB = NDArray[np.uint8]
COMPARED = 500  # held-out observations
LEFT, RIGHT, GAP = 84, 136, 8  # pixels: names of the rows, the scale, between examples
SCALE = 40  # pixels: its height, at the least, for three lines of text
LARGEST = 150  # pixels: an example, at the most
TOP, BOTTOM = 88, 10  # pixels
GREY = (138, 138, 138)  # of a line around examples: some are as white as the paper
MAP = "PuOr"  # from too bright (orange) to too dark (purple), which all readers can tell apart


def examples(errors: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Rows of `count` examples at even ranks from the largest error to the smallest.

    One of those in the middle is the median; a single one is, too.
    """
    count = min(count, len(errors))
    shares = np.linspace(0, 1, count)
    shares[count // 2] = 0.5
    ranks = np.rint(shares * (len(errors) - 1)).astype(int)
    rows: NDArray[np.intp] = np.argsort(-errors, kind="stable")[ranks]
    return rows


def reconstructions_figure(
    observations: Array, reconstructions: Array, count: int, note: str = ""
) -> Figure:
    """`count` of N observations (N, H, W, 1 or 3), their reconstructions, and the differences.

    The error of one is the mean absolute difference of a pixel, where 1 is black for white. The
    note is the end of the title.
    """
    difference = reconstructions - observations
    errors = np.abs(difference).mean(axis=(1, 2, 3), dtype=np.float64)
    rows = examples(errors, count)
    count = len(rows)
    wide = min(LARGEST, (README_WIDTH - LEFT - RIGHT - (count - 1) * GAP) // count)
    high = round(wide * observations.shape[1] / observations.shape[2])
    height = TOP + 3 * (high + GAP) + BOTTOM
    figure = new_figure(WIDTH, height / DPI)
    shown = difference[rows].mean(axis=3)
    reach = np.ceil(10 * max(float(np.abs(shown).max()), 0.1)) / 10
    strips = (
        *(_grey_or_colour(images[rows]) for images in (observations, reconstructions)),
        _diverging(shown / reach),
    )
    for number, (strip, name) in enumerate(
        zip(strips, ("input", "decoded\nfrom z", "difference"), strict=True)
    ):
        bottom = BOTTOM + (2 - number) * (high + GAP)
        figure.figimage(_side_by_side(strip, high, wide), LEFT, bottom)
        _write(figure, LEFT - 10, bottom + high / 2, name, ha="right")
    names = {0: "worst", count // 2: "median", count - 1: "best"} if count > 2 else {}
    for number, error in enumerate(errors[rows]):
        middle = LEFT + number * (wide + GAP) + wide / 2
        weight = "bold" if number in names else "normal"
        for y, text in ((24, names.get(number, "")), (8, f"{error:.3f}")):
            _write(figure, middle, height - TOP + y, text, "center", weight)
    _draw_scale(figure, BOTTOM + GAP, max(high - 2 * GAP, SCALE), float(reach))
    title = f"V misses a pixel by {np.median(errors):.3f} in the median held-out frame, by "
    _write(figure, 10, height - 14, f"{title}{errors.max():.3f} in the worst", "left", "bold", 10.0)
    below = f"mean differences of a pixel in {len(errors)} frames; 1 is black for white{note}"
    _write(figure, 10, height - 34, below)
    return figure


def _grey_or_colour(images: Array) -> RGB:
    """Images (n, H, W, 1 or 3) from 0 to 1 as bytes (n, H, W, 3)."""
    colours: RGB = np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8)
    return np.repeat(colours, 3 // images.shape[3], axis=3)


def _diverging(values: Array) -> RGB:
    """Colours (..., 3) of values from -1 to 1."""
    colours: RGB = matplotlib.colormaps[MAP]((1 - values) / 2, bytes=True)[..., :3]
    return colours


def _side_by_side(images: RGB, high: int, wide: int) -> RGB:
    """Images (n, H, W, 3) as one, each of that size in pixels, with a line around it."""
    count = len(images)
    row, column = (
        np.arange(pixels) * length // pixels
        for pixels, length in zip((high, wide), images.shape[1:3], strict=True)
    )
    strip = np.full((high, count * (wide + GAP) - GAP, 3), 255, np.uint8)
    for number, image in enumerate(images[:, row][:, :, column]):
        image[[0, -1]] = image[:, [0, -1]] = GREY
        strip[:, number * (wide + GAP) : number * (wide + GAP) + wide] = image
    return strip


def _draw_scale(figure: Figure, bottom: int, height: int, reach: float) -> None:
    """The colours of differences from -reach to reach, with numbers."""
    left = README_WIDTH - RIGHT + 16
    ramp = _diverging(np.linspace(1, -1, height))[:, None]
    figure.figimage(np.repeat(ramp, 12, axis=1), left, bottom)
    for share, text in (
        (1.0, f"{reach:+.1f} too bright"),
        (0.5, "0"),
        (0.0, f"{-reach:+.1f} too dark"),
    ):
        _write(figure, left + 18, bottom + share * height, text, ha="left")


def _write(
    figure: Figure,
    x: float,
    y: float,
    text: str,
    ha: str = "left",
    weight: str = "normal",
    size: float = LABEL_SIZE,
) -> None:
    """Write text whose middle is y pixels above the lower edge."""
    width, height = figure.bbox.size
    figure.text(
        x / width, y / height, text, ha=ha, va="center", weight=weight, size=size, color=INK
    )
