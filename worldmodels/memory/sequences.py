"""Episodes cut in pieces, as M learns from them, with z drawn anew whenever they are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from worldmodels.nn.lstm import steps_of
from worldmodels.nn.parameters import Array


class Latents(Protocol):
    """Recorded episodes as V encodes them, laid end to end; `artifacts.Latents` is one."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(episodes,), steps of each."""

    @property
    def terminated(self) -> NDArray[np.bool_]:
        """(episodes,), whether its last step terminated it."""

    @property
    def first_frame(self) -> NDArray[np.int64]:
        """(episodes + 1,), the number of each one's first frame."""

    @property
    def first_step(self) -> NDArray[np.int64]:
        """(episodes + 1,), the number of each one's first step."""

    @property
    def mean(self) -> NDArray[np.float32]:
        """(frames, Z), means of z."""

    @property
    def logvar(self) -> NDArray[np.float32]:
        """(frames, Z), log-variances of z."""

    @property
    def actions(self) -> NDArray[np.float32]:
        """(steps, A)."""

    @property
    def rewards(self) -> NDArray[np.float64]:
        """(steps,)."""


class PackedSequences(NamedTuple):
    """Pieces of episodes, N steps in all, packed as worldmodels/nn/lstm.py has it."""

    z: Array  # (N, Z), what is seen
    actions: Array  # (N, A), what is done then
    z_next: Array  # (N, Z), what is seen next
    rewards: Array  # (N,), what the step earns
    dones: Array  # (N,), 1 for a step that loses the car, so that the episode is over
    batch_sizes: Array  # (T,), how many pieces have a step t


SHORTEST_PIECE = 4  # steps; shorter ends of episodes are dropped
STEPS_AT_ONCE = 8192  # when all pieces are gone through; some 100 MB with the paper's M
NOISELESS = -50.0  # log of a variance that float32 does not notice next to a number of z


@dataclass(frozen=True)
class LatentSequences:
    """Pieces of episodes whose z are known as V gives them: by mean and log-variance.

    Args:
        latents: what they are cut from.
        first_frame: (N,), the number of each piece's first frame.
        first_step: (N,), of its first step.
        steps: (N,), its length.
        lost: (N,), whether its last step is the one that terminated its episode.
        deterministic: take V's mean for z, in place of a sample.
    """

    latents: Latents
    first_frame: NDArray[np.int64]
    first_step: NDArray[np.int64]
    steps: NDArray[np.int64]
    terminated_last: NDArray[np.bool_]
    deterministic: bool = False

    def __len__(self) -> int:
        return len(self.steps)

    def sample(self, rows: NDArray[np.intp], rng: np.random.Generator) -> PackedSequences:
        """The pieces of these numbers, packed; each frame's z ~ N(mean, exp(logvar)) is drawn once,
        to be a step's target and the next one's input.
        """
        rows = rows[np.argsort(-self.steps[rows], kind="stable")]
        steps = self.steps[rows]
        batch_sizes = (steps > np.arange(steps[0])[:, None]).sum(axis=1)  # (T,)
        t, piece = _packed(batch_sizes)  # of each of N steps
        shown = np.concatenate(
            [[len(rows)], batch_sizes]
        )  # each has a frame more than it has steps
        frame_t, frame_piece = _packed(shown)  # of each of N + B frames
        z = self._codes(self.first_frame[rows][frame_piece] + frame_t, rng)
        step = self.first_step[rows][piece] + t
        return PackedSequences(
            z=z[(np.cumsum(shown) - shown)[t] + piece],
            actions=self.latents.actions[step],
            z_next=z[len(rows) :],
            rewards=self.latents.rewards[step].astype(np.float32),
            dones=((t == steps[piece] - 1) & self.terminated_last[rows][piece]).astype(np.float32),
            batch_sizes=batch_sizes,
        )

    def spread(self) -> NDArray[np.intp]:
        """Numbers of as many pieces as can be looked at at once, evenly spread over all."""
        return np.linspace(0, len(self) - 1, min(len(self), self._at_once)).astype(np.intp)

    def parts(self) -> list[NDArray[np.intp]]:
        """Numbers of all pieces, in parts that can be looked at at once."""
        return np.split(np.arange(len(self)), range(self._at_once, len(self), self._at_once))

    @property
    def _at_once(self) -> int:
        return max(1, STEPS_AT_ONCE // int(self.steps.max()))

    def _codes(self, frames: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        z: NDArray[np.float32] = self.latents.mean[frames]
        logvar = self.latents.logvar[frames]
        if not self.deterministic and logvar.max() > NOISELESS:
            sigma = np.exp(0.5 * logvar)
            z += sigma * rng.standard_normal(z.shape, np.float32)
        return z


def _packed(batch_sizes: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The step, and the number of the sequence, of every row of packed sequences."""
    t = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
    return t, np.arange(len(t)) - (np.cumsum(batch_sizes) - batch_sizes)[t]


def split_episodes(
    latents: Latents, length: int, chosen: NDArray[np.bool_], *, deterministic: bool = False
) -> LatentSequences:
    """The chosen episodes in sequences of `length` steps; ends that are too short are dropped.

    Args:
        latents: the episodes.
        length: steps of a sequence; the last one of an episode may have fewer.
        chosen: (episodes,), which of them.
        deterministic: see `LatentSequences`.

    Raises:
        ValueError: no sequence is left.
    """
    episodes = np.flatnonzero(chosen)
    per_episode = -(-latents.lengths[episodes] // length)
    episode = np.repeat(episodes, per_episode)  # of each sequence
    number = np.arange(len(episode)) - np.repeat(np.cumsum(per_episode) - per_episode, per_episode)
    steps = np.minimum(latents.lengths[episode] - number * length, length)
    long_enough = steps >= SHORTEST_PIECE
    if not long_enough.any():
        raise ValueError(f"none of these episodes lasts {SHORTEST_PIECE} steps")
    episode, start, steps = episode[long_enough], (number * length)[long_enough], steps[long_enough]
    return LatentSequences(
        latents,
        first_frame=latents.first_frame[episode] + start,
        first_step=latents.first_step[episode] + start,
        steps=steps,
        terminated_last=latents.terminated[episode] & (start + steps == latents.lengths[episode]),
        deterministic=deterministic,
    )


def whole_episodes(latents: Latents, chosen: NDArray[np.bool_]) -> LatentSequences:
    """The chosen episodes, each as one sequence, with V's mean as z.

    Raises:
        ValueError: all of them are too short.
    """
    return split_episodes(latents, int(latents.lengths.max()), chosen, deterministic=True)


def states_before(states: Array, batch_sizes: Array) -> Array:
    """h (N, H) before every step of packed sequences, given h after it."""
    before = np.zeros_like(states)
    steps = steps_of(batch_sizes)
    for then, now in pairwise(steps):
        before[now] = states[then][: now.stop - now.start]
    return before
