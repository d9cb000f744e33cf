"""A toy with the API of worldmodels/envs/carracing/env.py, which needs no simulator."""

from __future__ import annotations

import numpy as np

FIELDS = ("_seeds", "_position", "_steps", "_done")


class CarRacingEnv:
    """Cars on a line, whose length depends on the track's seed; braking too much terminates."""

    action_size = 2

    def __init__(self, tracks, num_envs=1, max_steps=250, view=(28, 32), frame_skip=4):
        self.num_envs, self.max_steps = num_envs, max_steps
        self.observation_shape = (*view, 3)
        self._tracks, self._frame_skip = np.array(tracks), frame_skip
        self.reset()

    def reset(self, *, seed=None, options=None):
        self._seeds = self._tracks[np.arange(self.num_envs) % len(self._tracks)]
        self._position = np.zeros(self.num_envs)
        self._steps = np.zeros(self.num_envs, int)
        self._done = np.zeros(self.num_envs, bool)
        return self._observations(), self._info()

    def keep(self, rows):
        for name in FIELDS:
            setattr(self, name, getattr(self, name)[rows])

    def step(self, actions):
        moved = np.where(self._done, 0, np.clip(actions, -1, 1)[:, 1] * self._frame_skip)
        self._position = self._position + moved
        self._steps = self._steps + 1
        terminated = self._position < -self._frame_skip
        truncated = (self._steps >= self.max_steps) | self._finished()
        self._done = terminated | truncated
        return self._observations(), moved.astype(float), terminated, truncated, self._info()

    def render(self, row=0):
        """(400, 600, 3): white, as far as the car has come."""
        frame = np.zeros((400, 600, 3), np.uint8)
        frame[:, : int(600 * self._info()["progress"][row])] = 255
        return frame

    def _length(self):
        return 20.0 + self._seeds % 7

    def _finished(self):
        return self._position >= self._length()

    def _observations(self):
        observations = np.zeros((len(self._seeds), *self.observation_shape), np.float32)
        observations[:, :, :, 0] = (self._seeds % 7 / 7)[:, None, None]
        height = self.observation_shape[0]
        gone = np.clip(self._position / self._length(), 0, 1) * height
        observations[:, :, :, 1] = (np.arange(height) < gone[:, None])[:, :, None]
        return observations

    def _info(self):
        return {
            "lap_fraction": self._position / self._length(),
            "progress": np.clip(self._position / self._length(), 0, 1),
            "missed_tiles": np.zeros(len(self._seeds), int),
            "finished": self._finished(),
            "state": np.stack([self._position, self._seeds], axis=1).astype(float),
        }
