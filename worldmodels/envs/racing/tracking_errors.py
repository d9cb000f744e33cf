"""Where a car is on its track, as controllers that follow a path measure it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.track import Track

Array = NDArray[np.float64]


class TrackingErrors(NamedTuple):
    """Errors of N cars (G. Hoffmann et al., "Autonomous automobile trajectory tracking", 2007)."""

    cross_track: Array  # (N,), signed distance from the centreline, left positive (world units)
    heading: Array  # (N,), from the centreline's direction, left positive, in (-pi, pi] (radians)


def tracking_errors(track: Track, states: Array) -> TrackingErrors:
    """The errors of cars in these states on a track.

    The centreline near a car is the straight line through its nearest sample, in the direction from
    the sample before that to the one after.

    Args:
        track: of all these cars.
        states: (N, 4), x, y, heading and speed, as in `RacingEnv`'s info.
    """
    centreline = track.centreline
    offsets = states[:, None, :2] - centreline  # (N, samples, 2)
    nearest = (offsets**2).sum(axis=2).argmin(axis=1)
    along = np.roll(centreline, -1, axis=0) - np.roll(centreline, 1, axis=0)
    tx, ty = along[nearest].T
    dx, dy = offsets[np.arange(len(states)), nearest].T
    cross_track = (tx * dy - ty * dx) / np.hypot(tx, ty)
    cos, sin = np.cos(states[:, 2]), np.sin(states[:, 2])
    return TrackingErrors(cross_track, np.arctan2(tx * sin - ty * cos, tx * cos + ty * sin))
