"""The camera of the racing environment: fixed to the car, looking down, forward is up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.paint import COLOURS, PALETTES, paint_track
from worldmodels.envs.racing.track import Track

PIXELS_AT_ONCE = 2**16  # that are looked up in one go, so that the arrays stay in the cache
MAX_PIXELS = np.iinfo(np.int32).max  # of the rasters of all tracks, which have one index
COS, SIN, ONE, X, Y = range(5)  # of a pose: cosine and sine of the heading, 1, and the position


def raster_width(track: Track, reach: float, max_offset: float) -> int:
    """Pixels along a side of a track's raster with the margin that a view needs; see `Camera`."""
    pixel = 2 * track.extent / (track.grid - 1)
    margin = math.ceil((max_offset + math.hypot(reach, reach)) / pixel) + 1
    return track.grid + 2 * margin


class Camera:
    """Observations by nearest-neighbour lookup in the rasters of the tracks.

    Pixel (i, j) shows the point wx = x - v_i cos(theta) + u_j sin(theta),
    wy = y - v_i sin(theta) - u_j cos(theta), which is linear in the pose: one matrix product.

    Args:
        tracks: the tracks; all of the same grid and extent.
        size: pixels along one side of an observation.
        channels: 1 or 3.
        reach: the distance that is visible ahead, behind, left and right (world units).
        max_offset: the largest distance of a car from the raster (world units).
        as_bytes: whether observations are uint8, 0 to 255, instead of float32 in [0, 1].

    Raises:
        ValueError: size or channels are not possible, or there are too many tracks.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        size: int,
        channels: int,
        reach: float,
        max_offset: float,
        as_bytes: bool = False,
    ) -> None:
        if size < 2 or channels not in PALETTES:
            raise ValueError(
                "a view needs at least 2 x 2 pixels and 1 or 3 channels, "
                f"not {size} x {size} and {channels}"
            )
        self.shape = (size, size, channels)
        grid, extent = tracks[0].grid, tracks[0].extent
        pixel = 2 * extent / (grid - 1)
        self.max_offset = max_offset
        self._width = raster_width(tracks[0], reach, max_offset)
        self._margin = (self._width - grid) // 2
        if len(tracks) * self._width**2 > MAX_PIXELS:
            raise ValueError(
                f"the rasters of the tracks, {self._width} x {self._width} pixels each with a view "
                f"of {reach} world units, must have at most {MAX_PIXELS} pixels in all; found "
                f"{len(tracks)} tracks"
            )
        self._palette: NDArray[Any] = (COLOURS if as_bytes else PALETTES)[channels]
        ground = [self._painted(track) for track in tracks]
        self._ground: NDArray[Any] = np.concatenate(ground, axis=None)
        self._has_one_track = len(tracks) == 1
        self._matrix = self._pixel_matrix(size, reach, pixel, extent, self._margin)

    def _painted(self, track: Track) -> NDArray[Any]:
        """(width, width): a track's raster with a margin around it.

        The margin repeats the outermost pixels, which has the effect of clipping every index to
        the grid, and costs nothing per step.
        """
        channels = self.shape[2]
        painted = np.pad(paint_track(track, channels), self._margin, mode="edge")
        # with one channel colours themselves: one lookup instead of two
        return self._palette[painted, 0] if channels == 1 else painted

    def replace_track(self, number: int, track: Track) -> None:
        """Put another track of the same grid and extent in the place of one."""
        start = number * self._width**2
        self._ground[start : start + self._width**2] = self._painted(track).ravel()

    @staticmethod
    def _pixel_matrix(
        size: int, reach: float, pixel: float, extent: float, margin: int
    ) -> NDArray[np.float64]:
        """(5, 2 * size * size): pose @ this = the raster's columns, then rows, for all pixels."""
        axis = np.linspace(-reach, reach, size)
        v, u = (side.ravel() for side in np.meshgrid(axis, axis, indexing="ij"))
        column, row = np.zeros((2, 5, u.size))
        column[COS], column[SIN], column[X], column[ONE] = -v, u, 1.0, extent
        row[COS], row[SIN], row[Y], row[ONE] = -u, -v, 1.0, extent
        matrix = np.concatenate([column, row], axis=1) / pixel
        matrix[ONE] += margin
        return matrix

    def observe(self, pose: NDArray[np.float64], track: NDArray[np.intp]) -> NDArray[Any]:
        """Observations (N, height, width, channels), float32 in [0, 1] or uint8.

        Args:
            pose: (N, 5), see COS to Y.
            track: (N,), the number of each car's track.
        """
        rows = max(1, PIXELS_AT_ONCE // (self.shape[0] * self.shape[1]))
        if len(pose) <= rows:
            return self._look_up(pose, track)
        observations = np.empty((len(pose), *self.shape), self._palette.dtype)
        for first in range(0, len(pose), rows):
            own = slice(first, first + rows)
            observations[own] = self._look_up(pose[own], track[own])
        return observations

    def _look_up(self, pose: NDArray[np.float64], track: NDArray[np.intp]) -> NDArray[Any]:
        pixel = (pose @ self._matrix).astype(np.int32)  # (N, 2 * pixels); the cast truncates
        pixels = pixel.shape[1] // 2
        index = pixel[:, pixels:] * self._width
        index += pixel[:, :pixels]
        if not self._has_one_track:
            index += (track * self._width**2).astype(np.int32)[:, None]
        # never out of bounds: "clip" skips the check
        observations: NDArray[Any] = self._ground.take(index, mode="clip")
        if self.shape[2] > 1:
            observations = self._palette.take(observations, axis=0, mode="clip")
        return observations.reshape(-1, *self.shape)
