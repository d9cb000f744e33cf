"""The note's racing world: a point-mass car on a raster road, seen through a camera fixed to the
car.

Every array has one row per car, and a step is a few dozen array operations whatever the number of
cars.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.envs.racing.camera import COS, ONE, SIN, Camera, X, Y
from worldmodels.envs.racing.track import Track

Info = dict[str, NDArray[Any]]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]
THRUST = 0.10  # speed gained in a step of full throttle (world units / step)
DRAG = 0.04  # share of the speed lost in a step
MAX_SPEED = 1.6  # world units / step
TURN = 0.4  # heading gained in a step of full steering, per unit of speed (radians)
LAP_REWARD = 30.0  # for one lap forward
OFF_ROAD_COST = 0.5  # per step and world unit beyond the edge of the road


# Rows of the array that holds all cars.
THETA, SPEED, SAMPLE, DISTANCE, LAPS, STEPS = range(5, 11)  # after those of the pose
POSE = slice(COS, Y + 1)  # what camera and search are linear in
HEADING, PLACE, STATE = slice(COS, SIN + 1), slice(X, Y + 1), slice(X, SPEED + 1)


class RacingEnv:
    """Many cars, each alone on its track, behind Gymnasium's vector signature.

    Example:
        >>> world = RacingWorld(num_cars=3)
        >>> observations, info = world.reset()
        >>> observations, rewards, terminations, truncations, info = world.step(np.zeros((3, 2)))
        >>> observations.shape, info["state"].shape
        ((3, 16, 16, 1), (3, 4))

    Action space: (num_cars, 2), steer (left is positive) and throttle, each clipped to [-1, 1].
    Observation space: (num_cars, view_size, view_size, channels) float32 in [0, 1]. With one
        channel 1 on the road, 0 off it; with three red, green and blue of grass, road and a line
        along its edge. Row 0 is `view_reach` ahead of the car, column 0 as far to its left.
    Rewards: 30 * (laps gained) - 0.5 * max(0, distance from the centreline - half-width), a step.
    Starting state: on sample 0 of the centreline, looking along it, at speed 0; nothing random.
    Episode end: terminated beyond twice the half-width from the centreline, truncated after
        `max_steps`. No auto-reset: a finished car stands still, earns 0 and keeps its flags.
    Info: `state` (num_cars, 4: x, y, theta, v), `s` (share of the loop, in [0, 1)), `distance`
        (from the nearest sample of the centreline, world units), `laps` (signed, since the start).

    Args:
        tracks: car i drives tracks[i % len(tracks)]; all need the same samples, grid and extent.
        num_cars: rows of every array.
        max_steps: when an episode is cut short.
        view_size: pixels along one side of what the camera sees.
        channels: 1 or 3.
        view_reach: what the camera sees ahead, behind, left and right (world units).
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
    ) -> None:
        tracks = [Track()] if tracks is None else list(tracks)
        if not tracks or num_envs < 1 or max_steps < 1:
            raise ValueError(
                "a world needs at least one track, car and step, "
                f"not {len(tracks)}, {num_envs} and {max_steps}"
            )
        rasters = {(track.samples, track.grid, track.extent) for track in tracks}
        if len(rasters) > 1:
            raise ValueError(
                f"tracks of one world must share samples, grid and extent, not {sorted(rasters)}"
            )
        self.tracks = tracks
        self.num_envs = num_envs
        self.max_steps = max_steps
        ((self._samples, _, _),) = rasters
        # A car ends its drive beyond twice the half-width, at most one step further.
        max_offset = max(track.half_width for track in tracks) + MAX_SPEED
        self._camera = Camera(tracks, view_size, channels, view_reach, max_offset)
        self.observation_shape = self._camera.shape
        self._nearness = np.stack([_nearness(track) for track in tracks])  # (tracks, 5, samples)
        self._centrelines = np.stack([track.centreline for track in tracks])
        self.reset()

    def reset(self, *, seed: int | None = None) -> tuple[NDArray[np.float32], Info]:
        """Put every car at its start. `seed` is Gymnasium's: this world draws nothing."""
        self._track = np.arange(self.num_envs) % len(self.tracks)
        spawns = np.array([[*track.centreline[0], track.heading] for track in self.tracks])
        self._cars = np.zeros((STEPS + 1, self.num_envs))
        self._cars[[X, Y, THETA]] = spawns[self._track].T
        self._cars[COS], self._cars[SIN] = np.cos(self._cars[THETA]), np.sin(self._cars[THETA])
        self._cars[ONE] = 1.0
        self._half_width = np.array([track.half_width for track in self.tracks])[self._track]
        self._done = np.zeros(self.num_envs, np.bool_)
        self._group()
        return self._view(), self._info()

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows only, until the next reset: finished cars need not cost a thing."""
        self._track, self._cars = self._track[rows], self._cars[:, rows]
        self._half_width, self._done = self._half_width[rows], self._done[rows]
        self._group()

    def _group(self) -> None:
        """Put cars of one track together, so that each track is searched by one product."""
        if len(self.tracks) == 1:
            return
        used, track, cars = np.unique(self._track, return_inverse=True, return_counts=True)
        order = np.argsort(track, kind="stable")
        first = np.cumsum(cars) - cars
        place = np.arange(len(order)) - first[track[order]]  # within its group
        self._place_of_car = np.empty(len(order), np.intp)
        self._place_of_car[order] = track[order] * cars.max(initial=0) + place
        self._cars_by_track = np.zeros((len(used), cars.max(initial=0)), np.intp)
        self._cars_by_track.flat[self._place_of_car] = np.arange(len(order))
        self._nearness_used = self._nearness[used]

    def step(self, actions: ArrayLike) -> Step:
        """Drive every car one step on.

        Raises:
            ValueError: the actions are not (cars, 2) numbers, or one of them is NaN.
        """
        action = self._checked(actions)
        before = self._cars.copy() if self._done.any() else None
        rewards = self._advance(action)
        if before is not None:  # who has finished stands still, and so keeps its flags
            self._cars[:, self._done] = before[:, self._done]
            rewards[self._done] = 0.0
        terminated = self._cars[DISTANCE] > 2 * self._half_width
        truncated = self._cars[STEPS] >= self.max_steps
        self._done = terminated | truncated
        return self._view(), rewards, terminated, truncated, self._info()

    def _checked(self, actions: ArrayLike) -> NDArray[np.float64]:
        """Actions as (2, cars), steer and throttle, clipped to [-1, 1]."""
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
        """Move all cars; their rewards."""
        cars = self._cars
        theta, v, sample, distance = cars[THETA], cars[SPEED], cars[SAMPLE], cars[DISTANCE]
        steer, throttle = action
        v += THRUST * throttle - DRAG * v
        np.maximum(v, 0.0, out=v)
        np.minimum(v, MAX_SPEED, out=v)
        theta += TURN * steer * v
        np.cos(theta, out=cars[COS])
        np.sin(theta, out=cars[SIN])
        cars[PLACE] += v * cars[HEADING]

        nearest = self._nearest()
        apart = cars[PLACE] - self._centrelines[self._track, nearest].T
        apart *= apart
        np.sqrt(apart[0] + apart[1], out=distance)
        half = self._samples // 2
        progress = (
            nearest - sample + half
        ) % self._samples - half  # in samples, the short way round
        progress /= self._samples
        sample[:] = nearest
        cars[LAPS] += progress
        cars[STEPS] += 1
        beyond = np.maximum(distance - self._half_width, 0.0)
        rewards: NDArray[np.float64] = LAP_REWARD * progress - OFF_ROAD_COST * beyond
        return rewards

    def _nearest(self) -> NDArray[np.intp]:
        """The nearest sample of each car's own centreline."""
        pose = self._cars[POSE].T
        nearest: NDArray[np.intp]
        if len(self.tracks) == 1:
            nearest = (pose @ self._nearness[0]).argmin(axis=1)
            return nearest
        apart = pose[self._cars_by_track] @ self._nearness_used  # (tracks, most cars, samples)
        nearest = apart.argmin(axis=2).ravel()[self._place_of_car]
        return nearest

    def _view(self) -> NDArray[np.float32]:
        return self._camera.pictures(self._cars[POSE].T, self._track)

    def _info(self) -> Info:
        return {
            "state": self._cars[STATE].T.copy(),
            "s": self._cars[SAMPLE] / self._samples,
            "distance": self._cars[DISTANCE].copy(),
            "laps": self._cars[LAPS].copy(),
        }


def _nearness(track: Track) -> NDArray[np.float64]:
    """(5, samples): pose @ this = |c|^2 - 2 c.p, least at the sample c nearest to the car p.

    It is the squared distance but for |p|^2, which is the same for all samples.
    """
    matrix = np.zeros((5, track.samples))
    matrix[[X, Y]] = -2 * track.centreline.T
    matrix[ONE] = (track.centreline**2).sum(axis=1)
    return matrix
