"""reconstructions.png: held-out observations and V's reconstructions of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.figures.common.matplotlib_defaults import Figure
from worldmodels.figures.common.observation import draw_observation
from worldmodels.figures.common.style import BLUE, GREY, VERMILION, new_figure

Array = NDArray[np.floating[Any]]
GAP = 0.12  # between examples, as a share of one


def reconstructions_figure(
    observations: Array, reconstructions: Array, z: Array, note: str = ""
) -> Figure:
    """A column each for N observations (N, H, W, 1 or 3), their reconstructions and z (N, Z).

    The note is the end of the title.
    """
    count, size = z.shape
    width = 1.35 * count + 0.8
    figure = new_figure(width, 4.0)
    left, right = 0.7 / width, 0.1 / width
    box = 1 - left - right
    images = figure.add_axes((left, 0.27, box, 0.62))
    bars = figure.add_axes((left, 0.03, box, 0.22))
    for number in range(count):
        x = number * (1 + GAP)
        rows = ((1 + GAP, observations[number]), (0, reconstructions[number]))
        for y, image in rows:
            draw_observation(images, image, x, y)
        place = x + (np.arange(size) + 0.5) / size
        bars.bar(place, z[number], width=0.8 / size, color=np.where(z[number] < 0, VERMILION, BLUE))
    limits = (0, count * (1 + GAP) - GAP)
    images.set(xlim=limits, ylim=(0, 2 + GAP), aspect="auto", xticks=[])
    images.set_yticks([1.5 + GAP, 0.5], ["input", "recon-\nstructed"])
    images.tick_params(left=False)
    images.set_title(f"V reconstructs held-out observations{note}", pad=10)
    reach = 1.05 * np.abs(z).max()
    bars.axhline(0, color=GREY, linewidth=0.8)
    bars.set(xlim=limits, ylim=(-reach, reach), ylabel=f"z, 1 to {size}", xticks=[])
    for axes in (images, bars):
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)
    return figure
