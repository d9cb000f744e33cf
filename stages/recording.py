"""Drives on the params' grounds, with all that was seen and done, as the files hold them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from stages.grounds import Columns, Grounds
from stages.rollout import Outcome, Policy, Recording, recorded_rollout

EPISODES_AT_ONCE = 128  # in one batch, at the most
PICTURE_BYTES = 1 << 28  # of a batch, at the most


def record(
    grounds: Grounds[Any],
    policy: Policy,
    draw: Callable[[int], Sequence[Any]],
    episodes: int,
    what: str,
    patience: int = 0,
) -> Iterator[tuple[Outcome, Columns]]:
    """Drive so many episodes behind a bar named `what`, some at a time.

    Args:
        grounds: where.
        policy: what drives.
        draw: the places of so many episodes: one each, or one for all.
        episodes: how many in all.
        what: the name of the bar.
        patience: see `recorded_rollout`.
    """
    largest = (grounds.max_steps + 1) * math.prod(grounds.observation_shape)  # bytes of an episode
    at_once = min(EPISODES_AT_ONCE, max(1, PICTURE_BYTES // largest))
    for first in range(0, episodes, at_once):
        count = min(at_once, episodes - first)
        places = draw(count)
        world = grounds.cars(places, count)
        outcome, recording = recorded_rollout(world, policy, what, patience)
        own = [places[number % len(places)] for number in range(count)]
        yield outcome, columns_of(grounds, own, outcome, recording)


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
