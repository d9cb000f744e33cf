"""Where the search for C begins: at nothing, or at an example of what to do.

Among many random policies some are lucky, and what they did is one. In a later round, when V and M
have learned on, the old C's weights mean little, but it can say what it would do: see teacher.py.
"""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stages.artifacts import Latents
from stages.control.basis import Basis
from stages.errors import ParamsError
from stages.memory.recurrent import Pieces, RecurrentMemory
from stages.nn.lstm import steps_of
from stages.nn.parameters import Array
from stages.params import EvolveC
from stages.pieces import NOISELESS, CodedPieces, cut

BASIS_STEPS = 20_000  # of episodes, that components of h are fitted to
RIDGE = 0.01  # of the least squares, a step
LARGEST = 0.98  # of an action that is imitated: a tanh comes no nearer to 1


def whole_episodes(latents: Latents, chosen: NDArray[np.bool_]) -> CodedPieces:
    """Those that are chosen, each in one piece, with V's mean as their z.

    Raises:
        ParamsError: all of them are too short.
    """
    sure = np.full_like(latents.logvar, 2 * NOISELESS)
    some = dataclasses.replace(latents, held_out=~chosen, logvar=sure)
    return cut(some, int(latents.lengths.max()), held_out=False)


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
    pieces = whole_episodes(latents, ~latents.held_out)
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


def best_episodes(latents: Latents, count: int) -> CodedPieces:
    """So many of the last round's, those of highest return, up to where that was highest.

    Raises:
        ParamsError: all of them are too short.
    """
    returns = np.add.reduceat(latents.rewards, latents.first_step[:-1])
    returns[latents.held_out | (latents.round < latents.round.max())] = -np.inf
    best = np.argsort(-returns, kind="stable")[:count]
    chosen = np.isin(np.arange(len(returns)), best) & np.isfinite(returns)
    pieces = whole_episodes(latents, chosen)
    long_enough = np.isin(latents.first_step[:-1], pieces.first_step)
    return dataclasses.replace(pieces, steps=latents.rising()[long_enough])


def states_before(states: Array, running: Array) -> Array:
    """h (N, H) before every step of packed sequences, given h after it."""
    before = np.zeros_like(states)
    steps = steps_of(running)
    for then, now in pairwise(steps):
        before[now] = states[then][: now.stop - now.start]
    return before
