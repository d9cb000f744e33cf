"""TODO."""

from __future__ import annotations

from typing import Any

from worldmodels.pipeline.config import params
from worldmodels.rollout.task import Grounds


def grounds_of(world: params.World) -> Grounds[Any]:
    """Those that the params describe; only the world that is asked for is imported."""
    if isinstance(world, params.CarRacing):
        from worldmodels.envs.carracing.task import CarRacingGrounds

        return CarRacingGrounds(world)
    from worldmodels.envs.racing.task import RacingGrounds

    return RacingGrounds(world)
