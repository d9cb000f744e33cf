"""Drives on the params' grounds, with all that was seen and done, as the files hold them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from worldmodels.parallel.workers import Workers
from worldmodels.pipeline.config.params import ALONE, Compute
from worldmodels.pipeline.progress import progress
from worldmodels.rollout.loop import Outcome, Policy, Recording, recorded_rollout
from worldmodels.rollout.task import Columns, Grounds

PICTURE_BYTES = 1 << 28  # of a batch, at the most
Driver = Callable[[np.random.Generator], Policy]  # made with where its noise comes from


def always(policy: Policy) -> Driver:
    """Whoever drives without noise is the same in every shard."""
    return partial(_without_noise, policy)


def _without_noise(policy: Policy, rng: np.random.Generator) -> Policy:
    return policy


class Start(NamedTuple):
    """Episodes that are driven in one batch, number i at places[i % len(places)]."""

    places: Sequence[Any]
    episodes: int
    rng: np.random.Generator  # of whoever drives


class Recorder:
    """Drives shards, and keeps all that happens.

    Args:
        grounds: where.
        driver: what makes the policy that drives.
        patience: see `recorded_rollout`.
    """

    def __init__(self, grounds: Grounds[Any], driver: Driver, patience: int) -> None:
        self._grounds = grounds
        self._driver = driver
        self._patience = patience

    def __call__(self, start: Start) -> tuple[Outcome, Columns]:
        """Drive one."""
        cars = self._grounds.cars(start.places, start.episodes)
        outcome, recording = recorded_rollout(
            cars, self._driver(start.rng), patience=self._patience
        )
        own = [start.places[number % len(start.places)] for number in range(start.episodes)]
        return outcome, columns_of(self._grounds, own, outcome, recording)


def record(
    grounds: Grounds[Any],
    driver: Driver,
    draw: Callable[[int], Sequence[Any]],
    noise: Callable[[int], np.random.Generator],
    episodes: int,
    what: str,
    compute: Compute,
    patience: int = 0,
) -> Iterator[tuple[Outcome, Columns]]:
    """Drive so many episodes behind a bar named `what`, some at a time.

    Args:
        grounds: where.
        driver: what makes the policy that drives.
        draw: the places of so many episodes: one each, or one for all.
        noise: where the policy of a shard draws from, by the shard's number.
        episodes: how many in all.
        what: the name of the bar.
        compute: who works, where episodes are dealt out; elsewhere all of them draw from the noise
            of shard 0, in turn.
        patience: see `recorded_rollout`.
    """
    largest = (grounds.max_steps + 1) * math.prod(grounds.observation_shape)  # bytes of an episode
    at_once = min(grounds.episodes_at_once, max(1, PICTURE_BYTES // largest))
    one = None if grounds.dealt_out else noise(0)
    shards = [
        Start(draw(count), count, one or noise(number))
        for number, first in enumerate(range(0, episodes, at_once))
        for count in [min(at_once, episodes - first)]
    ]
    with Workers(Recorder(grounds, driver, patience), ALONE if one else compute) as workers:
        yield from progress(workers.stream(shards), what, len(shards))


def columns_of(
    grounds: Grounds[Any], places: Sequence[Any], outcome: Outcome, recording: Recording
) -> Columns:
    """A batch whose car i drove at places[i]."""
    return {
        "lengths": outcome.lengths,
        "terminated": outcome.terminated,
        "laps": outcome.laps,
        "observations": recording.observations,
        "actions": recording.actions,
        "rewards": recording.rewards,
        **grounds.columns(places, outcome, recording),
    }
