"""Gymnasium's CarRacing-v3, the world of the paper, for many cars at once.

It needs requirements-carracing.txt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.base import BatchedCarRacing, Frame, Info, Rows
from worldmodels.envs.carracing.optional_imports import extra


class CarRacingEnv(BatchedCarRacing):
    """Many cars, each alone on its track, behind Gymnasium's vector signature.

    Physics, rewards and pictures are Gymnasium's, to the last byte.

    Action space: (num_cars, 2), steer (right is positive) and pedal (above 0 gas, below 0 brake),
        each clipped to [-1, 1] and held for `frame_skip` frames.
    Observation space: (num_cars, *view, 3) float32, multiples of 1 / 255 in [0, 1]: means over the
        areas of Gymnasium's picture, 84 rows of 96 pixels without the bar of indicators.
    Rewards: over the frames of a step, 1000 / tiles for every tile of the track that is visited
        for the first time, -0.1 a frame, and -100 for the frame in which the car is lost.
    Starting state: at rest on the first tile, the camera far above and coming down in the first
        second; nothing random.
    Episode end: terminated far off the road (outside the playfield), truncated after `max_steps`,
        or when the lap is finished, which takes every tile: Gymnasium would have 95% do, and then
        tile 0 for the first time, but that is the one on which a car starts. No auto-reset: a
        finished car stands still, earns 0 and keeps its flags.
    Info: `laps` (the share of the tiles visited; 1 only for all of them), `passed` (the share of
        them that the car has come past, visited or not), `finished` (the lap counts as finished),
        `state` (num_cars, 4: x, y, heading, speed; in world units, radians, and world units a
        second).

    Args:
        tracks: seeds of Gymnasium's reset; car i drives tracks[i % len(tracks)].
        num_cars: rows of every array.
        max_steps: when an episode is cut short.
        view: rows and columns of what is seen; (28, 32) are blocks of 3 x 3 pixels.
        frame_skip: frames in a step; there are 50 in a second.

    Raises:
        ModuleNotFoundError: Gymnasium, Box2D or pygame is not installed.
    """

    def __init__(
        self,
        tracks: Sequence[int],
        num_envs: int = 1,
        max_steps: int = 250,
        view: tuple[int, int] = (28, 32),
        frame_skip: int = 4,
    ) -> None:
        with extra("gymnasium", "Box2D", "pygame"):
            from worldmodels.envs.carracing.lazy_render import LazyCarRacing
        self._simulators = [LazyCarRacing() for _ in range(num_envs)]
        super().__init__(tracks, num_envs, max_steps, view, frame_skip)

    def big_picture(self, row: int = 0) -> NDArray[np.uint8]:
        """(400, 600, 3): what Gymnasium shows to people, with skid marks and indicators."""
        picture: NDArray[np.uint8] = self._simulators[self._cars[row]].render()
        return picture

    def _begin(self, tracks: list[int]) -> None:
        for simulator, track in zip(self._simulators, tracks, strict=True):
            simulator.reset(seed=track)

    def _frame(self, cars: Rows, commands: NDArray[np.float32]) -> Frame:
        rewards = np.empty(len(cars))
        lost, finished = np.zeros((2, len(cars)), np.bool_)
        for number, (car, command) in enumerate(zip(cars, commands, strict=True)):
            _, rewards[number], over, _, info = self._simulators[car].step(command)
            finished[number] = over and info["lap_finished"]
            lost[number] = over and not info["lap_finished"]
        return rewards, lost, finished

    def _pictures(self, cars: Rows) -> NDArray[np.uint8]:
        return np.stack([self._simulators[car].picture() for car in cars])

    def _laps(self, cars: Rows) -> NDArray[np.float64]:
        visited = [self._simulators[car].tile_visited_count for car in cars]
        return np.array(visited) / [len(self._simulators[car].track) for car in cars]

    def _more_info(self, cars: Rows) -> Info:
        simulators = [self._simulators[car] for car in cars]
        return {
            "state": np.array([each.pose() for each in simulators]),
            "passed": np.array([each.passed() for each in simulators]),
        }
