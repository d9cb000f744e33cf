"""The task of each kind of environment; only the module of that kind is imported."""

from __future__ import annotations

from typing import Any

from worldmodels.pipeline.config.env_params import (
    CarRacingParams,
    DoomParams,
    EnvParams,
    GymnasiumParams,
)
from worldmodels.rollout.task import Task


def make_task(params: EnvParams, observed: bool = True) -> Task[Any]:
    """The task that the section `env` of the params describes.

    Args:
        params: the section.
        observed: whether policies look at observations; if not, those of Doom have no pixels,
            because it is then not drawn.

    Raises:
        ParamsError: the params describe no track, or no environment that can run here.
    """
    if isinstance(params, CarRacingParams):
        from worldmodels.envs.carracing.task import CarRacingTask

        return CarRacingTask(params)
    if isinstance(params, DoomParams):
        from worldmodels.envs.doom.task import DoomTask

        return DoomTask(params, observed)
    if isinstance(params, GymnasiumParams):
        from worldmodels.envs.gymnasium.task import GymnasiumTask

        return GymnasiumTask(params)
    from worldmodels.envs.racing.task import RacingTask

    return RacingTask(params)
