"""An episode of the racing environment without a model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.env import RacingEnv
from worldmodels.figures.racing.drive_gif import SeenEpisode
from worldmodels.pipeline.storage.pixels import to_bytes


def run_episode(
    steps: int,
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64]]:
    """States, observations and rewards of a car that goes forwards."""
    env = RacingEnv()
    observation, info = env.reset()
    observations, states, rewards = [to_bytes(observation[0])], [info["state"][0]], []
    for _ in range(steps):
        observation, reward, *_, info = env.step([[0.2, 1.0]])
        observations.append(to_bytes(observation[0]))
        states.append(info["state"][0])
        rewards.append(reward[0])
    return np.array(states), np.array(observations), np.array(rewards)


def seen_episode(steps: int) -> SeenEpisode:
    """The same with z, decodings and predictions that no model has made."""
    states, observations, rewards = run_episode(steps)
    z = np.random.default_rng(0).standard_normal((steps + 1, 16)).astype(np.float32)
    return SeenEpisode(states, observations, z, 255 - observations, observations[1:], rewards)
