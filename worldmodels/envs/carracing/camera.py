"""Where Gymnasium's camera shows the points of the world, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pygame
from gymnasium.envs.box2d.car_racing import WINDOW_H, WINDOW_W
from numpy.typing import NDArray

BAR = WINDOW_H // 8  # height of the bar of indicators in the window
VISIBLE = pygame.Rect(0, BAR, WINDOW_W, WINDOW_H - BAR)  # of a window drawn upside down
CAR = (WINDOW_W / 2, WINDOW_H / 4)  # position of the car in the window
MARGIN = 2  # pixels that the edge of a polygon may lie beside where it is computed
HALF_WIDTH, HALF_HEIGHT = VISIBLE.width / 2 + MARGIN, VISIBLE.height / 2 + MARGIN
AHEAD = VISIBLE.centery - CAR[1]
LOW = np.array([[VISIBLE.left - MARGIN], [VISIBLE.top - MARGIN]])
HIGH = np.array([[VISIBLE.right + MARGIN], [VISIBLE.bottom + MARGIN]])


class Camera:
    """The camera above a car.

    Args:
        x: of the car.
        y: of the car.
        angle: by which the world is turned, radians.
        zoom: pixels of the window for each unit of the world.
    """

    def __init__(self, x: float, y: float, angle: float, zoom: float) -> None:
        moved = pygame.Vector2(-x * zoom, -y * zoom).rotate_rad(angle)
        cos, sin = pygame.Vector2(1, 0).rotate_rad(angle)
        shift = (CAR[0] + moved.x, CAR[1] + moved.y)
        self._along, self._across, self._shift = np.array(
            [[[cos], [sin]], [[-sin], [cos]], [[shift[0]], [shift[1]]]]
        )
        self._zoom = zoom
        # What is visible reaches this far, and its centre lies ahead of the car.
        reach_x = (abs(cos) * HALF_WIDTH + abs(sin) * HALF_HEIGHT) / zoom
        reach_y = (abs(sin) * HALF_WIDTH + abs(cos) * HALF_HEIGHT) / zoom
        x, y = x + sin * AHEAD / zoom, y + cos * AHEAD / zoom
        self._limits = (x + reach_x, reach_x - x, y + reach_y, reach_y - y)

    def sees_only(self, half: float) -> bool:
        """Whether everything visible lies in the square from -half to half."""
        return max(self._limits) < half

    def may_see(self, bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(N,): whether shapes with these `bounds` (4, N) may be visible."""
        inside = bounds <= np.array(self._limits)[:, None]
        seen: NDArray[np.bool_] = np.logical_and.reduce(inside)
        return seen

    def place(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Points (2, N) of the world in coordinates of the window."""
        placed: NDArray[np.float64] = points[0] * self._along
        placed += points[1] * self._across
        placed *= self._zoom
        placed += self._shift
        return placed


def bounds(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4, N): smallest x of the corners (2, M, N), largest x negated; the same of y."""
    low, high = corners.min(axis=1), corners.max(axis=1)
    return np.stack([low[0], -high[0], low[1], -high[1]])


def overlaps(placed: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,): whether polygons may be visible whose corners (2, M, N) are placed in the window."""
    seen: NDArray[np.bool_] = np.logical_and.reduce(placed.max(axis=1) >= LOW)
    seen &= np.logical_and.reduce(placed.min(axis=1) <= HIGH)
    return seen
