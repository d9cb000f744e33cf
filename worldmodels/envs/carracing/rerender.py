"""Renders recorded CarRacing episodes at full size, by repeating their actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.env import CarRacingEnv
from worldmodels.pipeline.config.env_params import CarRacingParams
from worldmodels.pipeline.errors import ParamsError, UserError
from worldmodels.pipeline.storage.episode import Episode

TOLERANCE = 1e-6  # between the sums of the same rewards in two orders


def rerender_episode(
    params: CarRacingParams, track_seed: int, episode: Episode
) -> Iterator[Callable[[], NDArray[np.uint8]]]:
    """Yield, L + 1 times for an episode of L steps, a function that renders the current frame.

    The frame is Gymnasium's own for people, (400, 600, 3). Call the function before asking for the
    next one.

    Raises:
        ParamsError: Gymnasium's CarRacing is not installed.
        UserError: it does not repeat the recorded rewards.
    """
    view = (params.view.height, params.view.width)
    try:
        env = CarRacingEnv([track_seed], 1, len(episode.actions), view, params.frame_skip)
    except ImportError as error:
        raise ParamsError(f"env.kind: {error}") from None
    yield env.render
    for step, (action, recorded) in enumerate(zip(episode.actions, episode.rewards, strict=True)):
        _, (reward,), *_ = env.step(action[None])
        if abs(reward - recorded) > TOLERANCE:
            raise UserError(
                f"the episode on track {track_seed} cannot be rendered: in step {step} its reward "
                f"was {recorded:+.4f}, and is now {reward:+.4f} for the same actions; it was "
                "recorded with another version of Gymnasium or Box2D, or another env.frame_skip: "
                "run 'dvc repro' anew"
            )
        yield env.render
