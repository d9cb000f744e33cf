"""The ground that the camera looks at: a paint for each pixel, and the colours of the paints."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.track import Track

COLOURS: dict[int, NDArray[np.uint8]] = {  # channels -> (paints, channels), 0 to 255
    1: np.array([[0], [255]], np.uint8),  # the reference stub's: off the road, on the road
    3: np.array(  # CarRacing's: grass, lighter grass, road; and a white line along its edge
        [[102, 204, 102], [102, 230, 102], [102, 102, 102], [255, 255, 255]], np.uint8
    ),
}
PALETTES: dict[int, NDArray[np.float32]] = {  # the same in [0, 1]
    channels: colours.astype(np.float32) / np.float32(255) for channels, colours in COLOURS.items()
}
LINE_WIDTH = 0.25  # of the line along the edge, which lies on the road (world units)
PATCH = 1.2  # side of a patch of grass (world units)
LIGHTER_SHARE = 0.35  # of the patches that have lighter grass
GRASS_SEED = 2018  # the same grass on every track


def paint_track(track: Track, channels: int) -> NDArray[np.uint8]:
    """(grid, grid): for each pixel of a track's raster, its row in `COLOURS[channels]`."""
    if channels == 1:
        return track.mask
    patch = max(1, round(PATCH * (track.grid - 1) / (2 * track.extent)))
    lighter = _lighter_grass(track.grid, patch)
    inner = track.within(max(track.half_width - LINE_WIDTH, track.half_width / 2))
    return np.where(inner == 1, 2, np.where(track.mask == 1, 3, lighter)).astype(np.uint8)


@cache
def _lighter_grass(grid: int, patch: int) -> NDArray[np.bool_]:
    """(grid, grid): which pixels have lighter grass; `patch` is the side of a patch in pixels."""
    patches = -(-grid // patch)
    lighter = np.random.default_rng(GRASS_SEED).random((patches, patches)) < LIGHTER_SHARE
    return np.kron(lighter, np.ones((patch, patch), np.bool_))[:grid, :grid]
