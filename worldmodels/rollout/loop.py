"""The loop: a policy acts in a vector environment until every episode has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.storage.pixels import to_bytes

Info = dict[str, NDArray[Any]]
Store = Callable[[NDArray[Any]], NDArray[Any]]


class VectorEnv(Protocol):
    """Gymnasium's vector API without auto-reset, and `keep`, which drops finished rows.

    `info` has `lap_fraction` (num_envs,) and, if episodes are recorded, what the task's
    `episode_columns` needs.
    """

    num_envs: int
    max_steps: int  # of an episode

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[NDArray[Any], Info]:
        """Start an episode in every row: observations, info.

        Raises:
            ValueError: there is an option that the environment does not know.
        """

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch, until the next reset."""

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """One step: observations, rewards, terminations, truncations, info."""


class Policy(Protocol):
    """Observations to actions; its rows are dropped together with the environment's."""

    def reset(self, num_envs: int) -> None:
        """Start that many episodes."""

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Keep only these rows of the batch."""

    def act(self, observations: NDArray[Any]) -> NDArray[Any]:
        """Actions, one row each, for a batch of observations."""


@dataclass(frozen=True)
class EpisodeStats:
    """Statistics of episodes; one entry an episode (Gymnasium's RecordEpisodeStatistics)."""

    returns: NDArray[np.float64]
    lengths: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    lap_fraction: NDArray[np.float64]

    @classmethod
    def concatenate(cls, parts: Sequence[EpisodeStats]) -> EpisodeStats:
        """The episodes of several batches, in their order."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def summary(self, has_track: bool = True) -> dict[str, float]:
        """Means over the episodes; `std_return` is over episodes, `stderr` that of their mean.

        Terminated episodes are counted as `off_track`, without a track as `terminated`.
        """
        return {
            "mean_return": float(self.returns.mean()),
            "std_return": float(self.returns.std()),
            "stderr": float(self.returns.std() / np.sqrt(len(self.returns))),
            "worst_return": float(self.returns.min()),
            "mean_length": float(self.lengths.mean()),
            "off_track" if has_track else "terminated": int(self.terminated.sum()),
            "episodes": len(self.returns),
        }


@dataclass(frozen=True)
class Trajectories:
    """Every frame and step of a batch of episodes, episode after episode.

    An episode of L steps has L actions and rewards, and L + 1 frames: the last one is the
    observation at its end.
    """

    observations: NDArray[Any]  # (frames, ...), as they are stored
    info: Info  # by name, (frames, ...) each
    actions: NDArray[np.float32]  # (steps, A)
    rewards: NDArray[np.float64]  # (steps,)


class _TrajectoryRecorder:
    """Gathers rows step by step, and sorts them by episode at the end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: list[str] = []  # of the info
        self._frames: list[tuple[NDArray[Any], ...]] = []  # episodes, observations, info
        self._steps: list[tuple[NDArray[Any], ...]] = []  # episodes, actions, rewards

    def frame(self, episodes: NDArray[np.intp], observations: NDArray[Any], info: Info) -> None:
        self._names = list(info)
        self._frames.append((episodes, self._store(observations), *info.values()))

    def step(
        self, episodes: NDArray[np.intp], actions: NDArray[Any], rewards: NDArray[Any]
    ) -> None:
        self._steps.append((episodes, actions.astype(np.float32), rewards))

    def trajectories(self) -> Trajectories:
        observations, *info = self._by_episode(self._frames)
        named = dict(zip(self._names, info, strict=True))
        return Trajectories(observations, named, *self._by_episode(self._steps))

    @staticmethod
    def _by_episode(batches: list[tuple[NDArray[Any], ...]]) -> list[NDArray[Any]]:
        """Batches are let go one by one, so that frames are not in memory three times."""
        episodes = np.concatenate([batch[0] for batch in batches])
        place = np.empty_like(episodes)
        order = np.argsort(episodes, kind="stable")  # time is already in order
        place[order] = np.arange(len(episodes))
        columns = [
            np.empty((len(episodes), *rows.shape[1:]), rows.dtype) for rows in batches[0][1:]
        ]
        start = 0
        while batches:
            here, *values = batches.pop(0)
            own = place[start : start + len(here)]
            for column, rows in zip(columns, values, strict=True):
                column[own] = rows
            start += len(own)
        return columns


def rollout(env: VectorEnv, policy: Policy, patience: int = 0) -> EpisodeStats:
    """Run one episode in every row of the environment; rows that have ended are dropped.

    With patience, an episode is cut short when its return has not reached a new high for that
    many steps.
    """
    return _run(env, policy, patience=patience)


def recorded_rollout(
    env: VectorEnv,
    policy: Policy,
    description: str | None = None,
    patience: int = 0,
    store: Store = to_bytes,
) -> tuple[EpisodeStats, Trajectories]:
    """The same, and every frame and step; behind a progress bar if it has a description.

    Patience is that of `rollout`; `store` turns observations into what is kept of them.
    """
    recorder = _TrajectoryRecorder(store)
    steps: Iterable[int] = range(1, env.max_steps + 1)
    if description:
        steps = progress(steps, description, env.max_steps)
    stats = _run(env, policy, steps, recorder, patience)
    return stats, recorder.trajectories()


def _run(
    env: VectorEnv,
    policy: Policy,
    steps: Iterable[int] | None = None,
    recorder: _TrajectoryRecorder | None = None,
    patience: int = 0,
) -> EpisodeStats:
    stats = EpisodeStats(
        returns=np.zeros(env.num_envs),
        lengths=np.zeros(env.num_envs, np.int64),
        terminated=np.zeros(env.num_envs, np.bool_),
        lap_fraction=np.zeros(env.num_envs),
    )
    episodes: NDArray[np.intp] = np.arange(env.num_envs)  # that have not ended
    returns = np.zeros(env.num_envs)  # of each of them, so far
    high = np.zeros(env.num_envs)  # the highest that it was,
    high_step = np.zeros(env.num_envs, np.int64)  # and in which step
    observations, info = env.reset()
    policy.reset(env.num_envs)
    if recorder:
        recorder.frame(episodes, observations, info)
    for step in steps or range(1, env.max_steps + 1):
        actions = policy.act(observations)
        observations, rewards, terminated, truncated, info = env.step(actions)
        returns += rewards
        if recorder:
            recorder.step(episodes, actions, rewards)
            recorder.frame(episodes, observations, info)
        done = terminated | truncated
        if patience:
            high_step[returns > high] = step
            np.maximum(high, returns, out=high)
            done |= step - high_step >= patience
        if done.any():
            ended = episodes[done]
            stats.returns[ended], stats.lengths[ended] = returns[done], step
            stats.terminated[ended] = terminated[done]
            stats.lap_fraction[ended] = info["lap_fraction"][done]
            rows = np.flatnonzero(~done)
            env.keep(rows)
            policy.keep(rows)
            episodes, returns, observations = episodes[rows], returns[rows], observations[rows]
            high, high_step = high[rows], high_step[rows]
            if not episodes.size:
                break
    return stats
