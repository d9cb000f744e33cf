"""What the simulators of CarRacing have in common: actions, views, and when a drive is over."""

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


# Of the cars that drove a frame: rewards, who is lost, and who has finished the lap.
Frame = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]
PICTURE = (84, 96)  # rows and columns that Gymnasium shows above its bar


class BatchedCarRacing(ABC):
    """Cars of a simulator that knows one frame at a time, behind Gymnasium's vector signature.

    A simulator's cars are numbered from 0 to num_cars; a row of the batch is one that is kept.

    Raises:
        ValueError: no track, car, step or frame, or a view that no picture has.
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
                "a world needs at least one track, car, step and frame a step, "
                f"not {len(tracks)}, {num_envs}, {max_steps} and {frame_skip}"
            )
        self.tracks = [int(track) for track in tracks]
        self.num_envs = num_envs
        self.max_steps = max_steps
        self.frame_skip = frame_skip
        self._smaller = AreaResize(PICTURE, view)
        self.observation_shape = self._smaller.shape
        self.reset()

    @abstractmethod
    def _begin(self, tracks: list[int]) -> None:
        """Put a car at the start of each of these tracks."""

    @abstractmethod
    def _frame(self, cars: Rows, commands: NDArray[np.float32]) -> Frame:
        """Drive cars one frame on by commands (cars, 3): steer, gas, brake."""

    @abstractmethod
    def _pictures(self, cars: Rows) -> NDArray[np.uint8]:
        """(cars, 84, 96, 3)."""

    @abstractmethod
    def _laps(self, cars: Rows) -> NDArray[np.float64]:
        """The share of the track's tiles that cars have visited."""

    def _more_info(self, cars: Rows) -> Info:
        """What else the simulator knows of cars."""
        return {}

    def reset(self, *, seed: int | None = None) -> tuple[NDArray[np.float32], Info]:
        """Put every car at its start. `seed` is Gymnasium's: this world draws nothing."""
        self._begin([self.tracks[car % len(self.tracks)] for car in range(self.num_envs)])
        self._cars: Rows = np.arange(self.num_envs)
        self._lost = np.zeros(self.num_envs, np.bool_)
        self._finished = np.zeros(self.num_envs, np.bool_)
        self._steps = np.zeros(self.num_envs, np.int64)
        self._views = self._smaller(self.pictures())
        return self._views, self._info()

    def keep(self, rows: Rows) -> None:
        """Go on with these rows only, until the next reset: finished cars need not cost a thing."""
        self._cars, self._views, self._steps = (
            self._cars[rows],
            self._views[rows],
            self._steps[rows],
        )
        self._lost, self._finished = self._lost[rows], self._finished[rows]

    def step(self, actions: ArrayLike) -> Step:
        """Drive every car `frame_skip` frames on, or to the end of its episode.

        Raises:
            ValueError: the actions are not (cars, 2) numbers, or one of them is NaN.
        """
        commands = self._commands(actions)
        rewards = np.zeros(len(self._cars))
        driving = np.flatnonzero(~self._over())
        rows = driving
        for _ in range(self.frame_skip):
            if not rows.size:
                break
            gained, lost, finished = self._frame(self._cars[rows], commands[rows])
            rewards[rows] += gained
            self._lost[rows], self._finished[rows] = lost, finished
            rows = rows[~(lost | finished)]
        self._steps[driving] += 1
        if driving.size:
            self._views = self._views.copy()  # what was given out stays as it was
            self._views[driving] = self._smaller(self._pictures(self._cars[driving]))
        truncated = self._finished | (self._steps >= self.max_steps)
        return self._views, rewards, self._lost.copy(), truncated, self._info()

    def pictures(self) -> NDArray[np.uint8]:
        """What views are averaged from, (cars, 84, 96, 3), of every row."""
        return self._pictures(self._cars)

    def _over(self) -> NDArray[np.bool_]:
        return self._lost | self._finished | (self._steps >= self.max_steps)

    def _info(self) -> Info:
        return {
            "laps": self._laps(self._cars),
            "finished": self._finished.copy(),
            **self._more_info(self._cars),
        }

    def _commands(self, actions: ArrayLike) -> NDArray[np.float32]:
        """Steer, gas and brake, (cars, 3), from steer and pedal clipped to [-1, 1]."""
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
