"""A toy with the signature of worldmodels/worlds/carracing.py: it needs no simulator."""

from __future__ import annotations

import numpy as np

FIELDS = ("_seeds", "_place", "_steps", "_done")


class CarRacingEnv:
    """Cars on a line, whose length is what the toy makes of a seed; who brakes too much is lost."""

    action_size = 2

    def __init__(self, tracks, num_envs, max_steps, view=(28, 32), frame_skip=4):
        self.num_envs, self.max_steps = num_envs, max_steps
        self.observation_shape = (*view, 3)
        self._tracks, self._frame_skip = np.array(tracks), frame_skip
        self.reset()

    def reset(self, *, seed=None):
        self._seeds = self._tracks[np.arange(self.num_envs) % len(self._tracks)]
        self._place = np.zeros(self.num_envs)
        self._steps = np.zeros(self.num_envs, int)
        self._done = np.zeros(self.num_envs, bool)
        return self._view(), self._info()

    def keep(self, rows):
        for name in FIELDS:
            setattr(self, name, getattr(self, name)[rows])

    def step(self, actions):
        moved = np.where(self._done, 0, np.clip(actions, -1, 1)[:, 1] * self._frame_skip)
        self._place = self._place + moved
        self._steps = self._steps + 1
        terminated = self._place < -self._frame_skip
        truncated = (self._steps >= self.max_steps) | self._finished()
        self._done = terminated | truncated
        return self._view(), moved.astype(float), terminated, truncated, self._info()

    def _length(self):
        return 20.0 + self._seeds % 7

    def _finished(self):
        return self._place >= self._length()

    def _view(self):
        picture = np.zeros((len(self._seeds), *self.observation_shape), np.float32)
        picture[:, :, :, 0] = (self._seeds % 7 / 7)[:, None, None]
        height = self.observation_shape[0]
        gone = np.clip(self._place / self._length(), 0, 1) * height
        picture[:, :, :, 1] = (np.arange(height) < gone[:, None])[:, :, None]
        return picture

    def _info(self):
        return {
            "laps": self._place / self._length(),
            "passed": np.clip(self._place / self._length(), 0, 1),
            "finished": self._finished(),
            "state": np.stack([self._place, self._seeds], axis=1).astype(float),
        }
