"""Renders recorded games at full size, by repeating their actions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.doom.engine import Camera
from worldmodels.envs.doom.env import DoomEnv
from worldmodels.pipeline.config.env_params import DoomParams
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.storage.episode import Episode
from worldmodels.pipeline.storage.pixels import to_bytes


def rerender_episode(
    params: DoomParams, seed: int, episode: Episode, size: tuple[int, int]
) -> Iterator[NDArray[np.uint8]]:
    """Yield the game's whole screen, (*size, 3), L + 1 times for an episode of L steps.

    Args:
        params: of the environment.
        seed: of the game.
        episode: whose actions are repeated.
        size: height and width, of a ratio of 3 to 4.

    Raises:
        ParamsError: ViZDoom is not installed, or cannot run here.
        UserError: the game does not repeat the recorded rewards.
    """
    camera, steps = Camera("RES_640X480", 0, 480, *size), len(episode.actions)
    try:
        env = DoomEnv([seed], 1, steps, camera, params.frame_skip, UserError)
    except ImportError as error:
        raise ParamsError(f"env.kind: {error}") from None
    observations, _ = env.reset()
    yield to_bytes(observations[0])
    for step, (action, recorded) in enumerate(zip(episode.actions, episode.rewards, strict=True)):
        observations, (reward,), *_ = env.step(action[None])
        if reward != recorded:
            raise UserError(
                f"the game of seed {seed} cannot be rendered: step {step} had {recorded:g} tics, "
                f"and has now {reward:g} for the same actions; it was recorded with another "
                "version of ViZDoom, or another env.frame_skip: run 'dvc repro' anew"
            )
        yield to_bytes(observations[0])
