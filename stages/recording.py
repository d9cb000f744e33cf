"""Drives on the params' roads, with all that was seen and done, as the files hold them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.cars import racing_world
from stages.params import World
from stages.rollout import Outcome, Policy, Recording, recorded_rollout
from stages.worlds.track import Track

EPISODES_AT_ONCE = 128  # in one batch, at the most
PICTURE_BYTES = 1 << 28  # of a batch, at the most

Columns = dict[str, NDArray[Any]]  # of RecordedEpisodes, by name


def record(
    world: World,
    policy: Policy,
    draw: Callable[[int], list[Track]],
    episodes: int,
    what: str,
    patience: int = 0,
) -> Iterator[tuple[Outcome, Columns]]:
    """Drive so many episodes behind a bar named `what`, some at a time.

    Args:
        world: the camera and the length of a drive.
        policy: what drives.
        draw: the tracks of so many episodes: one each, or one for all.
        episodes: how many in all.
        what: the name of the bar.
        patience: see `recorded_rollout`.
    """
    largest = (world.max_steps + 1) * math.prod(world.view.shape)  # bytes of an episode
    at_once = min(EPISODES_AT_ONCE, max(1, PICTURE_BYTES // largest))
    for first in range(0, episodes, at_once):
        count = min(at_once, episodes - first)
        tracks = draw(count)
        racing = racing_world(world, tracks, count)
        outcome, recording = recorded_rollout(racing, policy, what, patience)
        own = [tracks[number % len(tracks)] for number in range(count)]
        yield outcome, columns_of(outcome, recording, own)


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
