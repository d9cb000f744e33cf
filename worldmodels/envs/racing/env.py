"""The racing environment of the reference stub: a point-mass car on a raster road, seen by a camera
that is fixed to the car.

Every array has one row per car. A step is a few dozen array operations for any number of cars.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.envs.racing.camera import COS, ONE, SIN, Camera, X, Y
from worldmodels.envs.racing.nearest_sample import NearestSample
from worldmodels.envs.racing.track import Track

Info = dict[str, NDArray[Any]]
Step = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]
THRUST = 0.10  # speed gained in a step at full throttle (world units / step)
DRAG = 0.04  # fraction of the speed lost in a step
MAX_SPEED = 1.6  # world units / step
TURN = 0.4  # heading gained in a step at full steering, per unit of speed (radians)
LAP_REWARD = 30.0  # for one lap forward
OFF_ROAD_COST = 0.5  # per step and world unit beyond the edge of the road

# Rows of the array that holds all cars, after those of the pose.
THETA, SPEED, SAMPLE, DISTANCE, LAP_FRACTION, STEPS = range(5, 11)
POSE = slice(COS, Y + 1)  # the camera and the nearest-sample search are linear in it
HEADING, POSITION = slice(COS, SIN + 1), slice(X, Y + 1)
SCALES = np.array([[TURN], [THRUST]])  # of steer and throttle


class RacingEnv:
    """A vector environment of cars, each alone on its track; Gymnasium's vector API.

    Example:
        >>> env = RacingEnv(num_envs=3)
        >>> observations, info = env.reset()
        >>> observations, rewards, terminations, truncations, info = env.step(np.zeros((3, 2)))
        >>> observations.shape, info["state"].shape
        ((3, 16, 16, 1), (3, 4))

    Action space: (num_envs, 2), steer (left is positive) and throttle, each clipped to [-1, 1].
    Observation space: (num_envs, view_size, view_size, channels) float32 in [0, 1]. With one
        channel 1 on the road, 0 off it; with three the RGB of grass, road and a line along its
        edge. Row 0 is `view_reach` ahead of the car, column 0 as far to its left.
    Rewards: each step 30 * (fraction of a lap gained) - 0.5 * max(0, distance - half-width).
    Starting state: on sample 0 of the centreline, heading along it, at speed 0; not random.
    Episode end: terminated beyond twice the half-width from the centreline, truncated after
        `max_steps`. No auto-reset: a row that has ended keeps its state and flags, its reward is 0.
    Info: `state` (num_envs, 4: x, y, theta, v), `distance` (from the nearest sample of the
        centreline, world units), `lap_fraction` (laps since the start; negative if driven
        backwards).

    Args:
        tracks: row i is on tracks[i % len(tracks)]; all need the same samples, grid and extent.
        num_envs: rows of every array.
        max_steps: steps after which an episode is truncated.
        view_size: pixels along one side of an observation.
        channels: 1 or 3.
        view_reach: the distance visible ahead, behind, left and right (world units).
        as_bytes: whether observations are uint8, 0 to 255, instead of float32 in [0, 1].

    Raises:
        ValueError: an argument is not possible, or the tracks are of different rasters.
    """

    action_size = 2

    def __init__(
        self,
        tracks: Sequence[Track] | None = None,
        num_envs: int = 1,
        max_steps: int = 120,
        view_size: int = 16,
        channels: int = 1,
        view_reach: float = 4.0,
        as_bytes: bool = False,
    ) -> None:
        tracks = [Track()] if tracks is None else list(tracks)
        if not tracks or num_envs < 1 or max_steps < 1:
            raise ValueError(
                "an environment needs at least one track, row and step, "
                f"not {len(tracks)}, {num_envs} and {max_steps}"
            )
        self._check_rasters(tracks)
        self.tracks = tracks
        self.num_envs = num_envs
        self.max_steps = max_steps
        self._view = (view_size, channels, view_reach)
        self._as_bytes = as_bytes
        self._camera = self._make_camera()
        self.observation_shape = self._camera.shape
        self._nearest = NearestSample(tracks)
        self.reset()

    @staticmethod
    def _check_rasters(tracks: Sequence[Track]) -> None:
        rasters = {(track.samples, track.grid, track.extent) for track in tracks}
        if len(rasters) > 1:
            raise ValueError(
                "tracks of one environment must share samples, grid and extent, "
                f"not {sorted(rasters)}"
            )

    def _make_camera(self) -> Camera:
        # An episode ends beyond twice the half-width, at most one step later.
        max_offset = max(track.half_width for track in self.tracks) + MAX_SPEED
        return Camera(self.tracks, *self._view, max_offset, self._as_bytes)

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[Any], Info]:
        """Start an episode in every row: observations, info. Nothing is random, whatever `seed`.

        Raises:
            ValueError: there is an option; none is known.
        """
        if options:
            raise ValueError(f"reset has no options; found {', '.join(map(repr, options))}")
        self._track = np.arange(self.num_envs) % len(self.tracks)
        self._cars = np.zeros((STEPS + 1, self.num_envs))
        self._half_width = np.zeros(self.num_envs)
        self._done = np.zeros(self.num_envs, np.bool_)
        self._place_at_start(np.arange(self.num_envs))
        self._assign_tracks()
        return self._observations(), self._info()

    def reset_rows(self, rows: NDArray[np.intp], tracks: Sequence[Track]) -> None:
        """Start an episode in some rows, each on another track; `observe` has what they see.

        Raises:
            ValueError: the rows of the environment do not have a track each (any more), or a
                track's raster is another.
        """
        if not len(self.tracks) == self.num_envs == len(self._track):
            raise ValueError("rows can be reset while each row has a track of its own")
        self._check_rasters([*tracks, self.tracks[0]])
        for row, track in zip(rows, tracks, strict=True):
            self.tracks[row] = track
            self._nearest.replace_track(row, track)
        if max(track.half_width for track in tracks) + MAX_SPEED > self._camera.max_offset:
            self._camera = self._make_camera()
        else:
            for row, track in zip(rows, tracks, strict=True):
                self._camera.replace_track(row, track)
        self._place_at_start(rows)
        self._max_distance = 2 * self._half_width

    def _place_at_start(self, rows: NDArray[np.intp]) -> None:
        tracks = [self.tracks[number] for number in self._track[rows]]
        cars = np.zeros((STEPS + 1, len(rows)))
        cars[[X, Y, THETA]] = np.array([[*each.centreline[0], each.heading] for each in tracks]).T
        cars[COS], cars[SIN] = np.cos(cars[THETA]), np.sin(cars[THETA])
        cars[ONE] = 1.0
        self._cars[:, rows] = cars
        self._half_width[rows] = [track.half_width for track in tracks]
        self._done[rows] = False

    def observe(self, rows: NDArray[np.intp]) -> tuple[NDArray[Any], Info]:
        """Observations and info of some rows, as they are now."""
        observations = self._camera.observe(self._cars[POSE][:, rows].T, self._track[rows])
        return observations, {name: values[rows] for name, values in self._info().items()}

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch, until the next reset."""
        self._track, self._cars = self._track[rows], self._cars[:, rows]
        self._half_width, self._done = self._half_width[rows], self._done[rows]
        self._assign_tracks()

    def _assign_tracks(self) -> None:
        self._nearest.assign(self._track)
        self._max_distance = 2 * self._half_width

    def step(self, actions: ArrayLike) -> Step:
        """One step: observations, rewards, terminations, truncations, info.

        Raises:
            ValueError: the actions are not (rows, 2) numbers, or one of them is NaN.
        """
        action = self._clip(actions)
        before = self._cars.copy() if self._done.any() else None
        rewards = self._advance(action)
        if before is not None:  # rows that have ended keep their state, and so their flags
            self._cars[:, self._done] = before[:, self._done]
            rewards[self._done] = 0.0
        terminated = self._cars[DISTANCE] > self._max_distance
        truncated = self._cars[STEPS] >= self.max_steps
        self._done = terminated | truncated
        return self._observations(), rewards, terminated, truncated, self._info()

    def _clip(self, actions: ArrayLike) -> NDArray[np.float64]:
        """Actions as (2, rows), steer and throttle, clipped to [-1, 1]."""
        action = np.asarray(actions, np.float64)
        if action.shape != (self._cars.shape[1], self.action_size):
            raise ValueError(
                f"actions must have shape ({self._cars.shape[1]}, {self.action_size}): "
                f"one row a car, steer and throttle; found {action.shape}"
            )
        clipped = np.minimum(np.maximum(action.T, -1.0), 1.0)
        if math.isnan(clipped.sum()):
            car, entry = np.argwhere(np.isnan(action))[0]
            raise ValueError(
                "actions must be numbers in [-1, 1]; "
                f"found NaN for car {car}, {('steer', 'throttle')[entry]}"
            )
        return clipped

    def _advance(self, action: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move all cars, and return their rewards."""
        cars = self._cars
        theta, v, sample, distance = cars[THETA], cars[SPEED], cars[SAMPLE], cars[DISTANCE]
        turn, change = SCALES * action
        change -= DRAG * v
        v += change
        np.maximum(v, 0.0, out=v)
        np.minimum(v, MAX_SPEED, out=v)
        turn *= v
        theta += turn
        np.cos(theta, out=cars[COS])
        np.sin(theta, out=cars[SIN])
        cars[POSITION] += v * cars[HEADING]

        nearest = self._nearest.of(cars[POSE].T)
        apart = cars[POSITION] - self._nearest.positions(nearest)
        apart *= apart
        np.sqrt(apart[0] + apart[1], out=distance)
        samples = self._nearest.samples
        half = samples // 2
        # In samples, the shorter way round the loop.
        gained = (nearest - sample + half) % samples - half
        gained /= samples
        sample[:] = nearest
        cars[LAP_FRACTION] += gained
        cars[STEPS] += 1
        beyond = np.maximum(distance - self._half_width, 0.0)
        rewards: NDArray[np.float64] = LAP_REWARD * gained - OFF_ROAD_COST * beyond
        return rewards

    def _observations(self) -> NDArray[Any]:
        return self._camera.observe(self._cars[POSE].T, self._track)

    def _info(self) -> Info:
        now = self._cars[X : LAP_FRACTION + 1].copy()
        return {
            "state": now[: SPEED + 1 - X].T,
            "distance": now[DISTANCE - X],
            "lap_fraction": now[LAP_FRACTION - X],
        }
