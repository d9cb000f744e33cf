"""The car as Gymnasium draws it, byte for byte, in fewer and larger steps of arithmetic."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pygame
from gymnasium.envs.box2d.car_dynamics import SIZE, WHEEL_R, WHEEL_W, WHEEL_WHITE
from numpy.typing import NDArray

from worldmodels.envs.carracing.camera import Camera

MARK_ANGLE = 1.2  # of a wheel's turn that its white mark covers (radians)


class _Shape(NamedTuple):
    """A polygon of the car."""

    vertices: slice
    colour: tuple[int, ...]
    wheel: Any = None  # whose white mark it is


class CarShapes:
    """The polygons of a car: each wheel and the white mark on it, then the hull.

    Args:
        car: Gymnasium's.
    """

    def __init__(self, car: Any) -> None:
        self._bodies = car.drawlist
        self._shapes: list[_Shape] = []
        vertices: list[tuple[float, float]] = []
        bodies: list[int] = []

        def add(corners: list[tuple[float, float]], body: int, *about: Any) -> None:
            start = len(vertices)
            vertices.extend(corners)
            bodies.extend([body] * len(corners))
            self._shapes.append(_Shape(slice(start, len(vertices)), *about))

        for number, body in enumerate(self._bodies):
            colour = tuple(int(value * 255) for value in body.color)
            for fixture in body.fixtures:
                add(fixture.shape.vertices, number, colour)
                if body in car.wheels:
                    x = WHEEL_W * SIZE
                    add([(-x, 0), (x, 0), (x, 0), (-x, 0)], number, WHEEL_WHITE, body)
        self._vertices = np.array(vertices, np.float32).T.copy()  # (2, N)
        self._body = np.array(bodies)

    def draw(self, surface: pygame.Surface, camera: Camera) -> None:
        """Draw the car as the camera shows it."""
        shown = [shape for shape in self._shapes if not shape.wheel or self._turn_mark(shape)]
        corners: Any = camera.place(self._points()).T.tolist()
        for shape in shown:
            pygame.draw.polygon(surface, shape.colour, corners[shape.vertices])

    def _points(self) -> NDArray[np.float64]:
        """The vertices (2, N) in the world."""
        poses = list[tuple[float, ...]]()
        for body in self._bodies:
            turned, position = body.transform.q, body.position
            cos, sin = turned.c, turned.s
            poses.append((cos, sin, -sin, cos, position.x, position.y))
        along, across, shift = np.array(poses, np.float32).T[:, self._body].reshape(3, 2, -1)
        # In float32, and in this order, as Box2D computes it.
        along *= self._vertices[0]
        across *= self._vertices[1]
        along += across
        along += shift
        return along.astype(np.float64)

    def _turn_mark(self, shape: _Shape) -> bool:
        """Put the white mark of a wheel where the wheel has turned to; whether it is in sight."""
        start, end = shape.wheel.phase, shape.wheel.phase + MARK_ANGLE
        start_hidden, end_hidden = math.sin(start) > 0, math.sin(end) > 0
        if start_hidden and end_hidden:
            return False
        start, end = math.cos(start), math.cos(end)
        if start_hidden:
            start = math.copysign(1.0, start)
        if end_hidden:
            end = math.copysign(1.0, end)
        start, end = WHEEL_R * start * SIZE, WHEEL_R * end * SIZE
        self._vertices[1, shape.vertices] = start, start, end, end
        return True
