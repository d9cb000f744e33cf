"""Gymnasium's CarRacing-v3, which costs a tenth when only some of its frames are looked at.

Its physics takes 0.07 ms a frame; drawing each of 700 polygons for every frame takes 6 ms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pygame
from gymnasium.envs.box2d.car_racing import (
    GRASS_DIM,
    PLAYFIELD,
    SCALE,
    WINDOW_H,
    WINDOW_W,
    ZOOM,
    CarRacing,
)
from numpy.typing import NDArray
from pygame import gfxdraw

Polygon = list[tuple[float, float]]
HEIGHT, WIDTH = 84, 96  # of a picture without the bar, which hides the lowest 12 rows of 96
BAR = WINDOW_H // 8  # as high as this in the window
VISIBLE = pygame.Rect(0, BAR, WINDOW_W, WINDOW_H - BAR)  # of a window drawn upside down
CAR = (WINDOW_W / 2, WINDOW_H / 4)  # where the car is in it
REACH = math.hypot(VISIBLE.width / 2, VISIBLE.bottom - CAR[1])  # from there to a far corner
FIELD: Polygon = [(x * PLAYFIELD, y * PLAYFIELD) for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
PATCHES: list[Polygon] = [
    [(x + GRASS_DIM, y), (x, y), (x, y + GRASS_DIM), (x + GRASS_DIM, y + GRASS_DIM)]
    for x in GRASS_DIM * np.arange(-20, 20, 2)
    for y in GRASS_DIM * np.arange(-20, 20, 2)
]
LAND = [FIELD, *PATCHES]  # below the road
CANVAS = pygame.Surface((WINDOW_W, WINDOW_H))
AROUND = np.arange(-15, 25)  # tiles from the one that a car is at, among which the next one is
NEAR = 25.0  # world units from the middle of the road, beyond which a car is nowhere along it


class LazyCarRacing(CarRacing):  # type: ignore[misc]
    """Gymnasium's own, but drawn on demand, and only what is in the window."""

    def __init__(self) -> None:
        super().__init__(render_mode="rgb_array")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Gymnasium's; what will be drawn is gathered once."""
        begun = super().reset(seed=seed, options=options)
        polygons = LAND + [corners for corners, _ in self.road_poly]
        self._corners = np.array(polygons).transpose(2, 0, 1)  # (2, polygons, 4)
        self._centres = self._corners.mean(axis=2)  # (2, polygons)
        apart = self._corners - self._centres[..., None]
        self._radii = np.hypot(*apart).max(axis=1)
        self._line = np.array([(x, y) for _, _, x, y in self.track])  # of its middle, by tile
        self._tile = self._furthest = 0
        return begun

    def picture(self) -> NDArray[np.uint8]:
        """(84, 96, 3): what Gymnasium shows above its bar, byte for byte."""
        self._draw()
        # Smaller across, right way up, smaller down: Gymnasium's result, from less to turn over.
        narrow = pygame.transform.smoothscale(CANVAS.subsurface(VISIBLE), (WIDTH, VISIBLE.height))
        upright = pygame.transform.flip(narrow, False, True)
        small = pygame.transform.smoothscale(upright, (WIDTH, HEIGHT))
        picture: NDArray[np.uint8] = pygame.surfarray.array3d(small).transpose(1, 0, 2)
        return picture

    def pose(self) -> tuple[float, float, float, float]:
        """x, y, the heading, in which it looks along (cos, sin), and the speed."""
        hull = self.car.hull
        return (*hull.position, hull.angle + math.pi / 2, hull.linearVelocity.length)

    def passed(self) -> float:
        """The share of the tiles that the car has come past, touched or not; to be asked often
        enough that it does not come past AROUND meanwhile.
        """
        x, y = self._line[(self._tile + AROUND) % len(self._line)].T
        away = np.hypot(x - self.car.hull.position[0], y - self.car.hull.position[1])
        nearest = int(away.argmin())
        if away[nearest] < NEAR:
            self._tile += int(AROUND[nearest])
            self._furthest = max(self._furthest, self._tile)
        return min(1.0, self._furthest / len(self._line))

    def _render(self, mode: str) -> Any:
        """Gymnasium's, except that the picture that it takes of every frame is not taken."""
        return None if mode == "state_pixels" else super()._render(mode)

    def _draw(self) -> None:
        """Paint the visible part of CANVAS as Gymnasium does, upside down."""
        angle, (x, y) = -self.car.hull.angle, self.car.hull.position
        zoom = 0.1 * SCALE * max(1 - self.t, 0) + ZOOM * SCALE * min(self.t, 1)
        moved = pygame.Vector2(-x * zoom, -y * zoom).rotate_rad(angle)
        shift = (CAR[0] + moved[0], CAR[1] + moved[1])
        turn = tuple(pygame.Vector2(1, 0).rotate_rad(angle))
        near = self._near(zoom, shift, turn)
        if max(abs(x), abs(y)) + REACH / zoom < PLAYFIELD:  # the field is all that there is
            CANVAS.fill(self._colour(0))
            near = near[1:]
        else:
            CANVAS.fill(0)
        xs, ys = _placed(self._corners[:, near], zoom, shift, turn)
        for number, corners in zip(near.tolist(), np.stack([xs, ys], 2).tolist(), strict=True):
            colour = self._colour(number)
            gfxdraw.aapolygon(CANVAS, corners, colour)
            gfxdraw.filled_polygon(CANVAS, corners, colour)
        self.car.draw(CANVAS, zoom, shift, angle, False)

    def _near(self, zoom: float, shift: Any, turn: Any) -> NDArray[np.intp]:
        """Which polygons may be in sight."""
        xs, ys = _placed(self._centres, zoom, shift, turn)
        margin = self._radii * zoom + 2
        across = np.abs(xs - VISIBLE.centerx) <= VISIBLE.width / 2 + margin
        down = np.abs(ys - VISIBLE.centery) <= VISIBLE.height / 2 + margin
        return np.flatnonzero(across & down)

    def _colour(self, number: int) -> list[int]:
        """A tile's changes when a wheel touches it."""
        if number == 0:
            colour = self.bg_color
        elif number < len(LAND):
            colour = self.grass_color
        else:
            colour = self.road_poly[number - len(LAND)][1]
        return [int(value) for value in colour]


def _placed(
    points: NDArray[np.float64], zoom: float, shift: Any, turn: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where points (2, ...) are in the window."""
    x, y = points
    cos, sin = turn
    return (x * cos - y * sin) * zoom + shift[0], (x * sin + y * cos) * zoom + shift[1]
