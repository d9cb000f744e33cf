"""Gymnasium's CarRacing, as the params' `world` describes it: seeds of tracks, and cars on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.pipeline.config.params import CarRacing
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import CarRacingDrives, CarRacingRollouts
from worldmodels.policies.random_weights import RandomWeightsPolicy, Temper
from worldmodels.rollout.loop import Outcome, Recording, World
from worldmodels.rollout.task import Columns

TESTS = 1 << 16  # the seeds below are for the final drives alone, and all others are drawn
SEEDS = 1 << 31
LAP = 1000.0  # points of all tiles together


# What a car is trusted to earn in a step while there is road left, as shares of the least that
# brings it round in time: the mean, and the scale of a logistic distribution around it.
PACE, SPREAD = 1.125, 0.08

# A little gas is much, and who is fast in a bend is off the road.
TEMPER = Temper(weight=(1.0, 0.3), bias=(0.0, 0.15), bias_spread=(0.05, 0.15), noise=0.6)


class CarRacingGrounds:
    """Every episode on a track of its own, which is what the game makes of a seed.

    The final drives are on tracks 0, 1, 2 and so on, the same for everybody; who learns draws from
    65,536 to 2^31 - 1, and so never meets one of them.
    """

    action_size = 2  # steer, and the pedals in one: gas is positive, brake negative
    episodes_at_once = 8  # a car costs the same in a small batch
    dealt_out = True
    rollouts = CarRacingRollouts
    drives = CarRacingDrives

    def __init__(self, world: CarRacing) -> None:
        self._world = world
        self.observation_shape = world.view.shape
        self.max_steps = world.max_steps

    def draw(self, episodes: int, rng: np.random.Generator) -> list[int]:
        """A seed each for so many episodes."""
        seeds: list[int] = rng.integers(TESTS, SEEDS, size=episodes).tolist()
        return seeds

    def tests(self, rng: np.random.Generator) -> Callable[[int], list[int]]:
        """The seeds from 0 on; nothing is drawn."""
        given = 0

        def following(episodes: int) -> list[int]:
            nonlocal given
            first, given = given, given + episodes
            if given > TESTS:
                raise ParamsError(
                    "evaluate: episodes and random_episodes must be at most "
                    f"{TESTS} in world.kind: carracing, which has so many tracks that nobody "
                    "learns on; found more"
                )
            return list(range(first, given))

        return following

    def cars(self, places: Sequence[int], cars: int) -> World:
        """So many cars, number i on the track of seed places[i % len(places)].

        Raises:
            ParamsError: the simulator is not there.
        """
        world = self._world
        height, width, _ = self.observation_shape
        try:
            made: World = _simulator(world.simulator)(
                places, cars, self.max_steps, view=(height, width), frame_skip=world.frame_skip
            )
        except ImportError as error:
            raise ParamsError(
                f"world.simulator: {world.simulator} cannot be used here: {error}"
            ) from None
        return made

    def random_weights_policy(self, rng: np.random.Generator) -> RandomWeightsPolicy:
        """A policy of random weights, drawn anew for every car."""
        return RandomWeightsPolicy(self.observation_shape, TEMPER, rng)

    def columns(self, places: Sequence[int], outcome: Outcome, recording: Recording) -> Columns:
        """On which tracks, and who came round."""
        last = np.cumsum(outcome.lengths + 1) - 1  # frames
        return {
            "track_seeds": np.array(places, np.int64),
            "finished": recording.info["finished"][last],
        }

    def prospects(self, outcome: Outcome, recording: Recording) -> NDArray[np.float64]:
        """The tiles ahead, or as many as there is time for, whichever is less.

        So who misses a tile has lost it as soon as it lies behind; and who drives fast has gained
        little where there is time, and who stands still lost little, and much where there is none.

        Raises:
            ParamsError: the simulator does not say where a car is.
        """
        if "passed" not in recording.info:
            raise ParamsError(
                "world.simulator: must be gymnasium for polish, which has to know how far a car "
                f"has come; found {self._world.simulator}"
            )
        frames = outcome.lengths + 1
        step = np.arange(frames.sum()) - np.repeat(np.cumsum(frames) - frames, frames)
        ahead = LAP * (1 - recording.info["passed"])
        left = LAP * np.maximum(1 - step / self.max_steps, 1e-9)
        unsure = SPREAD * left
        return np.maximum(0, -unsure * np.logaddexp(-ahead / unsure, -PACE * left / unsure))

    def measures(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """Which episodes ended with the whole track driven."""
        return {"finished_share": columns["finished"]}


def _simulator(name: str) -> Callable[..., Any]:
    """The class behind a name in the params, imported only when it is asked for."""
    if name == "envpool":
        from worldmodels.envs.carracing.envpool import EnvPoolCarRacing

        return EnvPoolCarRacing
    from worldmodels.envs.carracing.env import CarRacing as GymnasiumCarRacing

    return GymnasiumCarRacing
