"""The note's racing world, as the params' `world` describes it: roads, and cars on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worldmodels.envs.racing.env import RacingWorld
from worldmodels.envs.racing.random_track import random_track
from worldmodels.envs.racing.track import Track
from worldmodels.pipeline.config.params import Racing
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import RacingDrives, RacingRollouts
from worldmodels.policies.random_weights import RandomWeightsPolicy, Temper
from worldmodels.rollout.loop import Outcome, Recording
from worldmodels.rollout.task import Columns

TEMPER = Temper(weight=(1.0, 1.0), bias=(0.0, 1.0), bias_spread=(0.15, 0.5), noise=1.0)


class RacingGrounds:
    """All episodes on the note's road, or each on a new one.

    Raises:
        ParamsError: there can be no such road.
    """

    action_size = RacingWorld.action_size
    episodes_at_once = 128
    dealt_out = False
    rollouts = RacingRollouts
    drives = RacingDrives

    def __init__(self, world: Racing) -> None:
        self._world = world
        self.observation_shape = world.view.shape
        self.max_steps = world.max_steps
        self._note: list[Track] = []
        if world.tracks == "note":
            harmonics = [(term.order, term.amplitude, term.phase) for term in world.note.harmonics]
            try:
                self._note = [Track(world.note.radius, harmonics, world.note.half_width)]
            except ValueError as error:
                keys = "world.note.radius, world.note.harmonics, world.note.half_width"
                raise ParamsError(f"{keys}: {error}") from None

    def draw(self, episodes: int, rng: np.random.Generator) -> list[Track]:
        """Tracks for so many episodes: the one of all of them, or one each.

        Raises:
            ParamsError: the ranges hold hardly any road.
        """
        if self._note:
            return self._note
        ranges = self._world.random
        harmonics = [(term.order, term.amplitude) for term in ranges.harmonics]
        try:
            return [
                random_track(ranges.radius, harmonics, ranges.half_width, rng)
                for _ in range(episodes)
            ]
        except ValueError as error:
            keys = "world.random.radius, world.random.harmonics, world.random.half_width"
            raise ParamsError(f"{keys}: {error}") from None

    def tests(self, rng: np.random.Generator) -> Callable[[int], list[Track]]:
        """Drawn like all others: no road comes up twice."""
        return lambda episodes: self.draw(episodes, rng)

    def cars(self, places: Sequence[Track], cars: int) -> RacingWorld:
        """So many cars, number i on places[i % len(places)]."""
        view = self._world.view
        return RacingWorld(places, cars, self.max_steps, view.size, view.channels, view.reach)

    def random_weights_policy(self, rng: np.random.Generator) -> RandomWeightsPolicy:
        """A policy of random weights, drawn anew for every car."""
        return RandomWeightsPolicy(self.observation_shape, TEMPER, rng)

    def columns(self, places: Sequence[Track], outcome: Outcome, recording: Recording) -> Columns:
        """How the cars drove, and on what roads."""
        return {
            "states": recording.info["state"],
            "distances": recording.info["distance"],
            "radius": np.array([track.radius for track in places]),
            "harmonics": np.array([track.harmonics for track in places]).reshape(
                len(places), -1, 3
            ),
            "half_width": np.array([track.half_width for track in places]),
        }

    def prospects(self, outcome: Outcome, recording: Recording) -> NDArray[np.float64]:
        """Nothing is known of them: all that is to be earned is in the rewards as they come."""
        return np.zeros(int((outcome.lengths + 1).sum()))

    def measures(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """Which frames are from beyond the edge of the road."""
        edge = np.repeat(columns["half_width"], columns["lengths"] + 1)
        return {"beyond_edge_share": columns["distances"] > edge}
