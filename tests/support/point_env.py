"""Small environments of Gymnasium for tests: a white point on black, pictures of NumPy alone.

`tests.support.point_env:Point-v0` has a Box of actions and renders; `PointPicture-v0` has Discrete
actions and observes pictures. The others are what the pipeline refuses.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete

HEIGHT, WIDTH = 24, 36  # pixels
TARGET = 30.0  # column
CLOSED: list[int] = []  # numbers of the environments that were closed, in their order


class Point(gymnasium.Env):
    """A point that wind moves about; it ends at the target, or far to the left.

    Args:
        render_mode: rgb_array or None.
        actions: `box` (a velocity in [-2, 6], and 0 to 100 without effect), `discrete` (left, stay,
            right, numbered from 5), or another that is refused.
        pictures: whether it observes pictures, and does not render.
        wind: standard deviation of the random movement.
    """

    metadata = {"render_modes": ["human", "rgb_array"]}  # noqa: RUF012 (as in Gymnasium)
    count = 0

    def __init__(self, render_mode=None, actions="box", pictures=False, wind=1.0):
        self.render_mode, self._actions, self._wind = render_mode, actions, wind
        self._pictures = pictures
        vector = Box(-np.inf, np.inf, (1,), np.float32)
        self.observation_space = Box(0, 255, (HEIGHT, WIDTH), np.uint8) if pictures else vector
        self.action_space = {
            "box": Box(np.array([-2, 0], np.float32), np.array([6, 100], np.float32)),
            "discrete": Discrete(3, start=5),
            "many": MultiDiscrete([2, 3]),
            "unbounded": Box(-np.inf, np.inf, (2,), np.float32),
        }[actions]
        self.number = Point.count
        Point.count += 1

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x = self.np_random.uniform(8, 12)
        return self._observation(), {}

    def step(self, action):
        assert self.action_space.contains(action), action
        move = action - 6 if self._actions == "discrete" else action[0]
        self.x += float(move) + self._wind * self.np_random.standard_normal()
        reached = self.x >= TARGET
        return self._observation(), float(move) - 0.5, bool(reached), bool(self.x < -50), {}

    def render(self):
        frame = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        column = int(np.clip(self.x, 0, WIDTH - 4))
        frame[8:16, column : column + 4] = 255
        return frame

    def close(self):
        CLOSED.append(self.number)

    def _observation(self):
        return self.render()[..., 0] if self._pictures else np.array([self.x], np.float32)


class Mute(Point):
    """One that renders nothing."""

    metadata = {"render_modes": ["human"]}  # noqa: RUF012


class Broken(Point):
    """One that renders something else than a picture."""

    def render(self) -> Any:
        return [self.x]


def register(name: str, entry_point: type, **kwargs: Any) -> None:
    if f"{name}-v0" not in gymnasium.registry:  # pytest imports this file twice, for its doctests
        entry = f"tests.support.point_env:{entry_point.__name__}"
        gymnasium.register(f"{name}-v0", entry, kwargs=kwargs)


register("Point", Point)
register("PointPicture", Point, actions="discrete", pictures=True)
register("PointMany", Point, actions="many")
register("PointUnbounded", Point, actions="unbounded")
register("PointMute", Mute)
register("PointBroken", Broken)
