"""A track of the racing environment, drawn from above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.track import Track
from worldmodels.figures.common.matplotlib_defaults import Axes, ListedColormap

GRASS = "#E9EFE6"
ROAD = "#C3C8CE"


def draw_track(axes: Axes, track: Track) -> None:
    """Draw grass and road in world units, y upwards."""
    reach = track.extent
    axes.imshow(
        track.mask,
        cmap=ListedColormap([GRASS, ROAD]),
        origin="lower",
        extent=(-reach, reach, -reach, reach),
        interpolation="nearest",
    )
    axes.grid(visible=False)
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)


def closed(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """A closed line (n, 2) with its first point repeated at the end, (n + 1, 2)."""
    return np.concatenate([line, line[:1]])
