"""The note's world and agent for one car, written as plainly as the formulas read: no batch.

The batched ones are measured against it, for speed in `benchmarks.speed`, for truth in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.envs.racing.env import Info, Step
from worldmodels.envs.racing.track import Track
from worldmodels.nn.layers import sigmoid
from worldmodels.nn.parameters import Array, Parameters


class OneCar:
    """One car on one track, as a world of one row: the same numbers as `RacingEnv`."""

    num_envs = 1

    def __init__(self, track: Track, max_steps: int = 120) -> None:
        self._track = track
        self.max_steps = max_steps
        reach = np.linspace(-4, 4, 16)
        self._behind, self._right = np.meshgrid(reach, reach, indexing="ij")

    def reset(self, *, seed: int | None = None) -> tuple[NDArray[np.float32], Info]:
        """Put the car at the start."""
        self.x, self.y = self._track.centreline[0].tolist()
        self.theta, self.v = self._track.heading, 0.0
        self.s, self.distance, self.laps, self.steps = 0.0, 0.0, 0.0, 0
        return self._view(), self._info()

    def keep(self, rows: NDArray[np.intp]) -> None:
        """There is nothing to drop."""

    def step(self, actions: ArrayLike) -> Step:
        """Drive one step on."""
        steer, throttle = np.clip(np.asarray(actions)[0], -1, 1).tolist()
        self.v = min(max(self.v + 0.10 * throttle - 0.04 * self.v, 0.0), 1.6)
        self.theta += 0.4 * steer * self.v
        self.x += self.v * math.cos(self.theta)
        self.y += self.v * math.sin(self.theta)
        self.steps += 1

        apart = np.hypot(*(self._track.centreline - (self.x, self.y)).T)
        nearest = int(apart.argmin())
        ds = (nearest / self._track.samples - self.s + 0.5) % 1.0 - 0.5
        self.s = nearest / self._track.samples
        self.distance = float(apart[nearest])
        self.laps += ds
        width = self._track.half_width
        reward = 30 * ds - 0.5 * max(0.0, self.distance - width)
        return (
            self._view(),
            np.array([reward]),
            np.array([self.distance > 2 * width]),
            np.array([self.steps >= self.max_steps]),
            self._info(),
        )

    def _view(self) -> NDArray[np.float32]:
        cos, sin = math.cos(self.theta), math.sin(self.theta)
        wx = self.x - self._behind * cos + self._right * sin
        wy = self.y - self._behind * sin - self._right * cos
        extent, last = self._track.extent, self._track.grid - 1
        column = np.clip(np.trunc((wx + extent) / (2 * extent) * last).astype(int), 0, last)
        row = np.clip(np.trunc((wy + extent) / (2 * extent) * last).astype(int), 0, last)
        picture: NDArray[np.float32] = self._track.mask[row, column].astype(np.float32)
        return picture[None, :, :, None]

    def _info(self) -> Info:
        return {
            "state": np.array([[self.x, self.y, self.theta, self.v]]),
            "s": np.array([self.s]),
            "distance": np.array([self.distance]),
            "laps": np.array([self.laps]),
        }


class OneDriver:
    """The note's V, M and C for one car, as a policy for a batch of one row.

    Args:
        v: the weights of an `Autoencoder`.
        m: the weights of a `DeterministicLSTM`.
        c: the weights of a linear controller of z and h.
    """

    def __init__(self, v: Parameters, m: Parameters, c: Mapping[str, Array]) -> None:
        self._v = v
        self._m = m
        self._weight, self._bias = c["layer1.weight"], c["layer1.bias"]

    def reset(self, num_envs: int) -> None:
        """Begin with an empty memory."""
        hidden = self._m["lstm.hidden_weight"].shape[0]
        self._h: Array = np.zeros(hidden, np.float32)
        self._c: Array = np.zeros(hidden, np.float32)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """There is nothing to drop."""

    def act(self, observations: Array) -> Array:
        """The action, (1, 2)."""
        v, m = self._v, self._m
        hidden = np.tanh(observations[0].ravel() @ v["encoder.weight"] + v["encoder.bias"])
        z = hidden @ v["z.weight"] + v["z.bias"]
        action = np.tanh(self._weight @ np.concatenate([z, self._h]) + self._bias)

        x = np.concatenate([z, action])
        gates = x @ m["lstm.input_weight"] + self._h @ m["lstm.hidden_weight"] + m["lstm.bias"]
        i, f, g, o = np.split(gates, 4)
        self._c = sigmoid(f) * self._c + sigmoid(i) * np.tanh(g)
        self._h = sigmoid(o) * np.tanh(self._c)
        row: Array = action[None]
        return row
