"""Drives on the params' roads, with all that was seen and done, as the files hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.cars import racing_world
from stages.params import World
from stages.rollout import Outcome, Policy, Recording, recorded_rollout
from stages.worlds.track import Track

EPISODES_AT_ONCE = 128  # in one batch

Columns = dict[str, NDArray[Any]]  # of RecordedEpisodes, by name


def record(
    world: World,
    policy: Policy,
    tracks: list[Track],
    episodes: int,
    what: str,
    patience: int = 0,
) -> tuple[Outcome, Columns]:
    """Drive so many episodes, number i on tracks[i % len(tracks)], behind a bar named `what`; for
    patience, see `recorded_rollout`.
    """
    outcomes, parts = [], []
    for first in range(0, episodes, EPISODES_AT_ONCE):
        count = min(EPISODES_AT_ONCE, episodes - first)
        own = [tracks[number % len(tracks)] for number in range(first, first + count)]
        racing = racing_world(world, own if len(tracks) > 1 else tracks, count)
        outcome, recording = recorded_rollout(racing, policy, what, patience)
        outcomes.append(outcome)
        parts.append(columns_of(outcome, recording, own))
    return Outcome.joined(outcomes), joined(parts)


def columns_of(outcome: Outcome, recording: Recording, tracks: Sequence[Track]) -> Columns:
    """A batch whose car i drove on tracks[i]."""
    return {
        "lengths": outcome.lengths,
        "terminated": outcome.terminated,
        "observations": recording.observations,
        "states": recording.info["state"],
        "distances": recording.info["distance"],
        "actions": recording.actions,
        "rewards": recording.rewards,
        "radius": np.array([track.radius for track in tracks]),
        "harmonics": np.array([track.harmonics for track in tracks]).reshape(len(tracks), -1, 3),
        "half_width": np.array([track.half_width for track in tracks]),
    }


def joined(parts: Sequence[Columns]) -> Columns:
    """The columns of several recordings, one behind the other."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
