"""Where the search for C begins: at nothing, or at an example of what to do.

Among many random policies some are lucky, and what they did is one. In a later round, when V and M
have learned on, the old C's weights mean little, but it can say what it would do: see teacher.py.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from worldmodels.controller.pca import Basis
from worldmodels.memory.recurrent import RecurrentMemory
from worldmodels.memory.sequences import (
    CodedPieces,
    Pieces,
    states_before,
    whole_episodes,
)
from worldmodels.pipeline.config.params import EvolveC
from worldmodels.pipeline.errors import ParamsError
from worldmodels.pipeline.storage.artifacts import Latents

BASIS_STEPS = 20_000  # of episodes, that components of h are fitted to
RIDGE = 0.01  # of the least squares, a step
LARGEST = 0.98  # of an action that is imitated: a tanh comes no nearer to 1


def fitted_basis(
    settings: EvolveC, memory: RecurrentMemory, latents: Latents, rng: Generator
) -> Basis | None:
    """The leading components of h where M lives through some of the episodes; None if C is to learn
    on h itself.

    Raises:
        ParamsError: there are not so many.
    """
    if not settings.components:
        return None
    pieces = _whole_episodes(latents, ~latents.held_out)
    order = rng.permutation(len(pieces))
    enough = int(np.searchsorted(np.cumsum(pieces.steps[order]), BASIS_STEPS)) + 1
    states = memory.states(pieces.sampled(order[:enough], rng))
    try:
        return Basis.fitted(states, settings.components)
    except ValueError as error:
        raise ParamsError(f"evolve_c.components: {error}") from None


class Example(NamedTuple):
    """What is imitated."""

    lived: Pieces  # whole episodes, of N steps in all
    actions: NDArray[np.float32]  # (N, A), what is to be done in each, which need not have been


def best_drives(latents: Latents, count: int, rng: Generator) -> Example:
    """What was done in so many of the best episodes of the last round, up to where their return was
    highest.

    Raises:
        ParamsError: all of them are too short.
    """
    pieces = best_episodes(latents, count)
    lived = pieces.sampled(np.arange(len(pieces)), rng)
    return Example(lived, lived.actions)


def first_genome(
    settings: EvolveC,
    memory: RecurrentMemory,
    example: Example | None,
    basis: Basis | None,
    size: int,
) -> NDArray[np.float64]:
    """(size,): zeros, or the linear C that comes nearest, by least squares before the tanh, to an
    example.
    """
    if example is None:
        return np.zeros(size)
    lived = example.lived
    features = lived.z
    if settings.inputs == "zh":
        h = states_before(memory.states(lived), lived.running)
        seen = (h - basis.mean) @ basis.directions if basis else h
        features = np.concatenate([features, seen], axis=1)
    x = np.concatenate([features, np.ones((len(features), 1))], axis=1, dtype=np.float64)
    y = np.arctanh(np.clip(example.actions, -LARGEST, LARGEST), dtype=np.float64)
    penalty = RIDGE * len(x) * np.eye(x.shape[1])
    penalty[-1, -1] = 0  # the bias may be as large as it likes
    solved = np.linalg.solve(x.T @ x + penalty, x.T @ y)
    return np.concatenate([solved[:-1].T.ravel(), solved[-1]])


def _whole_episodes(latents: Latents, chosen: NDArray[np.bool_]) -> CodedPieces:
    """See `sequences.whole_episodes`.

    Raises:
        ParamsError: all of them are too short.
    """
    try:
        return whole_episodes(latents, chosen)
    except ValueError as error:
        raise ParamsError(f"collect.episodes: {error}; collect more of them") from None


def best_episodes(latents: Latents, count: int) -> CodedPieces:
    """So many of the last round's, those of highest return, up to where that was highest.

    Raises:
        ParamsError: all of them are too short.
    """
    returns = np.add.reduceat(latents.rewards, latents.first_step[:-1])
    returns[latents.held_out | (latents.round < latents.round.max())] = -np.inf
    best = np.argsort(-returns, kind="stable")[:count]
    chosen = np.isin(np.arange(len(returns)), best) & np.isfinite(returns)
    pieces = _whole_episodes(latents, chosen)
    long_enough = np.isin(latents.first_step[:-1], pieces.first_step)
    return dataclasses.replace(pieces, steps=latents.rising()[long_enough])
