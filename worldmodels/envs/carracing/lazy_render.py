"""Gymnasium's CarRacing-v3 with frames drawn on demand.

The physics of a frame takes 0.05 ms; drawing its 700 polygons takes 6 ms. With a frame skip of 4
only every fourth frame has to be drawn.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pygame
from gymnasium.envs.box2d.car_racing import (
    FPS,
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

from worldmodels.envs.carracing.camera import VISIBLE, Camera, bounds, overlaps
from worldmodels.envs.carracing.car_shapes import CarShapes
from worldmodels.envs.carracing.fast_car import FastCar
from worldmodels.envs.carracing.tile_contacts import TileContacts

Polygon = list[tuple[float, float]]
HEIGHT, WIDTH = 84, 96  # of a frame without the bar, which covers the lowest 12 rows of 96
VELOCITY_ITERATIONS, POSITION_ITERATIONS = 6 * 30, 2 * 30  # of Box2D, in Gymnasium's `step`
FIELD: Polygon = [(x * PLAYFIELD, y * PLAYFIELD) for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
PATCHES: list[Polygon] = [
    [(x + GRASS_DIM, y), (x, y), (x, y + GRASS_DIM), (x + GRASS_DIM, y + GRASS_DIM)]
    for x in GRASS_DIM * np.arange(-20, 20, 2)
    for y in GRASS_DIM * np.arange(-20, 20, 2)
]
LAND = np.array([FIELD, *PATCHES])  # (polygons, 4, 2), drawn below the road
CANVAS = pygame.Surface((WINDOW_W, WINDOW_H))
# The same pixels, but what is drawn below the bar is left out. For what is filled, no pixel depends
# on it; of smooth edges, the others would not be Gymnasium's.
CLIPPED = CANVAS.subsurface(CANVAS.get_rect())
CLIPPED.set_clip(VISIBLE)
SEEN = CANVAS.subsurface(VISIBLE)
# NumPy fills the canvas: Surface.fill writes past the cache, and what follows has to wait for it.
PIXELS = pygame.surfarray.pixels2d(CANVAS).T[VISIBLE.top : VISIBLE.bottom]
NARROW = pygame.Surface((WIDTH, VISIBLE.height))
SMALL = pygame.Surface((WIDTH, HEIGHT))
SEARCHED_TILES = (15, 25)  # before the car's last tile and after it, where the next is searched
CAR_TILES = 2  # that the car's rear wheels may still touch when its centre is past them
MAX_OFFSET = 25.0  # world units from the centreline, beyond which a car makes no progress


class LazyCarRacing(CarRacing):  # type: ignore[misc]
    """Gymnasium's CarRacing, but `step` draws nothing, and `frame` only what is visible."""

    prev_reward: float

    def __init__(self) -> None:
        super().__init__(render_mode="rgb_array")
        self.world.continuousPhysics = False  # it is for solid bodies that meet; here none do

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start an episode: Gymnasium's reset; also gathers the polygons to draw."""
        result = super().reset(seed=seed, options=options)
        self.car.__class__ = FastCar
        corners, road_colours = zip(*self.road_poly, strict=True)
        self._corners = np.concatenate([LAND, corners]).T.copy()  # (2, 4, polygons)
        self._bounds = bounds(self._corners)
        field, patch = _integers(self.bg_color), _integers(self.grass_color)
        road = [_integers(colour) for colour in road_colours]
        self._colours = [field, *[patch] * len(PATCHES), *road]
        own_colours = {id(tile.color) for tile in self.road}  # kerbs have none
        tiles = [
            number
            for number, colour in enumerate(road_colours, len(LAND))
            if id(colour) in own_colours
        ]
        self.world.contactListener = TileContacts(self, self._colours, tiles)
        self._car_shapes = CarShapes(self.car)
        before, after = SEARCHED_TILES
        around = np.arange(-before, len(self.track) + after) % len(self.track)
        self._centreline = np.array([(x, y) for _, _, x, y in self.track]).T[:, around]
        self._tile = self._furthest = self._checked = 0
        self._missed: list[Any] = []
        return result

    def close(self) -> None:
        """Leave nothing in memory: destroy all bodies and drop all attributes.

        A tile refers to itself, so that it would stay for ever; the listeners, the car and the
        world refer to each other, so that they would stay until Python collects garbage, which is
        after many batches of environments.
        """
        self.world.contactListener = None
        self._destroy()
        self.__dict__.clear()

    def drive(self, control: NDArray[np.float32], frames: int) -> tuple[float, bool, bool]:
        """Drive some frames, or fewer if the episode ends, as by `step`.

        Args:
            control: (3,), steer, gas and brake.
            frames: at most.

        Returns the sum of the rewards; whether the car left the playfield; whether it finished the
        lap.
        """
        car, total, outside, finished = self.car, 0.0, False, False
        steer, gas, brake = control.tolist()
        car.steer(-steer)
        car.brake(brake)
        for _ in range(frames):
            car.gas(gas)
            car.step(1.0 / FPS)
            self.world.Step(1.0 / FPS, VELOCITY_ITERATIONS, POSITION_ITERATIONS)
            self.t += 1.0 / FPS
            self.reward -= 0.1
            reward = self.reward - self.prev_reward
            self.prev_reward = self.reward
            x, y = car.hull.position
            outside = abs(x) > PLAYFIELD or abs(y) > PLAYFIELD
            finished = self.tile_visited_count == len(self.track) or self.new_lap
            total += -100 if outside else reward
            if outside or finished:
                break
        return total, outside, finished and not outside

    def frame(self) -> NDArray[np.uint8]:
        """(84, 96, 3): the RGB frame that Gymnasium shows above its bar, byte for byte."""
        self._draw()
        # Scaling in x, flipping, then scaling in y gives Gymnasium's bytes, with less to flip.
        pygame.transform.smoothscale(SEEN, NARROW.get_size(), NARROW)
        upright = pygame.transform.flip(NARROW, False, True)
        pygame.transform.smoothscale(upright, SMALL.get_size(), SMALL)
        content = pygame.image.tobytes(SMALL, "RGB")
        return np.frombuffer(content, np.uint8).reshape(HEIGHT, WIDTH, 3)

    def pose(self) -> tuple[float, float, float, float]:
        """x, y, heading and speed; the car looks along (cos heading, sin heading)."""
        hull = self.car.hull
        return (*hull.position, hull.angle + math.pi / 2, hull.linearVelocity.length)

    def progress(self) -> float:
        """The fraction of the tiles that the car has come past, whether it touched them or not.

        Call it at every step: it looks for the nearest tile only in SEARCHED_TILES.
        """
        tiles, (before, after) = len(self.track), SEARCHED_TILES
        first = self._tile % tiles
        x, y = self._centreline[:, first : first + before + after]
        position = self.car.hull.position
        apart = np.hypot(x - position.x, y - position.y)
        nearest = int(apart.argmin())
        if apart[nearest] < MAX_OFFSET:
            self._tile += nearest - before
            self._furthest = max(self._furthest, self._tile)
        return min(1.0, self._furthest / tiles)

    def missed_tiles(self) -> int:
        """How many of the tiles that lie behind the car it has not visited.

        Call it after `progress`.
        """
        behind = max(self._checked, min(self._furthest - CAR_TILES, len(self.road)))
        passed = self.road[self._checked : behind]
        self._checked = behind
        self._missed = [tile for tile in self._missed + passed if not tile.road_visited]
        return len(self._missed)

    def _render(self, mode: str) -> Any:
        """Gymnasium's, but None for the observation, which Gymnasium draws in every step."""
        return None if mode == "state_pixels" else super()._render(mode)

    def _draw(self) -> None:
        """Draw the visible part of CANVAS as Gymnasium does, upside down."""
        zoom = 0.1 * SCALE * max(1 - self.t, 0) + ZOOM * SCALE * min(self.t, 1)
        x, y = self.car.hull.position
        camera = Camera(x, y, -self.car.hull.angle, zoom)
        in_sight = camera.may_see(self._bounds)
        if camera.sees_only(PLAYFIELD):  # the field fills the window
            PIXELS.fill(CANVAS.map_rgb(self._colours[0]))
            in_sight[0] = False
        else:
            PIXELS.fill(0)
        near = np.flatnonzero(in_sight)
        placed = camera.place(self._corners[:, :, near].reshape(2, -1)).reshape(2, 4, -1)
        visible = overlaps(placed)
        numbers, polygons = near[visible].tolist(), placed[:, :, visible].T.tolist()
        for number, polygon in zip(numbers, polygons, strict=True):
            colour = self._colours[number]
            gfxdraw.aapolygon(CANVAS, polygon, colour)
            gfxdraw.filled_polygon(CLIPPED, polygon, colour)
        self._car_shapes.draw(CANVAS, camera)


def _integers(colour: Any) -> tuple[int, ...]:
    return tuple(map(int, colour))
