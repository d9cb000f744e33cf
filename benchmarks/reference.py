"""The environment and the agent of the reference stub for one car, as plain formulas, no batch.

The batched ones are compared with them: their speed in `benchmarks.speed`, their numbers in the
tests. The stub is github.com/cybertronai/schmidhuber-problems, world-models-carracing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.envs.racing.env import Info, Step
from worldmodels.envs.racing.track import Track
from worldmodels.nn.layers import sigmoid
from worldmodels.nn.parameters import Array, Parameters


class ReferenceEnv:
    """`RacingEnv` with one row: the same spaces, rewards and episode ends, one car at a time.

    Args:
        track: the track.
        max_steps: steps after which an episode is truncated.
    """

    num_envs = 1

    def __init__(self, track: Track, max_steps: int = 120) -> None:
        self._track = track
        self.max_steps = max_steps
        reach = np.linspace(-4, 4, 16)
        self._behind, self._right = np.meshgrid(reach, reach, indexing="ij")

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], Info]:
        """Start an episode: observation, info. Nothing is random, whatever `seed`.

        Raises:
            ValueError: there is an option; none is known.
        """
        if options:
            raise ValueError(f"reset has no options; found {', '.join(map(repr, options))}")
        self.x, self.y = self._track.centreline[0].tolist()
        self.theta, self.v = self._track.heading, 0.0
        self.s, self.distance, self.lap_fraction, self.steps = 0.0, 0.0, 0.0, 0
        return self._observation(), self._info()

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Do nothing: there is no other row to drop."""

    def step(self, actions: ArrayLike) -> Step:
        """One step: observation, reward, termination, truncation, info."""
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
        self.lap_fraction += ds
        width = self._track.half_width
        reward = 30 * ds - 0.5 * max(0.0, self.distance - width)
        return (
            self._observation(),
            np.array([reward]),
            np.array([self.distance > 2 * width]),
            np.array([self.steps >= self.max_steps]),
            self._info(),
        )

    def _observation(self) -> NDArray[np.float32]:
        """(1, 16, 16, 1): 1 on the road, 0 off it."""
        cos, sin = math.cos(self.theta), math.sin(self.theta)
        wx = self.x - self._behind * cos + self._right * sin
        wy = self.y - self._behind * sin - self._right * cos
        extent, last = self._track.extent, self._track.grid - 1
        column = np.clip(np.trunc((wx + extent) / (2 * extent) * last).astype(int), 0, last)
        row = np.clip(np.trunc((wy + extent) / (2 * extent) * last).astype(int), 0, last)
        pixels: NDArray[np.float32] = self._track.mask[row, column].astype(np.float32)
        return pixels[None, :, :, None]

    def _info(self) -> Info:
        return {
            "state": np.array([[self.x, self.y, self.theta, self.v]]),
            "distance": np.array([self.distance]),
            "lap_fraction": np.array([self.lap_fraction]),
        }


class ReferenceAgent:
    """V, M and C of the reference stub for one car, as a policy for a batch of one row.

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
        """Start an episode, with h and c at zero."""
        hidden = self._m["lstm.hidden_weight"].shape[0]
        self._h: Array = np.zeros(hidden, np.float32)
        self._c: Array = np.zeros(hidden, np.float32)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Do nothing: there is no other row to drop."""

    def act(self, observations: Array) -> Array:
        """The action (1, 2) for an observation (1, ...)."""
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
