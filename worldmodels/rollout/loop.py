"""THE loop: a policy drives the cars of a world until all of them are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from worldmodels.pipeline.progress import progress
from worldmodels.pipeline.storage.pixels import to_bytes

Info = dict[str, NDArray[Any]]
Store = Callable[[NDArray[Any]], NDArray[Any]]


class World(Protocol):
    """Gymnasium's vector signature, plus `keep`: finished cars can be dropped from the batch.

    `info` has `laps` (cars,) and, where drives are to be recorded, what the world's grounds make
    columns of.
    """

    num_cars: int
    max_steps: int  # of an episode

    def reset(self, *, seed: int | None = None) -> tuple[NDArray[Any], Info]:
        """Begin an episode with all cars: observations, info."""

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only, until the next reset."""

    def step(
        self, actions: ArrayLike
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """Drive one step on: observations, rewards, terminations, truncations, info."""


class Policy(Protocol):
    """What drives; rows are dropped from its batch in step with the world's."""

    def reset(self, num_cars: int) -> None:
        """Begin an episode with so many cars."""

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Go on with these rows of the batch only."""

    def act(self, observations: NDArray[Any]) -> NDArray[Any]:
        """Actions, one row a car, for what the cars see."""


@dataclass(frozen=True)
class Outcome:
    """How every car's episode went; one entry a car. Terminated is lost, far off the road."""

    returns: NDArray[np.float64]
    lengths: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    laps: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: Sequence[Outcome]) -> Outcome:
        """The cars of several batches, one batch behind the other."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def figures(self) -> dict[str, float]:
        """What a batch comes to; `std_return` is over episodes, `stderr` that of their mean."""
        return {
            "mean_return": float(self.returns.mean()),
            "std_return": float(self.returns.std()),
            "stderr": float(self.returns.std() / np.sqrt(len(self.returns))),
            "worst_return": float(self.returns.min()),
            "mean_length": float(self.lengths.mean()),
            "off_track": int(self.terminated.sum()),
            "episodes": len(self.returns),
        }


@dataclass(frozen=True)
class Recording:
    """All that happened, episode after episode in the order of the cars.

    An episode of L steps has L actions and rewards, and L + 1 frames: the last one is what is seen
    at its end.
    """

    observations: NDArray[Any]  # (frames, ...), as they are stored
    info: Info  # by name, (frames, ...) each
    actions: NDArray[np.float32]  # (steps, A)
    rewards: NDArray[np.float64]  # (steps,)


class _Recorder:
    """Collects batches of rows and puts them in the order of the cars at the end."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: list[str] = []  # of the info
        self._frames: list[tuple[NDArray[Any], ...]] = []  # cars, observations, info
        self._steps: list[tuple[NDArray[Any], ...]] = []  # cars, actions, rewards

    def frame(self, cars: NDArray[np.intp], observations: NDArray[Any], info: Info) -> None:
        self._names = list(info)
        self._frames.append((cars, self._store(observations), *info.values()))

    def step(self, cars: NDArray[np.intp], actions: NDArray[Any], rewards: NDArray[Any]) -> None:
        self._steps.append((cars, actions.astype(np.float32), rewards))

    def recording(self) -> Recording:
        observations, *info = self._by_car(self._frames)
        named = dict(zip(self._names, info, strict=True))
        return Recording(observations, named, *self._by_car(self._steps))

    @staticmethod
    def _by_car(batches: list[tuple[NDArray[Any], ...]]) -> list[NDArray[Any]]:
        """Batches are let go one by one, so that pictures are not in memory three times."""
        cars = np.concatenate([batch[0] for batch in batches])
        place = np.empty_like(cars)
        place[np.argsort(cars, kind="stable")] = np.arange(len(cars))  # time is already in order
        columns = [np.empty((len(cars), *rows.shape[1:]), rows.dtype) for rows in batches[0][1:]]
        start = 0
        while batches:
            here, *values = batches.pop(0)
            own = place[start : start + len(here)]
            for column, rows in zip(columns, values, strict=True):
                column[own] = rows
            start += len(own)
        return columns


def rollout(world: World, policy: Policy, patience: int = 0) -> Outcome:
    """Drive one episode a car; cars that are done drop out of the batch.

    With patience, an episode is cut short as hopeless when its return has not come to a new high
    for so many steps.
    """
    return _drive(world, policy, patience=patience)


def recorded_rollout(
    world: World,
    policy: Policy,
    what: str | None = None,
    patience: int = 0,
    store: Store = to_bytes,
) -> tuple[Outcome, Recording]:
    """The same, with everything that was seen and done, behind a progress bar if it has a name.

    Patience is that of `rollout`; `store` turns observations into what is kept of them.
    """
    recorder = _Recorder(store)
    steps: Iterable[int] = range(1, world.max_steps + 1)
    if what:
        steps = progress(steps, what, world.max_steps)
    outcome = _drive(world, policy, steps, recorder, patience)
    return outcome, recorder.recording()


def _drive(
    world: World,
    policy: Policy,
    steps: Iterable[int] | None = None,
    recorder: _Recorder | None = None,
    patience: int = 0,
) -> Outcome:
    outcome = Outcome(
        returns=np.zeros(world.num_cars),
        lengths=np.zeros(world.num_cars, np.int64),
        terminated=np.zeros(world.num_cars, np.bool_),
        laps=np.zeros(world.num_cars),
    )
    cars: NDArray[np.intp] = np.arange(world.num_cars)  # that still drive
    gained = np.zeros(world.num_cars)  # by each of them
    high = np.zeros(world.num_cars)  # the most that it had gained,
    risen = np.zeros(world.num_cars, np.int64)  # and in which step
    observations, info = world.reset()
    policy.reset(world.num_cars)
    if recorder:
        recorder.frame(cars, observations, info)
    for step in steps or range(1, world.max_steps + 1):
        actions = policy.act(observations)
        observations, rewards, terminated, truncated, info = world.step(actions)
        gained += rewards
        if recorder:
            recorder.step(cars, actions, rewards)
            recorder.frame(cars, observations, info)
        done = terminated | truncated
        if patience:
            risen[gained > high] = step
            np.maximum(high, gained, out=high)
            done |= step - risen >= patience
        if done.any():
            over = cars[done]
            outcome.returns[over], outcome.lengths[over] = gained[done], step
            outcome.terminated[over], outcome.laps[over] = terminated[done], info["laps"][done]
            rows = np.flatnonzero(~done)
            world.keep(rows)
            policy.keep(rows)
            cars, gained, observations = cars[rows], gained[rows], observations[rows]
            high, risen = high[rows], risen[rows]
            if not cars.size:
                break
    return outcome
