"""Gymnasium's CarRacing-v3, the environment of the paper, as a vector environment.

It needs requirements-carracing.txt.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.envs.carracing.area_resize import AreaResize
from worldmodels.envs.carracing.optional_imports import optional_import

Info = dict[str, NDArray[Any]]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]
LEAST = np.array([-1, 0, 0], np.float32)  # steer, gas and brake
FRAME_SHAPE = (84, 96)  # height and width of Gymnasium's frame above its bar of indicators


class CarRacingEnv:
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
        the tiles that the car has come past, visited or not), `missed_tiles` (how many of those it
        has not visited), `finished` (whether the lap is finished), `state` (num_envs, 4: x, y,
        heading, speed; world units, radians, world units a second).

    Args:
        tracks: seeds of Gymnasium's reset; row i is on tracks[i % len(tracks)].
        num_envs: rows of every array.
        max_steps: steps after which an episode is truncated.
        view: height and width of an observation; in (28, 32) each pixel is the mean of 3 x 3.
        frame_skip: frames in a step; a second has 50.

    Raises:
        ImportError: Gymnasium, Box2D or pygame is not installed, or cannot be imported.
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
        with optional_import("gymnasium", "Box2D", "pygame"):
            from worldmodels.envs.carracing.lazy_render import LazyCarRacing
        self.tracks = [int(track) for track in tracks]
        self.num_envs = num_envs
        self.max_steps = max_steps
        self.frame_skip = frame_skip
        self._resize = AreaResize(FRAME_SHAPE, view)
        self.observation_shape = self._resize.shape
        self._simulators = [LazyCarRacing() for _ in range(num_envs)]
        for simulator in self._simulators:
            weakref.finalize(self, simulator.close).atexit = False
        self._at_start = False  # whether no car has moved since its reset
        self.reset()

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Info]:
        """Start an episode in every row: observations, info. Nothing is random, whatever `seed`.

        Raises:
            ValueError: there is an option; none is known.
        """
        if options:
            raise ValueError(f"reset has no options; found {', '.join(map(repr, options))}")
        if not self._at_start:
            for number, simulator in enumerate(self._simulators):
                simulator.reset(seed=self.tracks[number % len(self.tracks)])
            self._at_start = True
        self._cars = [*self._simulators]  # of the rows that are kept
        self._terminated = np.zeros(self.num_envs, np.bool_)
        self._finished = np.zeros(self.num_envs, np.bool_)
        self._steps = np.zeros(self.num_envs, np.int64)
        self._observations = self._resize(self.frames())
        return self._observations, self._info()

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch, until the next reset."""
        self._cars = [self._cars[row] for row in rows]
        self._terminated, self._finished = self._terminated[rows], self._finished[rows]
        self._steps, self._observations = self._steps[rows], self._observations[rows]

    def step(self, actions: ArrayLike) -> Step:
        """One step of `frame_skip` frames, or fewer if the episode ends.

        Returns observations, rewards, terminations, truncations, info.

        Raises:
            ValueError: the actions are not (rows, 2) numbers, or one of them is NaN.
        """
        controls = self._controls(actions)
        rewards = np.zeros(len(self._cars))
        done = self._terminated | self._finished | (self._steps >= self.max_steps)
        active = np.flatnonzero(~done)
        self._at_start &= not active.size
        for row in active.tolist():
            rewards[row], self._terminated[row], self._finished[row] = self._cars[row].drive(
                controls[row], self.frame_skip
            )
        self._steps[active] += 1
        if active.size:
            observations = self._resize(np.stack([self._cars[row].frame() for row in active]))
            if active.size < len(self._cars):  # those of the others stay as they are
                observations, moved = self._observations.copy(), observations
                observations[active] = moved
            self._observations = observations  # a new array: earlier ones belong to the caller
        truncated = self._finished | (self._steps >= self.max_steps)
        return self._observations, rewards, self._terminated.copy(), truncated, self._info()

    def frames(self) -> NDArray[np.uint8]:
        """The RGB frames (rows, 84, 96, 3) that the observations are averaged from."""
        return np.stack([car.frame() for car in self._cars])

    def render(self, row: int = 0) -> NDArray[np.uint8]:
        """(400, 600, 3): Gymnasium's frame for people, with skid marks and indicators."""
        frame: NDArray[np.uint8] = self._cars[row].render()
        return frame

    def _controls(self, actions: ArrayLike) -> NDArray[np.float32]:
        """Steer in [-1, 1], gas and brake in [0, 1], (rows, 3), from steer and pedal."""
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
        controls = np.empty((len(action), 3), np.float32)
        controls[:, :2] = action
        np.negative(action[:, 1], out=controls[:, 2])
        np.maximum(controls, LEAST, out=controls)
        return np.minimum(controls, 1, out=controls)

    def _info(self) -> Info:
        visited = [car.tile_visited_count for car in self._cars]
        return {
            "lap_fraction": np.array(visited) / [len(car.track) for car in self._cars],
            "finished": self._finished.copy(),
            "state": np.array([car.pose() for car in self._cars]),
            "progress": np.array([car.progress() for car in self._cars]),
            "missed_tiles": np.array([car.missed_tiles() for car in self._cars]),
        }
