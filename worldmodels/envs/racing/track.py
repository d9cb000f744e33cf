"""A track: a closed centreline, the raster of its road, and the start.

The centreline is the polar curve `r(s) = radius + sum a_k cos(2 pi k s + phi_k)` for s in [0, 1),
sampled at `samples` equal angles; the road is everything closer than `half_width` to one of the
samples. `s` is the angle as a fraction of the loop, not arc length. The defaults are the track of
the reference stub (github.com/cybertronai/schmidhuber-problems, world-models-carracing), to the
last digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Harmonic(NamedTuple):
    """A term `amplitude * cos(2 pi order s + phase)` of the radius (world units, radians)."""

    order: int
    amplitude: float
    phase: float


EDGE_TOLERANCE = 1e-4  # pixels; an end of a span that is closer to a pixel is computed exactly
REFERENCE_HARMONICS = (Harmonic(2, 1.4, 0.7), Harmonic(3, 0.6, 1.9))


class Track:
    """A closed road on a square raster; immutable, and equal to any track of equal parameters.

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
        ValueError: the road would leave the raster, cover the origin or touch itself, or the
            parameters make no road at all.
    """

    def __init__(
        self,
        radius: float = 8.0,
        harmonics: Sequence[tuple[int, float, float]] = REFERENCE_HARMONICS,
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
        self._check_radius(r)
        angle = 2 * np.pi * self.s
        self.centreline: NDArray[np.float64] = np.stack(
            [r * np.cos(angle), r * np.sin(angle)], axis=1
        )
        self._check_bends()

    def __repr__(self) -> str:
        terms = [(int(order), float(a), float(phase)) for order, a, phase in self.harmonics]
        return (
            f"Track(radius={float(self.radius)}, harmonics={terms}, "
            f"half_width={float(self.half_width)}, samples={self.samples}, grid={self.grid}, "
            f"extent={float(self.extent)})"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Track) and self._numbers == other._numbers

    def __hash__(self) -> int:
        return hash(self._numbers)

    @property
    def _numbers(self) -> tuple[object, ...]:
        return (
            *(self.radius, self.harmonics, self.half_width),
            *(self.samples, self.grid, self.extent),
        )

    def _check_radius(self, r: NDArray[np.float64]) -> None:
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
                "the road covers the origin: its centreline comes within "
                f"{r.min():.2f} of it, which must exceed the half-width {self.half_width:.2f}"
            )
        if r.max() + self.half_width > self.extent:
            raise ValueError(
                f"the road leaves the grid: it reaches out to {r.max() + self.half_width:.2f}, "
                f"which must stay within {self.extent:.2f}"
            )

    def _check_bends(self) -> None:
        """Refuse a road that touches itself.

        A U-turn whose radius is the half-width has a length of pi half-widths, and its ends are two
        half-widths apart. Points that are farther apart along the road, but closer in the plane,
        mean that the road touches itself.
        """
        step = np.hypot(*np.diff(self.centreline, axis=0, append=self.centreline[:1]).T)
        at = np.cumsum(step) - step
        along = np.abs(at[:, None] - at)
        along = np.minimum(along, step.sum() - along)
        square = (self.centreline**2).sum(axis=1)
        apart = square[:, None] + square - 2 * self.centreline @ self.centreline.T
        touching = (along > np.pi * self.half_width) & (apart < (2 * self.half_width) ** 2)
        if touching.any():
            sample = int(touching.any(axis=1).argmax())
            raise ValueError(
                f"the road touches itself near ({self.centreline[sample, 0]:.1f}, "
                f"{self.centreline[sample, 1]:.1f}): a bend is tighter than the half-width "
                f"{self.half_width:.2f} allows"
            )

    @cached_property
    def mask(self) -> NDArray[np.uint8]:
        """(grid, grid), row = y, column = x: 1 on the road, 0 off it."""
        return self.within(self.half_width)

    def within(self, distance: float) -> NDArray[np.uint8]:
        """(grid, grid), row = y, column = x: 1 where the nearest *sample* is closer than
        `distance`.

        The set is a union of discs, each of which covers one span of pixels in a row. The ends of
        the spans are computed by a square root, which is not exact to the last bit; so a pixel
        right at an end is decided by its squared distance.
        """
        axis = np.linspace(-self.extent, self.extent, self.grid)
        pixel = 2 * self.extent / (self.grid - 1)
        reach = int(np.ceil(distance / pixel)) + 1
        x, y = self.centreline[:, :, None].transpose(1, 0, 2)  # (samples, 1) each
        row = np.rint((y + self.extent) / pixel).astype(np.intp) + np.arange(-reach, reach + 1)
        row = np.clip(row, 0, self.grid - 1)  # (samples, 2 reach + 1)
        dy_sq = (axis[row] - y) ** 2
        span = np.sqrt(np.maximum(distance**2 - dy_sq, 0))

        def first_column_after(end: NDArray[np.float64], *, inside: bool) -> NDArray[np.intp]:
            """The first column beyond an end of a span.

            A pixel right at the end is skipped if being within `distance` equals `inside`.
            """
            column = np.floor(end).astype(np.intp) + 1
            close = np.nonzero(np.abs(end - np.rint(end)) < EDGE_TOLERANCE)
            pixel_at_end = np.rint(end[close]).astype(np.intp)
            dx_sq = (axis[np.clip(pixel_at_end, 0, self.grid - 1)] - x[close[0], 0]) ** 2
            within = dx_sq + dy_sq[close] < distance**2
            column[close] = pixel_at_end + (within == inside)
            return column

        begin = first_column_after((x - span + self.extent) / pixel, inside=False)
        end = first_column_after((x + span + self.extent) / pixel, inside=True)
        covers = end > begin
        width = self.grid + 1  # an end may lie beyond the last pixel

        def count(column: NDArray[np.intp]) -> NDArray[np.intp]:
            index = row * width + np.clip(column, 0, self.grid)
            return np.bincount(index[covers], minlength=self.grid * width)

        depth = (count(begin) - count(end)).reshape(self.grid, width)[:, :-1].cumsum(axis=1)
        return (depth > 0).astype(np.uint8)

    @property
    def heading(self) -> float:
        """Direction (radians) from sample 0 to sample 1: the heading of a car at the start."""
        dx, dy = self.centreline[1] - self.centreline[0]
        return float(np.arctan2(dy, dx))

    @property
    def length(self) -> float:
        """Length of the closed centreline (world units)."""
        steps = np.diff(self.centreline, axis=0, append=self.centreline[:1])
        return float(np.hypot(steps[:, 0], steps[:, 1]).sum())
