"""The road: a closed centreline, its raster, and the start.

A track is the polar curve `r(s) = radius + sum a_k cos(2 pi k s + phi_k)` for s in [0, 1), sampled
at `samples` equal angles, and everything nearer than `half_width` to one of those samples. `s` is
the angle's share of the loop, not metric arc length. With its defaults it is the note's track to
the last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Harmonic(NamedTuple):
    """A term `amplitude * cos(2 pi order s + phase)` of the radius; world units and radians."""

    order: int
    amplitude: float
    phase: float


NOTE_HARMONICS = (Harmonic(2, 1.4, 0.7), Harmonic(3, 0.6, 1.9))


class Track:
    """One closed road on a square raster, drawn once and then only looked at.

    Example:
        >>> track = Track()
        >>> int(track.mask.sum()), round(track.length, 2)
        (10058, 52.37)

    Args:
        radius: mean radius of the loop (world units).
        harmonics: any number of (order, amplitude, phase).
        half_width: from the centreline to the edge of the road (world units).
        samples: points on the centreline.
        grid: pixels along one side of the raster.
        extent: the raster covers [-extent, extent] in x and y, end points included.

    Raises:
        ValueError: the road would leave the raster, close over the middle, or be no road at all.
    """

    def __init__(
        self,
        radius: float = 8.0,
        harmonics: Sequence[tuple[int, float, float]] = NOTE_HARMONICS,
        half_width: float = 1.4,
        samples: int = 256,
        grid: int = 200,
        extent: float = 12.0,
    ) -> None:
        self.radius = radius
        self.harmonics = tuple(Harmonic(*harmonic) for harmonic in harmonics)
        self.half_width = half_width
        self.samples = samples
        self.grid = grid
        self.extent = extent
        self.s: NDArray[np.float64] = np.arange(samples) / samples
        r = radius + sum(
            (a * np.cos(2 * np.pi * k * self.s + phi) for k, a, phi in self.harmonics),
            start=np.zeros(samples),
        )
        self._check(r)
        angle = 2 * np.pi * self.s
        self.centreline: NDArray[np.float64] = np.stack(
            [r * np.cos(angle), r * np.sin(angle)], axis=1
        )
        self.mask: NDArray[np.uint8] = self._rasterise()

    def _check(self, r: NDArray[np.float64]) -> None:
        if self.samples < 3 or self.grid < 2:
            raise ValueError(
                f"a track needs at least 3 samples and 2 pixels, not {self.samples} and {self.grid}"
            )
        if not (np.isfinite(r).all() and self.half_width > 0):
            raise ValueError(
                f"a track needs finite numbers and a positive half-width, not {self.half_width}"
            )
        if r.min() <= self.half_width:
            raise ValueError(
                "the road closes over the middle: its centreline comes within "
                f"{r.min():.2f} of it, which must exceed the half-width {self.half_width:.2f}"
            )
        if r.max() + self.half_width > self.extent:
            raise ValueError(
                f"the road leaves the grid: it reaches out to {r.max() + self.half_width:.2f}, "
                f"which must stay within {self.extent:.2f}"
            )

    def _rasterise(self) -> NDArray[np.uint8]:
        """(grid, grid), row = y, column = x: 1 where the nearest *sample* is closer than the
        half-width.

        A union of discs, so each sample looks only at the box of pixels that its disc can reach.
        """
        axis = np.linspace(-self.extent, self.extent, self.grid)
        pixel = 2 * self.extent / (self.grid - 1)
        reach = int(np.ceil(self.half_width / pixel)) + 1
        centre = np.rint((self.centreline + self.extent) / pixel).astype(np.intp)  # (samples, 2)
        box = centre[:, :, None] + np.arange(-reach, reach + 1)  # (samples, 2, 2 reach + 1)
        box = np.clip(box, 0, self.grid - 1)
        square = (axis[box] - self.centreline[:, :, None]) ** 2
        inside = (
            square[:, 0, None, :] + square[:, 1, :, None] < self.half_width**2
        )  # (samples, y, x)
        sample, row, column = np.nonzero(inside)
        mask = np.zeros((self.grid, self.grid), np.uint8)
        mask[box[sample, 1, row], box[sample, 0, column]] = 1
        return mask

    @property
    def heading(self) -> float:
        """Direction (radians) from sample 0 to sample 1: the way a car looks at the start."""
        dx, dy = self.centreline[1] - self.centreline[0]
        return float(np.arctan2(dy, dx))

    @property
    def length(self) -> float:
        """Length of the closed centreline (world units)."""
        steps = np.diff(self.centreline, axis=0, append=self.centreline[:1])
        return float(np.hypot(steps[:, 0], steps[:, 1]).sum())
