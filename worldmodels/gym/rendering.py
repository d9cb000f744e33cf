"""What the environments render: a track with its car from above, and enlarged observations."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.paint import COLOURS, paint_track
from worldmodels.envs.racing.track import Track

Picture = NDArray[np.uint8]  # (height, width, 3)

SCALE = 3  # pixels of a picture for one of a track's raster, along a side
CAR_LENGTH, CAR_WIDTH = 1.0, 0.5  # world units; it is a point to the environment
CAR_COLOUR, FRONT_COLOUR = (204, 0, 0), (40, 40, 40)
ENLARGED_SIZE = 512  # pixels along a side that `enlarged` comes close to


def track_picture(track: Track) -> Picture:
    """A track from above; x to the right, y upwards."""
    colours = COLOURS[3][paint_track(track, 3)]
    return colours[::-1].repeat(SCALE, axis=0).repeat(SCALE, axis=1)


def with_car(picture: Picture, track: Track, x: float, y: float, theta: float) -> Picture:
    """A copy of a track's picture with a car at x, y (world units) and heading theta (radians)."""
    pixel = 2 * track.extent / (track.grid - 1) / SCALE  # world units
    edge = track.extent + pixel * (SCALE - 1) / 2  # of the centres of the outermost pixels
    column, row = (x + edge) / pixel, (edge - y) / pixel
    reach = math.ceil(math.hypot(CAR_LENGTH, CAR_WIDTH) / 2 / pixel)
    drawn = picture.copy()
    top, left = (max(0, round(at) - reach) for at in (row, column))
    around = drawn[top : max(0, round(row) + reach + 1), left : max(0, round(column) + reach + 1)]
    rows, columns = top + np.arange(around.shape[0]), left + np.arange(around.shape[1])
    dx, dy = (columns - column) * pixel, ((row - rows) * pixel)[:, None]
    along = dx * math.cos(theta) + dy * math.sin(theta)
    across = dy * math.cos(theta) - dx * math.sin(theta)
    body = (np.abs(along) <= CAR_LENGTH / 2) & (np.abs(across) <= CAR_WIDTH / 2)
    around[body] = CAR_COLOUR
    around[body & (along > CAR_LENGTH / 4)] = FRONT_COLOUR
    return drawn


def as_rgb(observation: NDArray[np.uint8]) -> Picture:
    """An observation (height, width, 1 or 3) in colours."""
    return np.ascontiguousarray(np.broadcast_to(observation, (*observation.shape[:2], 3)))


def enlarged(picture: Picture) -> Picture:
    """A picture whose pixels are squares of several."""
    scale = max(1, round(ENLARGED_SIZE / max(picture.shape)))
    return picture.repeat(scale, axis=0).repeat(scale, axis=1)


def check_render_mode(render_mode: str | None, metadata: dict[str, Any]) -> None:
    """Refuse a render mode that the metadata do not have.

    Raises:
        ValueError: it is one.
    """
    modes = metadata["render_modes"]
    if render_mode is not None and not (isinstance(render_mode, str) and render_mode in modes):
        known = ", ".join(map(repr, modes))
        raise ValueError(f"render_mode must be None or one of {known}; found {render_mode!r}")


def warn_of_no_render_mode() -> None:
    """Warn, as Gymnasium's environments do, that render() does nothing."""
    gymnasium.logger.warn(
        "render() does nothing without a render mode: give render_mode='rgb_array' to "
        "gymnasium.make or make_vec"
    )
