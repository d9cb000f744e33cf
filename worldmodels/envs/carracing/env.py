"""Gymnasium's CarRacing-v3, the environment of the paper, as a vector environment.

It needs requirements-carracing.txt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.base import BatchedCarRacing, FrameStep, Info, Rows
from worldmodels.envs.carracing.optional_imports import optional_import


class CarRacingEnv(BatchedCarRacing):
    """A vector environment of cars, each alone on its track; Gymnasium's vector API.

    Physics, rewards and frames are Gymnasium's, byte for byte.

    Action space: (num_envs, 2), steer (right is positive) and pedal (above 0 gas, below 0 brake),
        each clipped to [-1, 1] and repeated for `frame_skip` frames.
    Observation space: (num_envs, *view, 3) float32, multiples of 1 / 255 in [0, 1]: area means of
        Gymnasium's RGB frame, 84 rows of 96 pixels without the bar of indicators.
    Rewards: over the frames of a step, 1000 / tiles for every tile of the track that is visited
        for the first time, -0.1 a frame, and -100 for the frame in which the car leaves the
        playfield.
    Starting state: at rest on the first tile; the camera zooms in during the first second. Not
        random.
    Episode end: terminated outside the playfield; truncated after `max_steps`, or when the lap is
        finished. The lap takes every tile: Gymnasium would end it at 95% of them, at the first
        visit of tile 0 thereafter, but that is the tile on which the car starts. No auto-reset: a
        row that has ended keeps its state and flags, its reward is 0.
    Info: `lap_fraction` (fraction of the tiles visited; 1 only if all are), `progress` (fraction of
        the tiles that the car has come past, visited or not), `finished` (whether the lap is
        finished), `state` (num_envs, 4: x, y, heading, speed; world units, radians, world units a
        second).

    Args:
        tracks: seeds of Gymnasium's reset; row i is on tracks[i % len(tracks)].
        num_envs: rows of every array.
        max_steps: steps after which an episode is truncated.
        view: height and width of an observation; in (28, 32) each pixel is the mean of 3 x 3.
        frame_skip: frames in a step; a second has 50.

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
        with optional_import("gymnasium", "Box2D", "pygame"):
            from worldmodels.envs.carracing.lazy_render import LazyCarRacing
        self._simulators = [LazyCarRacing() for _ in range(num_envs)]
        super().__init__(tracks, num_envs, max_steps, view, frame_skip)

    def render(self, row: int = 0) -> NDArray[np.uint8]:
        """(400, 600, 3): Gymnasium's frame for people, with skid marks and indicators."""
        frame: NDArray[np.uint8] = self._simulators[self._cars[row]].render()
        return frame

    def _reset_cars(self, tracks: list[int]) -> None:
        for simulator, track in zip(self._simulators, tracks, strict=True):
            simulator.reset(seed=track)

    def _step_frame(self, cars: Rows, controls: NDArray[np.float32]) -> FrameStep:
        rewards = np.empty(len(cars))
        terminated, finished = np.zeros((2, len(cars)), np.bool_)
        for row, (car, control) in enumerate(zip(cars, controls, strict=True)):
            _, rewards[row], done, _, info = self._simulators[car].step(control)
            finished[row] = done and info["lap_finished"]
            terminated[row] = done and not info["lap_finished"]
        return rewards, terminated, finished

    def _frames(self, cars: Rows) -> NDArray[np.uint8]:
        return np.stack([self._simulators[car].frame() for car in cars])

    def _lap_fraction(self, cars: Rows) -> NDArray[np.float64]:
        visited = [self._simulators[car].tile_visited_count for car in cars]
        return np.array(visited) / [len(self._simulators[car].track) for car in cars]

    def _simulator_info(self, cars: Rows) -> Info:
        simulators = [self._simulators[car] for car in cars]
        return {
            "state": np.array([each.pose() for each in simulators]),
            "progress": np.array([each.progress() for each in simulators]),
        }
