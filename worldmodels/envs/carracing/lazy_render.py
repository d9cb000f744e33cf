"""Gymnasium's CarRacing-v3 with frames drawn on demand.

The physics of a frame takes 0.07 ms; drawing its 700 polygons takes 6 ms. With a frame skip of 4
only every fourth frame has to be drawn.
"""

from __future__ import annotations

import math
from functools import partial
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

from worldmodels.envs.carracing.car_shapes import CarShapes
from worldmodels.envs.carracing.fast_car import FastCar

Polygon = list[tuple[float, float]]
HEIGHT, WIDTH = 84, 96  # of a frame without the bar, which covers the lowest 12 rows of 96
BAR = WINDOW_H // 8  # height of the bar in the window
VISIBLE = pygame.Rect(0, BAR, WINDOW_W, WINDOW_H - BAR)  # of a window drawn upside down
CAR = (WINDOW_W / 2, WINDOW_H / 4)  # position of the car in the window
REACH = math.hypot(VISIBLE.width / 2, VISIBLE.bottom - CAR[1])  # from there to a far corner
FIELD: Polygon = [(x * PLAYFIELD, y * PLAYFIELD) for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
PATCHES: list[Polygon] = [
    [(x + GRASS_DIM, y), (x, y), (x, y + GRASS_DIM), (x + GRASS_DIM, y + GRASS_DIM)]
    for x in GRASS_DIM * np.arange(-20, 20, 2)
    for y in GRASS_DIM * np.arange(-20, 20, 2)
]
LAND = [FIELD, *PATCHES]  # drawn below the road
CANVAS = pygame.Surface((WINDOW_W, WINDOW_H))
# NumPy fills the canvas: Surface.fill writes past the cache, and what follows has to wait for it.
PIXELS = pygame.surfarray.pixels2d(CANVAS).T[VISIBLE.top : VISIBLE.bottom]
MARGIN = 2  # pixels that the edge of a polygon may lie beside where it is computed
SEARCHED_TILES = np.arange(-15, 25)  # relative to the car's last tile, where the next is searched
MAX_OFFSET = 25.0  # world units from the centreline, beyond which a car makes no progress


class LazyCarRacing(CarRacing):  # type: ignore[misc]
    """Gymnasium's CarRacing, but `step` draws nothing, and `frame` only what is visible."""

    def __init__(self) -> None:
        super().__init__(render_mode="rgb_array")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start an episode: Gymnasium's reset; also gathers the polygons to draw."""
        result = super().reset(seed=seed, options=options)
        self.car.__class__ = FastCar
        polygons = LAND + [corners for corners, _ in self.road_poly]
        self._corners = np.array(polygons).transpose(2, 0, 1)  # (2, polygons, 4)
        self._centres = self._corners.mean(axis=2)  # (2, polygons)
        apart = self._corners - self._centres[..., None]
        self._radii = np.hypot(*apart).max(axis=1)
        self._car_shapes = CarShapes(self.car)
        self._land_colours = [tuple(map(int, each)) for each in (self.bg_color, self.grass_color)]
        self._centreline = np.array([(x, y) for _, _, x, y in self.track])  # (tiles, 2)
        self._tile = self._furthest = 0
        return result

    def frame(self) -> NDArray[np.uint8]:
        """(84, 96, 3): the RGB frame that Gymnasium shows above its bar, byte for byte."""
        self._draw()
        # Scaling in x, flipping, then scaling in y gives Gymnasium's bytes, with less to flip.
        narrow = pygame.transform.smoothscale(CANVAS.subsurface(VISIBLE), (WIDTH, VISIBLE.height))
        upright = pygame.transform.flip(narrow, False, True)
        small = pygame.transform.smoothscale(upright, (WIDTH, HEIGHT))
        content = pygame.image.tobytes(small, "RGB")
        return np.frombuffer(content, np.uint8).reshape(HEIGHT, WIDTH, 3)

    def pose(self) -> tuple[float, float, float, float]:
        """x, y, heading and speed; the car looks along (cos heading, sin heading)."""
        hull = self.car.hull
        return (*hull.position, hull.angle + math.pi / 2, hull.linearVelocity.length)

    def progress(self) -> float:
        """The fraction of the tiles that the car has come past, whether it touched them or not.

        Call it at every step: it looks for the nearest tile only in SEARCHED_TILES.
        """
        x, y = self._centreline[(self._tile + SEARCHED_TILES) % len(self._centreline)].T
        apart = np.hypot(x - self.car.hull.position[0], y - self.car.hull.position[1])
        nearest = int(apart.argmin())
        if apart[nearest] < MAX_OFFSET:
            self._tile += int(SEARCHED_TILES[nearest])
            self._furthest = max(self._furthest, self._tile)
        return min(1.0, self._furthest / len(self._centreline))

    def _render(self, mode: str) -> Any:
        """Gymnasium's, but None for the observation, which Gymnasium draws in every step."""
        return None if mode == "state_pixels" else super()._render(mode)

    def _draw(self) -> None:
        """Draw the visible part of CANVAS as Gymnasium does, upside down."""
        angle, (x, y) = -self.car.hull.angle, self.car.hull.position
        zoom = 0.1 * SCALE * max(1 - self.t, 0) + ZOOM * SCALE * min(self.t, 1)
        moved = pygame.Vector2(-x * zoom, -y * zoom).rotate_rad(angle)
        shift = (CAR[0] + moved[0], CAR[1] + moved[1])
        turn = tuple(pygame.Vector2(1, 0).rotate_rad(angle))
        near = self._polygons_near(x, y, REACH / zoom)
        if max(abs(x), abs(y)) + REACH / zoom < PLAYFIELD:  # the field fills the window
            PIXELS[...] = CANVAS.map_rgb(self._colour(0))
            near = near[1:]
        else:
            PIXELS[...] = 0
        place = partial(_to_window, zoom=zoom, shift=shift, turn=turn)
        xs, ys = place(self._corners[:, near])
        visible = _overlaps(xs, VISIBLE.left, VISIBLE.right)
        visible &= _overlaps(ys, VISIBLE.top, VISIBLE.bottom)
        numbers = near[visible].tolist()
        polygons = np.empty((len(numbers), 4, 2))
        polygons[:, :, 0], polygons[:, :, 1] = xs[visible], ys[visible]
        for number, corners in zip(numbers, polygons.tolist(), strict=True):
            colour = self._colour(number)
            gfxdraw.aapolygon(CANVAS, corners, colour)
            gfxdraw.filled_polygon(CANVAS, corners, colour)
        self._car_shapes.draw(CANVAS, place)

    def _polygons_near(self, x: float, y: float, distance: float) -> NDArray[np.intp]:
        """The numbers of the polygons that may be closer to a point than a distance."""
        dx, dy = self._centres[0] - x, self._centres[1] - y
        return np.flatnonzero(dx * dx + dy * dy <= (self._radii + distance) ** 2)

    def _colour(self, number: int) -> tuple[int, ...]:
        """The colour of a polygon; that of a tile changes when a wheel touches it."""
        if number < len(LAND):
            return self._land_colours[number > 0]
        red, green, blue = self.road_poly[number - len(LAND)][1]
        return int(red), int(green), int(blue)


def _to_window(
    points: NDArray[np.float64], zoom: float, shift: Any, turn: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (2, ...) of the world in coordinates of the window."""
    x, y = points
    cos, sin = turn
    return (x * cos - y * sin) * zoom + shift[0], (x * sin + y * cos) * zoom + shift[1]


def _overlaps(edges: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_]:
    """(polygons,): whether polygons with these corners (polygons, 4) may reach into a range."""
    overlaps: NDArray[np.bool_] = edges.max(axis=1) >= low - MARGIN
    overlaps &= edges.min(axis=1) <= high + MARGIN
    return overlaps
