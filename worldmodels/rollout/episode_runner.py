"""Returns of policies in episodes that are not recorded, on any number of workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from worldmodels.rollout.loop import EpisodeStats, Policy, rollout
from worldmodels.rollout.task import Task


class PolicyBatch(NamedTuple):
    """A shard: an episode on each track."""

    tracks: Sequence[Any]
    policy: Policy


class EpisodeRunner:
    """Runs batches of episodes; sent to each worker once.

    Args:
        task: the environment.
    """

    def __init__(self, task: Task[Any]) -> None:
        self._task = task

    def __call__(self, batch: PolicyBatch) -> EpisodeStats:
        """The statistics of a batch's episodes."""
        return rollout(self._task.make_env(batch.tracks, len(batch.tracks)), batch.policy)
