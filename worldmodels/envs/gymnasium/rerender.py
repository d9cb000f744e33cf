"""Renders recorded episodes of a Gymnasium environment larger, by repeating their actions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.gymnasium.task import GymnasiumTask
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.episode import Episode
from worldmodels.pipeline.storage.pixels import to_bytes

TOLERANCE = 1e-6  # between a reward in two runs


def rerender_episode(
    task: GymnasiumTask, seed: int, episode: Episode, size: tuple[int, int]
) -> Iterator[NDArray[np.uint8]]:
    """Yield the L + 1 pictures (*size, 3) of an episode of L steps, in colour and not inverted.

    Raises:
        UserError: the environment does not repeat the recorded rewards.
    """
    env = task.make_env([seed], 1, (*size, 3))
    pictures, _ = env.reset()
    yield to_bytes(pictures[0])
    for step, (action, recorded) in enumerate(zip(episode.actions, episode.rewards, strict=True)):
        pictures, (reward,), *_ = env.step(action[None])
        if abs(reward - recorded) > TOLERANCE:
            raise UserError(
                f"the episode of seed {seed} cannot be rendered: in step {step} its reward was "
                f"{recorded:+.4f}, and is now {reward:+.4f} for the same actions; it was recorded "
                "with another version of the environment: run 'dvc repro' anew"
            )
        yield to_bytes(pictures[0])
