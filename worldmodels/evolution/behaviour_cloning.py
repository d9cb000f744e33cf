"""Initialises the search for C by behaviour cloning: least squares on demonstrations.

Demonstrations are the best episodes of random policies or, in a later round, the actions of the
round before's C, the teacher (see `distillation`).
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.controller.pca import WhitenedPCA
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.sequences import (
    LatentSequences,
    PackedSequences,
    sequence_features,
    whole_episodes,
)
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import Latents

PCA_STEPS = 20_000  # of episodes that the components of h are fitted to
CLONING_RIDGE = 0.01  # of the least squares, a step
MAX_ACTION = 0.98  # of a demonstration: a tanh comes no nearer to 1


class Demonstrations(NamedTuple):
    """Whole episodes, N steps in all, and the action to clone in each step."""

    sequences: PackedSequences
    actions: NDArray[np.float32]  # (N, A); not always the action that was taken


def fit_pca(
    settings: EvolveC, memory: RecurrentMemory, latents: Latents, rng: Generator
) -> WhitenedPCA | None:
    """The leading components of M's h, or of [c; h], on recorded episodes; None if C is searched on
    h itself.

    Raises:
        ParamsError: h has fewer components than the params ask for.
    """
    if not settings.pca_components:
        return None
    episodes = _whole_episodes(latents, ~latents.held_out)
    order = rng.permutation(len(episodes))
    enough = int(np.searchsorted(np.cumsum(episodes.steps[order]), PCA_STEPS)) + 1
    sequences = episodes.sample(order[:enough], rng)
    states = memory.states(sequences, with_c=settings.inputs == "zch")
    try:
        return WhitenedPCA.fit(states, settings.pca_components)
    except ValueError as error:
        raise ParamsError(f"evolve_c.pca_components: {error}") from None


def best_demonstrations(latents: Latents, count: int, rng: Generator) -> Demonstrations:
    """The actions of the `count` best episodes of the last round, up to their return's peak.

    Raises:
        ParamsError: all of them are too short.
    """
    episodes = best_episodes(latents, count)
    sequences = episodes.sample(np.arange(len(episodes)), rng)
    return Demonstrations(sequences, sequences.actions)


def fit_linear_policy(
    settings: EvolveC,
    memory: RecurrentMemory,
    demonstrations: Demonstrations | None,
    pca: WhitenedPCA | None,
    size: int,
) -> NDArray[np.float64]:
    """(size,): the linear C that fits demonstrations best; zeros if there are none.

    Ridge regression of the actions before the tanh, whose penalty spares the bias.
    """
    if demonstrations is None:
        return np.zeros(size)
    sequences = demonstrations.sequences
    features = sequences.z
    if settings.inputs != "z":
        states = memory.states(sequences, with_c=settings.inputs == "zch")
        features = sequence_features(sequences, states)
        if pca:
            z, h = np.split(features, [sequences.z.shape[1]], axis=1)
            features = np.concatenate([z, pca.transform(h)], axis=1)
    x = np.concatenate([features, np.ones((len(features), 1))], axis=1, dtype=np.float64)
    clipped = np.clip(demonstrations.actions, -MAX_ACTION, MAX_ACTION)
    y = np.arctanh(clipped, dtype=np.float64)
    penalty = CLONING_RIDGE * len(x) * np.eye(x.shape[1])
    penalty[-1, -1] = 0
    solution = np.linalg.solve(x.T @ x + penalty, x.T @ y)
    return np.concatenate([solution[:-1].T.ravel(), solution[-1]])


def best_episodes(latents: Latents, count: int) -> LatentSequences:
    """The `count` episodes of highest return of the last round, up to the return's peak.

    Raises:
        ParamsError: all of them are too short.
    """
    returns = np.add.reduceat(latents.rewards, latents.first_step[:-1])
    returns[latents.held_out | (latents.round < latents.round.max())] = -np.inf
    best = np.argsort(-returns, kind="stable")[:count]
    chosen = np.isin(np.arange(len(returns)), best) & np.isfinite(returns)
    episodes = _whole_episodes(latents, chosen)
    long_enough = np.isin(latents.first_step[:-1], episodes.first_step)
    return dataclasses.replace(episodes, steps=latents.steps_to_peak_return()[long_enough])


def _whole_episodes(latents: Latents, chosen: NDArray[np.bool_]) -> LatentSequences:
    """See `sequences.whole_episodes`.

    Raises:
        ParamsError: all of them are too short.
    """
    try:
        return whole_episodes(latents, chosen)
    except ValueError as error:
        raise ParamsError(f"collect.episodes: {error}; collect more of them") from None
