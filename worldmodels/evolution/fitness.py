"""Says how well candidates for C drive: all cars of a shard in one batch, shards on all cores."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Agent, Dreamer
from worldmodels.controller.controller import Controllers, parameter_count
from worldmodels.controller.pca import Basis
from worldmodels.dream.env import Dream
from worldmodels.dream.starts import Night
from worldmodels.interfaces import Vision
from worldmodels.memory.ensemble import Ensemble
from worldmodels.parallel.workers import Workers
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.rollout.loop import Outcome, Policy, World, rollout
from worldmodels.rollout.task import Grounds

SHARD_CARS = 128  # at the most, where cars are cheap, but that all of a candidate are in one shard


class Scores(NamedTuple):
    """How candidates did; one entry a candidate."""

    mean_return: NDArray[np.float64]
    std_return: NDArray[np.float64]  # over episodes
    off_track: NDArray[np.intp]  # episodes that were terminated, far off the road
    steps: NDArray[np.int64]  # of all episodes together

    @classmethod
    def of(cls, outcome: Outcome, episodes: int) -> Scores:
        """The scores of candidates whose episodes follow one another."""
        returns, off, lengths = (
            entry.reshape(-1, episodes)
            for entry in (outcome.returns, outcome.terminated, outcome.lengths)
        )
        return cls(returns.mean(axis=1), returns.std(axis=1), off.sum(axis=1), lengths.sum(axis=1))


class Shard(NamedTuple):
    """Candidates, and what each drives: episode i at where[i % len(where)], or dream i."""

    genomes: NDArray[np.float64]  # (candidates, n)
    where: Sequence[Hashable] | Night
    episodes: int  # a candidate


class Fleet:
    """Drives shards; all that they have in common.

    Args:
        grounds: where, what is seen of it, and the length of a drive.
        vision: V.
        memory: M, which dreams and, unless another one does, remembers.
        sizes: of the controllers: features, any hidden layer, actions.
        settings: of dreams, and when a drive is hopeless.
        basis: of the features beside z, where the controllers see those and not h.
        remembers: the M whose h the controllers see, if that is another one.
    """

    def __init__(
        self,
        grounds: Grounds[Any],
        vision: Vision,
        memory: Ensemble,
        sizes: Sequence[int],
        settings: EvolveC,
        basis: Basis | None = None,
        remembers: Ensemble | None = None,
    ) -> None:
        self.grounds = grounds
        self._settings = settings
        self._basis = basis
        self._vision = vision
        self._memory = memory
        self._remembers = remembers
        self._sizes = sizes
        # the last one of each, to be used again
        self._worlds: dict[tuple[object, ...], World] = {}
        self._dreams: dict[tuple[object, ...], Dream] = {}

    def __getstate__(self) -> dict[str, object]:
        """What a worker gets: no world and no dream, it makes its own."""
        return {**vars(self), "_worlds": {}, "_dreams": {}}

    @property
    def genome_size(self) -> int:
        """How many numbers a candidate has."""
        return parameter_count(self._sizes)

    def controllers(self, genomes: NDArray[np.float64]) -> Controllers:
        """The controllers, on z or on z and h, that genomes (candidates, n) stand for."""
        return Controllers.from_genomes(genomes, self._sizes, self._basis)

    def __call__(self, shard: Shard) -> Outcome:
        """Drive all of a shard's cars at once, one candidate's behind the other's."""
        controllers, cars = self.controllers(shard.genomes), len(shard.genomes) * shard.episodes
        if isinstance(shard.where, Night):
            return rollout(self._dream(shard.where, cars), Dreamer(controllers))
        agent = Agent(self._vision, self._remembers or self._memory, controllers)
        return self.drive(agent, shard.where, cars)

    def shards(
        self, genomes: NDArray[np.float64], where: Sequence[Hashable] | Night, episodes: int
    ) -> list[Shard]:
        """The shards of candidates that drive so many episodes each, in the order of their cars.

        Where a car costs the same in a small batch, a few make a shard, so that a candidate alone
        keeps all cores busy; elsewhere the more are in a batch, the less each costs.
        """
        if not isinstance(where, Night) and self.grounds.dealt_out:
            at_once = self.grounds.episodes_at_once
            driven = [where[number % len(where)] for number in range(episodes)]
            some = [driven[first : first + at_once] for first in range(0, episodes, at_once)]
            return [Shard(one[None], places, len(places)) for one in genomes for places in some]
        at_once = max(1, SHARD_CARS // episodes)
        parts = np.split(genomes, range(at_once, len(genomes), at_once))
        return [Shard(part, where, episodes) for part in parts]

    def _dream(self, night: Night, cars: int) -> Dream:
        """So many cars in the dreams of a night; what was before them is lived through once."""
        key = (cars, night.seed, night.starts.tobytes())
        if key not in self._dreams:
            dream = Dream(
                self._memory.members,
                night.starts,
                cars,
                self._settings.horizon or self.grounds.max_steps,
                self._settings.temperature,
                night.seed,
                night.past,
                self._remembers,
                self._settings.onward,
                self._settings.effort,
            )
            self._dreams = {key: dream}
        return self._dreams[key]

    def drive(self, policy: Policy, places: Sequence[Hashable], cars: int) -> Outcome:
        """Drive so many cars, number i at places[i % len(places)]."""
        key = (cars, *places)
        if key not in self._worlds:
            self._worlds = {key: self.grounds.cars(places, cars)}
        return rollout(self._worlds[key], policy, self._settings.patience)


class Judge:
    """Shares candidates out in shards.

    Args:
        fleet: what drives them.
        workers: what maps it over shards.
    """

    def __init__(self, fleet: Fleet, workers: Workers[Shard, Outcome]) -> None:
        self.fleet = fleet
        self._workers = workers

    def scores(
        self, genomes: NDArray[np.float64], where: Sequence[Hashable] | Night, episodes: int
    ) -> Scores:
        """How candidates (n, genome_size) do in `episodes` drives each.

        Episode i of each is at places[i % len(places)], or dream i: all candidates drive the same.
        """
        outcomes = self._workers.map(self.fleet.shards(genomes, where, episodes))
        return Scores.of(Outcome.joined(outcomes), episodes)


def fitness_of(scores: Scores, caution: float) -> NDArray[np.float64]:
    """(candidates,): what evolution maximises."""
    return scores.mean_return - caution * scores.std_return
