"""How surely dreams that repeat recorded actions foretell how the recorded episodes ended.

An M may tell from recorded observations that an episode is about to end, and yet lose in its dreams
what the end would come from. A C that is trained in such dreams learns nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from worldmodels.dream.env import DreamEnv
from worldmodels.dream.starts import Context, StartStates
from worldmodels.interfaces import Imagination
from worldmodels.pipeline.storage.artifacts import Latents
from worldmodels.pipeline.storage.tables import episode_steps

Array = NDArray[np.float64]
STEPS = (1, 2, 4, 8, 12)  # of a dream, up to the recorded end
LATER = 2  # steps by which a dream may end later than the episode, in a second score
CHUNK = 256  # dreams at once, so that their contexts fit in memory


class EndForecast(NamedTuple):
    """Scores of dreams, an entry for each number of STEPS."""

    foretold: Array  # mean probability that a dream has ended when the recorded end comes,
    foretold_later: Array  # and LATER steps after it
    hazard: Array  # mean probability that a dream from a random moment has ended after the steps,
    real_hazard: Array  # and the share of these moments that the end really followed as soon
    auc: Array  # with which that probability tells these moments from the others
    ends: int  # how many recorded ends
    moments: int  # how many random moments


class _Moments(NamedTuple):
    """Where dreams start: after so many steps of an episode, (n,) each."""

    episode: NDArray[np.intp]
    step: NDArray[np.int64]


def end_forecast(
    members: Sequence[Imagination],
    latents: Latents,
    temperature: float,
    max_moments: int,
    rng: np.random.Generator,
    each: Callable[[range], Iterable[int]] = iter,
) -> EndForecast:
    """Scores on the held-out episodes, M burnt in on all that was recorded before each dream.

    Ends are those of episodes that terminated, after max(STEPS) steps or more. Random moments are
    those of all episodes of which it is known what followed for max(STEPS) steps: a truncated
    episode tells nothing about what follows its last step.

    Args:
        members: of M, which predict ends; see `DreamEnv`.
        latents: the episodes.
        temperature: of the dreams.
        max_moments: how many random moments, at the most.
        rng: of the moments and of the dreams' noise.
        each: wraps the numbers of what is done one after the other, for a progress bar.

    Raises:
        ValueError: no held-out episode has such an end.
    """
    longest = max(STEPS)
    ended = latents.held_out & latents.terminated & (latents.lengths >= longest)
    episodes = np.flatnonzero(ended)
    if not len(episodes):
        raise ValueError(
            f"none of its held-out episodes lasts {longest} steps or more and then terminates, so "
            "there is no end to foretell"
        )
    moments = _random_moments(latents, max_moments, rng)
    foretold = []
    for number in each(range(len(STEPS) + 1)):
        if number == len(STEPS):
            hazards = _end_probability(members, latents, moments, longest, temperature, rng)
        else:
            starts = _Moments(episodes, latents.lengths[episodes] - STEPS[number])
            horizon = STEPS[number] + LATER
            by_step = _end_probability(members, latents, starts, horizon, temperature, rng)
            foretold.append(by_step[:, [-1 - LATER, -1]].mean(axis=0))
    at_end, later = np.transpose(foretold)
    probability = hazards[:, np.array(STEPS) - 1]  # (n, len(STEPS))
    left = latents.lengths[moments.episode] - moments.step
    followed = latents.terminated[moments.episode, None] & (left[:, None] <= np.array(STEPS))
    return EndForecast(
        at_end,
        later,
        probability.mean(axis=0),
        followed.mean(axis=0),
        np.array([area_under_curve(*pair) for pair in zip(probability.T, followed.T, strict=True)]),
        len(episodes),
        len(left),
    )


def area_under_curve(scores: Array, positive: NDArray[np.bool_]) -> float:
    """The probability that one of the positive has a higher score than one of the others.

    Of equal scores each counts half (the Mann-Whitney statistic). 0.5 if all (n,) are alike.
    """
    count = int(positive.sum())
    pairs = count * (len(positive) - count)
    if not pairs:
        return 0.5
    _, number, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[number]  # from 1 on; ties have their mean
    return float((rank[positive].sum() - count * (count + 1) / 2) / pairs)


def _random_moments(latents: Latents, most: int, rng: np.random.Generator) -> _Moments:
    """Moments of held-out episodes, as many, of which it is known what followed."""
    lengths = latents.lengths
    episode, step = np.repeat(np.arange(len(lengths)), lengths), episode_steps(lengths)
    known = latents.terminated[episode] | (step + max(STEPS) <= lengths[episode])
    rows = np.flatnonzero(latents.held_out[episode] & known)
    if len(rows) > most:
        rows = np.sort(rng.choice(rows, most, replace=False))
    return _Moments(episode[rows], step[rows])


def _end_probability(
    members: Sequence[Imagination],
    latents: Latents,
    starts: _Moments,
    horizon: int,
    temperature: float,
    rng: np.random.Generator,
) -> Array:
    """The probability (n, horizon) that dreams have ended after 1, 2, ... steps.

    They repeat the recorded actions, and after the last one of an episode that one.
    """
    probability = np.empty((len(starts.step), horizon))
    order = np.argsort(
        starts.step, kind="stable"
    )  # so that contexts of a chunk are alike in length
    for rows in np.split(order, range(CHUNK, len(order), CHUNK)):
        own = _Moments(*(column[rows] for column in starts))
        states = _start_states(latents, own, int(rng.integers(2**63)))
        dream = DreamEnv(members, states, len(rows), horizon, temperature, sample_done=False)
        first, last = latents.first_step[own.episode], latents.lengths[own.episode] - 1
        going_on = np.ones(len(rows))
        for step in range(horizon):
            actions = latents.actions[first + np.minimum(own.step + step, last)]
            *_, info = dream.step(actions)
            going_on *= 1 - info["p_done"]
            probability[rows, step] = 1 - going_on
    return probability


def _start_states(latents: Latents, starts: _Moments, seed: int) -> StartStates:
    """The start states of dreams, with all recorded steps before as their context."""
    longest = int(starts.step.max())
    # any number will do where there is no such step: it is not looked at
    before = np.maximum(starts.step[:, None] + np.arange(-longest, 0), 0)
    frame = latents.first_frame[starts.episode]
    context = Context(
        latents.mean[frame[:, None] + before],
        latents.actions[latents.first_step[starts.episode][:, None] + before],
        starts.step,
    )
    return StartStates(latents.mean[frame + starts.step], context, seed)
