"""The car as Gymnasium draws it, byte for byte, in fewer and larger steps of arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pygame
from gymnasium.envs.box2d.car_dynamics import SIZE, WHEEL_R, WHEEL_W, WHEEL_WHITE
from numpy.typing import NDArray

Place = Callable[[NDArray[Any]], tuple[NDArray[Any], NDArray[Any]]]
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
        self._points = np.empty(self._vertices.shape)  # in the world
        self._corners = np.empty(self._points.T.shape)  # on the surface

    def draw(self, surface: pygame.Surface, place: Place) -> None:
        """Draw the car.

        Args:
            surface: to draw on.
            place: from points (2, N) of the world to x and y on the surface.
        """
        hidden = [each for each in self._shapes if each.wheel and not self._turn_mark(each)]
        transforms = [body.transform for body in self._bodies]
        poses = [(each.q.c, each.q.s, *each.position) for each in transforms]
        cos, sin, x, y = np.array(poses, np.float32).T[:, self._body]
        along, across = self._vertices
        # In float32, and in this order, as Box2D computes it.
        self._points[0] = (cos * along - sin * across) + x
        self._points[1] = (sin * along + cos * across) + y
        self._corners[:, 0], self._corners[:, 1] = place(self._points)
        corners: Any = self._corners.tolist()
        for shape in self._shapes:
            if shape not in hidden:
                pygame.draw.polygon(surface, shape.colour, corners[shape.vertices])

    def _turn_mark(self, shape: _Shape) -> bool:
        """Put the white mark of a wheel where the wheel has turned to; whether it is in sight."""
        angles = (shape.wheel.phase, shape.wheel.phase + MARK_ANGLE)
        behind = [math.sin(angle) > 0 for angle in angles]
        if all(behind):
            return False
        start, end = (
            math.copysign(1.0, math.cos(angle)) if hidden else math.cos(angle)
            for angle, hidden in zip(angles, behind, strict=True)
        )
        start, end = WHEEL_R * start * SIZE, WHEEL_R * end * SIZE
        self._vertices[1, shape.vertices] = start, start, end, end
        return True
