"""The base class of the simulators of CarRacing: actions, observations and episode ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.envs.carracing.area_resize import AreaResize

Info = dict[str, NDArray[Any]]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]
Rows = NDArray[np.intp]
# Of the cars that were simulated for one frame: rewards, whether terminated, whether they have
# finished the lap.
FrameStep = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]
FRAME_SHAPE = (84, 96)  # height and width of Gymnasium's frame above its bar of indicators


class BatchedCarRacing(ABC):
    """A vector environment on a simulator that advances by one frame; Gymnasium's vector API.

    A subclass has `num_envs` cars, which it numbers from 0. A row of the batch is a car that was
    kept.

    Raises:
        ValueError: there is no track, row, step or frame, or the view is larger than the frame.
    """

    action_size = 2

    def __init__(
        self,
        tracks: Sequence[int],
        num_envs: int = 1,
        max_steps: int = 250,
        view: tuple[int, int] = (28, 32),
        frame_skip: int = 4,
    ) -> None:
        if not len(tracks) or min(num_envs, max_steps, frame_skip) < 1:
            raise ValueError(
                "an environment needs at least one track, row, step and frame a step, "
                f"not {len(tracks)}, {num_envs}, {max_steps} and {frame_skip}"
            )
        self.tracks = [int(track) for track in tracks]
        self.num_envs = num_envs
        self.max_steps = max_steps
        self.frame_skip = frame_skip
        self._resize = AreaResize(FRAME_SHAPE, view)
        self.observation_shape = self._resize.shape
        self.reset()

    @abstractmethod
    def _reset_cars(self, tracks: list[int]) -> None:
        """Put car i at the start of tracks[i]."""

    @abstractmethod
    def _step_frame(self, cars: Rows, controls: NDArray[np.float32]) -> FrameStep:
        """Simulate one frame of these cars, with controls (N, 3): steer, gas, brake."""

    @abstractmethod
    def _frames(self, cars: Rows) -> NDArray[np.uint8]:
        """The RGB frames (N, 84, 96, 3) of these cars."""

    @abstractmethod
    def _lap_fraction(self, cars: Rows) -> NDArray[np.float64]:
        """(N,): the fraction of the track's tiles that each of these cars has visited."""

    def _simulator_info(self, cars: Rows) -> Info:
        """The entries of `info` that only this simulator has."""
        return {}

    def reset(self, *, seed: int | None = None) -> tuple[NDArray[np.float32], Info]:
        """Start an episode in every row: observations, info. Nothing is random, whatever `seed`."""
        self._reset_cars([self.tracks[car % len(self.tracks)] for car in range(self.num_envs)])
        self._cars: Rows = np.arange(self.num_envs)
        self._terminated = np.zeros(self.num_envs, np.bool_)
        self._finished = np.zeros(self.num_envs, np.bool_)
        self._steps = np.zeros(self.num_envs, np.int64)
        self._observations = self._resize(self.frames())
        return self._observations, self._info()

    def keep(self, rows: Rows) -> None:
        """Keep only these rows of the batch, until the next reset."""
        self._cars, self._steps = self._cars[rows], self._steps[rows]
        self._terminated, self._finished = self._terminated[rows], self._finished[rows]
        self._observations = self._observations[rows]

    def step(self, actions: ArrayLike) -> Step:
        """One step of `frame_skip` frames, or fewer if the episode ends.

        Returns observations, rewards, terminations, truncations, info.

        Raises:
            ValueError: the actions are not (rows, 2) numbers, or one of them is NaN.
        """
        controls = self._controls(actions)
        rewards = np.zeros(len(self._cars))
        active = np.flatnonzero(~self._done())
        rows = active
        for _ in range(self.frame_skip):
            if not rows.size:
                break
            reward, terminated, finished = self._step_frame(self._cars[rows], controls[rows])
            rewards[rows] += reward
            self._terminated[rows], self._finished[rows] = terminated, finished
            rows = rows[~(terminated | finished)]
        self._steps[active] += 1
        if active.size:
            self._observations = self._observations.copy()  # earlier ones belong to the caller
            self._observations[active] = self._resize(self._frames(self._cars[active]))
        truncated = self._finished | (self._steps >= self.max_steps)
        return self._observations, rewards, self._terminated.copy(), truncated, self._info()

    def frames(self) -> NDArray[np.uint8]:
        """The RGB frames (rows, 84, 96, 3) that the observations are averaged from."""
        return self._frames(self._cars)

    def _done(self) -> NDArray[np.bool_]:
        return self._terminated | self._finished | (self._steps >= self.max_steps)

    def _info(self) -> Info:
        return {
            "lap_fraction": self._lap_fraction(self._cars),
            "finished": self._finished.copy(),
            **self._simulator_info(self._cars),
        }

    def _controls(self, actions: ArrayLike) -> NDArray[np.float32]:
        """Steer, gas and brake, (rows, 3), from steer and pedal clipped to [-1, 1]."""
        action = np.asarray(actions, np.float32)
        if action.shape != (len(self._cars), self.action_size):
            raise ValueError(
                f"actions must have shape ({len(self._cars)}, {self.action_size}): "
                f"one row a car, steer and pedal; found {action.shape}"
            )
        if np.isnan(action).any():
            car, entry = np.argwhere(np.isnan(action))[0]
            raise ValueError(
                "actions must be numbers in [-1, 1]; "
                f"found NaN for car {car}, {('steer', 'pedal')[entry]}"
            )
        steer, pedal = np.clip(action, -1, 1).T
        return np.stack([steer, np.maximum(pedal, 0), np.maximum(-pedal, 0)], axis=1)
