"""Drives with noise on the actions, and what C has to learn from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.agent.agent import Dreamer
from worldmodels.controller.controller import Controllers
from worldmodels.exploration.noise import NoisyControllers
from worldmodels.finetune.latent_env import Perceived
from worldmodels.interfaces import Memory, Vision
from worldmodels.parallel.workers import Workers
from worldmodels.rollout.loop import Outcome, recorded_rollout
from worldmodels.rollout.task import Grounds


class Shake(NamedTuple):
    """The noise on actions, before the tanh."""

    strength: float
    smoothing: float  # the share of it that is left a step later


STILL = Shake(0.0, 0.0)


class Trial(NamedTuple):
    """Episodes that are driven in one batch, number i at places[i]."""

    controllers: Controllers  # one
    places: Sequence[Hashable]
    shake: Shake
    seed: int  # of the noise
    patience: int  # see `rollout`


@dataclass(frozen=True)
class Experience:
    """What came of trials, step by step, episode behind episode: of each as many steps as there was
    something to be earned.
    """

    outcome: Outcome
    lengths: NDArray[np.int64]  # (episodes,), steps of each
    features: NDArray[np.float32]  # (steps, F), what C saw
    drawn: NDArray[np.float64]  # (steps, A), e of the noise: see control/natural_gradient.py
    worth: NDArray[np.float64]  # (steps,), rewards, and what the steps did to the prospects

    @classmethod
    def joined(cls, parts: Sequence[Experience]) -> Experience:
        """That of several batches, one behind the other."""
        return cls(
            Outcome.joined([part.outcome for part in parts]),
            np.concatenate([part.lengths for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.drawn for part in parts]),
            np.concatenate([part.worth for part in parts]),
        )


class Explorer:
    """Drives trials.

    Args:
        grounds: where.
        vision: V.
        memory: M; it is not run for a C that sees z alone.
    """

    def __init__(self, grounds: Grounds[Any], vision: Vision, memory: Memory) -> None:
        self._grounds = grounds
        self._vision = vision
        self._memory = memory

    def __call__(self, trial: Trial) -> Experience:
        """Drive one."""
        cars = len(trial.places)
        sees_h = trial.controllers.features > self._vision.z_size
        world = Perceived(
            self._grounds.cars(trial.places, cars), self._vision, self._memory if sees_h else None
        )
        rng = np.random.default_rng(trial.seed)
        shaken = NoisyControllers.shaken(trial.controllers, cars, *trial.shake, rng)
        outcome, recording = recorded_rollout(
            world, Dreamer(shaken), patience=trial.patience, store=np.copy
        )
        lengths, actions = outcome.lengths, trial.controllers.actions
        rng = np.random.default_rng(trial.seed)  # which gives the same again
        drawn = rng.standard_normal((int(lengths.max()), cars, actions))
        car = np.repeat(np.arange(cars), lengths)
        step = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        frame = np.arange(lengths.sum()) + car  # before the step
        prospects = self._grounds.prospects(outcome, recording)
        last = np.cumsum(lengths + 1) - 1  # frames
        prospects[last] = 0  # what has not been earned by then will not be
        worth = recording.rewards + prospects[frame + 1] - prospects[frame]
        told = (prospects[frame] > 0) | ~(prospects > 0).any()  # some grounds know of none
        return Experience(
            outcome,
            np.bincount(car[told], minlength=cars),
            recording.observations[frame[told]],
            drawn[step[told], car[told]],
            worth[told],
        )


class Tries:
    """Shares the drives of one C out in trials.

    Args:
        workers: what maps an `Explorer` over them.
        at_once: episodes of one.
    """

    def __init__(self, workers: Workers[Trial, Experience], at_once: int) -> None:
        self._workers = workers
        self._at_once = at_once

    def __call__(
        self,
        controllers: Controllers,
        places: Sequence[Hashable],
        episodes: int,
        rng: np.random.Generator,
        shake: Shake = STILL,
        patience: int = 0,
    ) -> Experience:
        """What comes of so many episodes, number i at places[i % len(places)]; the noise, if there
        is any, is drawn by the rng.
        """
        own = [places[number % len(places)] for number in range(episodes)]
        trials = [
            Trial(
                controllers,
                own[first : first + self._at_once],
                shake,
                int(rng.integers(1 << 63)),
                patience,
            )
            for first in range(0, episodes, self._at_once)
        ]
        return Experience.joined(self._workers.map(trials))
