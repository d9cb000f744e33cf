"""A drive of CarRacing once more: the game does the same again, and there are pictures of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.carracing.env import CarRacing
from worldmodels.pipeline.config import params
from worldmodels.pipeline.errors import UserError
from worldmodels.pipeline.storage.artifacts import Episode

APART = 1e-6  # what two sums of the same rewards may be


def redriven(
    world: params.CarRacing, track_seed: int, drive: Episode
) -> Iterator[Callable[[], NDArray[np.uint8]]]:
    """Go through a recorded drive of L steps, L + 1 times giving what draws, before the next, the
    game's picture for people (400, 600, 3).

    Raises:
        UserError: the game is not installed, or does not do what was recorded.
    """
    view = (world.view.height, world.view.width)
    try:
        cars = CarRacing([track_seed], 1, len(drive.actions), view, world.frame_skip)
    except ModuleNotFoundError as error:
        raise UserError(str(error)) from None
    yield cars.big_picture
    for step, (action, recorded) in enumerate(zip(drive.actions, drive.rewards, strict=True)):
        _, (reward,), *_ = cars.step(action[None])
        if abs(reward - recorded) > APART:
            raise UserError(
                f"the drive on track {track_seed} cannot be shown: in step {step} it earned "
                f"{recorded:+.4f}, and now {reward:+.4f} for the same actions; it was recorded "
                "with another simulator, or another world.frame_skip: run 'dvc repro' anew"
            )
        yield cars.big_picture
