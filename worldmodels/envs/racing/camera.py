"""The camera of every car: fixed to it, looking down on the painted ground, forward up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.paint import PALETTES, painted
from worldmodels.envs.racing.track import Track

COS, SIN, ONE, X, Y = range(5)  # of a pose: the heading's cosine and sine, 1, and the place


class Camera:
    """Looks up, for every pixel, the raster's nearest neighbour.

    Pixel (i, j) looks at wx = x - v_i cos(theta) + u_j sin(theta),
    wy = y - v_i sin(theta) - u_j cos(theta), which is linear in the pose: one matrix product.

    Args:
        tracks: what there is to look at; all of the same grid and extent.
        size: pixels along one side of a picture.
        channels: 1 or 3.
        reach: what is seen ahead, behind, left and right (world units).
        astray: how far off the raster a car can be (world units).

    Raises:
        ValueError: a picture of no such kind, or too many tracks.
    """

    def __init__(
        self, tracks: Sequence[Track], size: int, channels: int, reach: float, max_offset: float
    ) -> None:
        if size < 2 or channels not in PALETTES:
            raise ValueError(
                "a view needs at least 2 x 2 pixels and 1 or 3 channels, "
                f"not {size} x {size} and {channels}"
            )
        self.shape = (size, size, channels)
        grid, extent = tracks[0].grid, tracks[0].extent
        pixel = 2 * extent / (grid - 1)
        margin = math.ceil((max_offset + math.hypot(reach, reach)) / pixel) + 1
        self._width = grid + 2 * margin
        if len(tracks) * self._width**2 > np.iinfo(np.int32).max:
            raise ValueError(f"{len(tracks)} tracks are too many for one world")
        # The margin repeats the outermost pixels: it does what clipping every looked-up pixel to
        # the grid would, for free.
        ground = [np.pad(painted(track, channels), margin, mode="edge") for track in tracks]
        self._ground = np.concatenate(ground, axis=None)
        self._palette = PALETTES[channels]
        self._matrix = self._lines_of_sight(size, reach, pixel, extent, margin)

    @staticmethod
    def _lines_of_sight(
        size: int, reach: float, pixel: float, extent: float, margin: int
    ) -> NDArray[np.float64]:
        """(5, 2 * size * size): pose @ this = column, then row, of the ground under every pixel."""
        axis = np.linspace(-reach, reach, size)
        v, u = (side.ravel() for side in np.meshgrid(axis, axis, indexing="ij"))
        column, row = np.zeros((2, 5, u.size))
        column[COS], column[SIN], column[X], column[ONE] = -v, u, 1.0, extent
        row[COS], row[SIN], row[Y], row[ONE] = -u, -v, 1.0, extent
        matrix = np.concatenate([column, row], axis=1) / pixel
        matrix[ONE] += margin
        return matrix

    def pictures(self, pose: NDArray[np.float64], track: NDArray[np.intp]) -> NDArray[np.float32]:
        """What cars with these poses (cars, 5) see on tracks of these numbers (cars,).

        Returns:
            (cars, height, width, channels) in [0, 1].
        """
        pixel = (pose @ self._matrix).astype(np.int32)  # (cars, 2 * pixels); the cast truncates
        pixels = pixel.shape[1] // 2
        where = pixel[:, pixels:] * self._width
        where += pixel[:, :pixels]
        where += (track * self._width**2).astype(np.int32)[:, None]
        paint = self._ground.take(where, mode="clip")  # never out of bounds: no check
        seen: NDArray[np.float32] = self._palette.take(paint, axis=0, mode="clip")
        return seen.reshape(-1, *self.shape)
